"""A signed head that was kept elsewhere shows a trail that was cut, or written anew."""

import json
import socket
import threading

import pytest
from sqlalchemy import delete, select, update
from test_audit_trail import tamper
from test_store import decide

from leukapp.cli import main
from leukapp.errors import StoreError
from leukapp.review.signed_heads import (
    append_line,
    check_heads,
    make_key,
    publish_heads,
    read_heads,
    read_key,
    send_to_syslog,
    sign_head,
)
from leukapp.review.store import ReviewStore
from leukapp.review.tables import AUDIT_HEAD, AUDIT_TRAIL, DECISIONS

KEY = b"k" * 32


@pytest.fixture
def signed(store):
    """A store of four decisions, and the heads after the second and the fourth."""
    lines = []
    for number in range(4):
        decide(store, image=f"{number:064x}")
        if number % 2:
            lines.append(sign_head(store, KEY).to_line())
    assert check_heads(store, lines, KEY) == ()
    return store, lines


def cut(store, n_rows):
    """Cut the end of the trail, its head and its decisions, so that the rest is whole."""
    last = select(AUDIT_TRAIL.c.row_hash).where(AUDIT_TRAIL.c.sequence == n_rows)
    tamper(
        store,
        update(AUDIT_HEAD).values(n_rows=n_rows, row_hash=last.scalar_subquery()),
        delete(AUDIT_TRAIL).where(AUDIT_TRAIL.c.sequence > n_rows),
        delete(DECISIONS).where(DECISIONS.c.id > n_rows),
    )
    assert store.verify().is_whole


def test_a_trail_that_was_cut_with_its_head_is_noticed(signed):
    store, lines = signed
    cut(store, 3)
    [fault] = check_heads(store, lines, KEY)
    assert fault.startswith("the audit trail was cut: it had 4 rows")


def test_a_trail_that_was_cut_and_grew_again_is_noticed(signed):
    store, lines = signed
    cut(store, 1)
    for number in range(4):
        decide(store, image=f"{number + 9:064x}")
    assert store.verify().is_whole
    faults = check_heads(store, lines, KEY)
    assert [fault.partition(" is not")[0] for fault in faults] == [
        "row 2 of the audit trail",
        "row 4 of the audit trail",
    ]


def test_a_head_that_nobody_signed_or_that_is_of_another_store_is_named(signed, tmp_path):
    store, lines = signed
    changed = json.loads(lines[0]) | {"n_rows": 1}
    other = ReviewStore.open(f"sqlite:///{tmp_path / 'other.sqlite'}")
    faults = check_heads(
        store,
        [json.dumps(changed), "nonsense", "{}", '{"n_rows": 1}', sign_head(other, KEY).to_line()],
        KEY,
    )
    other.close()
    assert [fault.partition("heads ")[2] for fault in faults] == [
        *["was not signed with this key"] * 4,
        "is of another store",
    ]
    assert len(check_heads(store, lines, b"z" * 32)) == 2
    assert check_heads(store, ["", " "], KEY) == ("there is no signed head in the file",)
    assert "had 4 rows and then 2" in check_heads(store, lines[::-1], KEY)[0]


def test_lines_reach_a_file_and_syslog(signed, tmp_path):
    store, _ = signed
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(path))
        send_to_syslog(sign_head(store, KEY).to_line(), at=path)
        received = syslog.recv(4096).decode()
    assert received.startswith("<38>leukapp: {")
    file = tmp_path / "heads"
    append_line(file, f"Nov 25 03:00:00 host {received}")
    append_line(file, sign_head(store, KEY).to_line())
    assert check_heads(store, read_heads(file), KEY) == ()
    for failing in (
        lambda: send_to_syslog("x", at=tmp_path / "nothing"),
        lambda: append_line(tmp_path, "x"),
        lambda: read_heads(tmp_path / "nothing"),
    ):
        with pytest.raises(StoreError):
            failing()


def test_a_line_is_written_whenever_the_trail_has_grown(store):
    lines = []

    class EnoughError(Exception):
        pass

    def write(line):
        lines.append(json.loads(line)["n_rows"])
        if len(lines) == 3:
            raise EnoughError
        decide(store)

    with pytest.raises(EnoughError):
        publish_heads(store, KEY, write, every_seconds=0.01)
    assert lines == [0, 1, 2]


def test_commands(signed, store_url, tmp_path, capsys):
    store, _ = signed
    key, heads = str(tmp_path / "key"), str(tmp_path / "heads")
    here = ["--store", store_url]
    assert main(["head", "--key", key, *here]) == 2
    assert "--new-key" in capsys.readouterr().err
    assert main(["head", *here]) == 2
    for seconds in ("0", "-1", "nan", "inf"):
        assert main(["head", "--key", key, "--every", seconds, *here]) == 2
        assert "at least 1" in capsys.readouterr().err
    assert main(["head", "--new-key", key]) == 0
    assert main(["head", "--new-key", key]) == 2
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert main(["head", "--key", key, "--file", heads, *here]) == 0
    assert main(["verify", "--head", heads, *here]) == 2
    assert main(["verify", "--head", heads, "--key", key, *here]) == 0
    capsys.readouterr()
    assert main(["head", "--key", key, *here]) == 0
    assert json.loads(capsys.readouterr().out)["n_rows"] == 4
    cut(store, 2)
    assert main(["verify", *here]) == 0
    assert main(["verify", "--head", heads, "--key", key, *here]) == 1
    assert "was cut: it had 4 rows" in capsys.readouterr().out


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_signing_goes_on_after_the_database_was_started_again(store, postgres):
    lines = []

    class EnoughError(Exception):
        pass

    def write(line):
        lines.append(json.loads(line)["n_rows"])
        if len(lines) == 2:
            raise EnoughError
        decide(store)
        postgres.stop()
        threading.Timer(0.5, postgres.start).start()

    with pytest.raises(EnoughError):
        publish_heads(store, KEY, write, every_seconds=0.2)
    assert lines == [0, 1]


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("short")
    with pytest.raises(StoreError, match="shorter"):
        read_key(tmp_path / "key")
    make_key(tmp_path / "new")
    assert len(read_key(tmp_path / "new")) == 64
