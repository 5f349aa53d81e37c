"""A store that held data and is gone is an error, and never a new one that is whole."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from test_store import decide

from leukapp.cli import main
from leukapp.errors import StoreError
from leukapp.review.backup import back_up, put_back
from leukapp.review.store import ReviewStore

GONE = "held data and is empty or gone now"


def test_a_store_has_one_id_for_good_and_another_one_has_another(store, store_url, tmp_path):
    again = ReviewStore.open(store_url)
    other = ReviewStore.open(f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert len(store.store_id) == 32
    assert again.store_id == store.store_id != other.store_id
    for opened in (again, other):
        opened.close()


def test_an_emptied_database_is_refused_until_its_note_is_removed(store, store_url):
    decide(store)
    store.close()
    if store_url.startswith("sqlite"):
        Path(store_url.removeprefix("sqlite:///")).unlink()
    else:
        engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as raw:
            raw.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        engine.dispose()
    for _ in range(2):
        with pytest.raises(StoreError, match=GONE) as raised:
            ReviewStore.open(store_url)
    notes = [Path(word.rstrip(".")) for word in str(raised.value).split() if ".json" in word]
    assert len(notes) == 2
    for note in notes:
        note.unlink()
    ReviewStore.open(store_url).close()


def test_a_disk_that_is_not_mounted_is_an_error_on_every_command(tmp_path, monkeypatch, capsys):
    """The disk takes the kept images along, and its place is an empty folder."""
    disk = tmp_path / "disk"
    monkeypatch.setenv("LEUKAPP_BATCH_DIR", str(disk / "batches"))
    url = f"sqlite:///{disk / 'review.sqlite'}"
    store = ReviewStore.open(url)
    decide(store)
    back_up(tmp_path / "copy.sqlite", url=url)
    store.close()
    disk.rename(tmp_path / "away")
    disk.mkdir()
    for command in (["verify"], ["backup", str(tmp_path / "new.sqlite")]):
        assert main([*command, "--store", url]) == 2
        assert GONE in capsys.readouterr().err
    assert not list(disk.iterdir())

    shutil.rmtree(disk)
    (tmp_path / "away").rename(disk)
    assert main(["verify", "--store", url]) == 0
    (disk / "review.sqlite").unlink()
    put_back(tmp_path / "copy.sqlite", url=url)
    assert main(["verify", "--store", url]) == 0


def test_a_store_that_never_was_is_not_called_whole(tmp_path, capsys):
    url = f"sqlite:///{tmp_path / 'mistyped.sqlite'}"
    assert main(["verify", "--store", url]) == 2
    assert "no review store at this address" in capsys.readouterr().err
    assert not (tmp_path / "mistyped.sqlite").exists()


def test_a_store_that_never_held_anything_may_go(tmp_path):
    url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    ReviewStore.open(url).close()
    (tmp_path / "review.sqlite").unlink()
    store = ReviewStore.open(url)
    decide(store)
    store.close()
