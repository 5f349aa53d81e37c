"""A copy of the store is whole, and put back it is the store."""

import json
import shutil
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import text
from test_old_stores import write_sqlite
from test_store import decide

from leukapp.cli import main
from leukapp.errors import StoreError
from leukapp.review.backup import back_up, put_back
from leukapp.review.store import ReviewStore


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'store' / 'review.sqlite'}"


@pytest.fixture
def filled(url):
    store = ReviewStore.open(url)
    decide(store)
    yield store
    store.close()


def test_what_was_copied_comes_back(filled, url, tmp_path):
    copy = tmp_path / "copies" / "monday.sqlite"
    assert back_up(copy, url=url).n_rows == 1
    assert [path.name for path in copy.parent.iterdir()] == ["monday.sqlite"]
    before = filled.decisions()
    decide(filled, label="AML")
    filled.close()
    assert put_back(copy, url=url).is_whole
    again = ReviewStore.open(url)
    assert again.decisions() == before
    again.close()
    replaced = sorted(path.name for path in (tmp_path / "store").glob("*.replaced-1*"))
    assert replaced[0] == "review.sqlite.replaced-1"
    kept = ReviewStore.open(f"sqlite:///{tmp_path / 'store' / 'review.sqlite.replaced-1'}")
    assert len(kept.decisions()) == 2
    kept.close()


def test_copy_is_never_overwritten(filled, url, tmp_path):
    copy = tmp_path / "copy.sqlite"
    back_up(copy, url=url)
    with pytest.raises(StoreError, match="exists already"):
        back_up(copy, url=url)


def test_nothing_to_copy(url, tmp_path):
    with pytest.raises(StoreError, match="no review store yet"):
        back_up(tmp_path / "copy.sqlite", url=url)


def test_damaged_copy_is_not_put_back(filled, url, tmp_path):
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(StoreError, match="damaged"):
        put_back(damaged, url=url)
    assert len(filled.decisions()) == 1


def test_copy_that_was_tampered_with_is_not_put_back(filled, url, tmp_path):
    copy = tmp_path / "copy.sqlite"
    back_up(copy, url=url)
    other = ReviewStore.open(f"sqlite:///{copy}")
    with other._engine.begin() as raw:
        raw.execute(text("DROP TRIGGER decisions_no_update"))
        raw.execute(text("UPDATE decisions SET label = 'Healthy'"))
    other.close()
    with pytest.raises(StoreError, match="not whole"):
        put_back(copy, url=url)
    assert filled.verify().is_whole


def test_server_database_is_left_to_its_own_tools(tmp_path):
    with pytest.raises(StoreError, match="pg_dump"):
        back_up(tmp_path / "copy", url="postgresql://reader@127.0.0.1/review")


def test_commands(filled, url, tmp_path, capsys):
    copy = str(tmp_path / "copy.sqlite")
    assert main(["verify", "--store", url]) == 0
    assert "1 rows, whole" in capsys.readouterr().out
    assert main(["backup", copy, "--store", url]) == 0
    assert main(["restore", copy, "--store", url]) == 2
    assert "stop the app" in capsys.readouterr().err
    filled.close()
    assert main(["restore", copy, "--store", url]) == 0
    with filled._engine.begin() as raw:
        raw.execute(text("DROP TRIGGER audit_trail_no_delete"))
        raw.execute(text("DELETE FROM audit_trail"))
    assert main(["verify", "--store", url]) == 1
    assert "ends at row 0, but had 1" in capsys.readouterr().out


def test_read_only_folder_is_one_sentence(filled, url, tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    copy = tmp_path / "copy.sqlite"
    back_up(copy, url=url)
    with pytest.raises(StoreError, match="give this user the right"):
        put_back(copy, url=url)


def test_a_restore_killed_at_any_step_leaves_the_old_or_the_new_store(repository, tmp_path):
    """In a program of its own: a process of tests has threads, whose locks a fork would copy."""
    out = tmp_path / "restores.json"
    program = repository / "tests" / "reliability" / "restores.py"
    done = subprocess.run(
        [sys.executable, program, "--random=0", f"--out={out}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, out.read_text() if out.is_file() else done.stderr
    report = json.loads(out.read_text())
    assert report["old_store_then"] > 8
    assert report["new_store_then"] > 0


def test_a_copy_of_an_earlier_version_is_put_back_in_this_one(filled, url, tmp_path):
    write_sqlite(tmp_path / "old.sqlite")
    filled.close()
    assert put_back(tmp_path / "old.sqlite", url=url).is_whole
    store = ReviewStore.open(url)
    assert len(store.runs()) == 2
    store.close()


@pytest.mark.parametrize("script", ["", "CREATE TABLE alembic_version (version_num TEXT);"])
def test_what_is_no_store_is_not_put_back(filled, url, tmp_path, script):
    write_sqlite(tmp_path / "other.sqlite", script)
    filled.close()
    with pytest.raises(StoreError, match="no copy of a review store"):
        put_back(tmp_path / "other.sqlite", url=url)
    assert len(filled.decisions()) == 1


def test_a_damaged_store_is_replaced_with_everything_of_it_kept(filled, url, tmp_path):
    copy = tmp_path / "copy.sqlite"
    back_up(copy, url=url)
    filled.close()
    damaged = tmp_path / "store" / "review.sqlite"
    damaged.write_bytes(b"no database" * 500)
    damaged.with_name("review.sqlite-wal").write_bytes(b"what was in its log")
    assert put_back(copy, url=url).is_whole
    kept = damaged.with_name("review.sqlite.replaced-1")
    assert kept.read_bytes().startswith(b"no database")
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"what was in its log"
    again = ReviewStore.open(url)
    assert len(again.decisions()) == 1
    again.close()


def test_a_copy_of_a_trail_that_is_not_whole_is_not_made(filled, url, tmp_path, capsys):
    with filled._engine.begin() as raw:
        raw.execute(text("DROP TRIGGER decisions_no_update"))
        raw.execute(text("UPDATE decisions SET label = 'Healthy'"))
    assert main(["backup", str(tmp_path / "copy.sqlite"), "--store", url]) == 1
    assert "decision 1 was changed" in capsys.readouterr().out
    assert not list(tmp_path.glob("copy*"))


def test_a_folded_copy_needs_no_companion(filled, url, tmp_path):
    copy = tmp_path / "copy.sqlite"
    back_up(copy, url=url)
    raw = sqlite3.connect(copy)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    raw.close()
