"""A store that an earlier version wrote is migrated, is whole, and its tampering still shows."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, make_url, text

from leukapp.review.audit_trail import digest
from leukapp.review.database import DRIVERS, MIGRATIONS
from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
from leukapp.review.tables import METADATA

WRITTEN_BY_0001 = Path(__file__).with_name("store_of_schema_0001.sql").read_text()


def write_sqlite(path: Path, script: str = WRITTEN_BY_0001) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(script)
    return f"sqlite:///{path}"


def copy_to_postgres(source: Path, url: str) -> None:
    """The same rows in tables that the first migration makes."""
    address = make_url(url)
    engine = create_engine(address.set(drivername=DRIVERS[address.drivername]))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as target, closing(sqlite3.connect(source)) as raw:
        config.attributes["connection"] = target
        command.upgrade(config, "0001")
        raw.row_factory = sqlite3.Row
        for name in ("runs", "items", "decisions", "audit_trail", "audit_head"):
            reader = create_engine(f"sqlite:///{source}")
            table = METADATA.tables[name]
            first = [dict(row) for row in raw.execute(f"SELECT * FROM {name}")]  # noqa: S608
            columns = [table.c[column] for column in first[0]]
            with reader.connect() as typed:
                rows = typed.execute(table.select().with_only_columns(*columns)).mappings().all()
            target.execute(insert(table), [dict(row) for row in rows])
            if name in {"runs", "items", "decisions"}:
                # Rows that came with their ids did not move the server's counter.
                target.execute(
                    text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))")  # noqa: S608
                )
    engine.dispose()


@pytest.fixture
def old_url(store_url: str, tmp_path: Path) -> str:
    if store_url.startswith("sqlite"):
        return write_sqlite(tmp_path / "review.sqlite")
    write_sqlite(tmp_path / "old.sqlite")
    copy_to_postgres(tmp_path / "old.sqlite", store_url)
    return store_url


def test_it_is_whole_and_every_decision_stands_as_before(old_url: str) -> None:
    store = ReviewStore.open(old_url)
    report = store.verify()
    assert report.faults == ()
    # Twelve rows were there; two batches, one unreadable image and one removal joined them.
    assert report.n_rows == 16
    newest, oldest = store.runs()
    assert (oldest.name, oldest.state, oldest.done, oldest.unreadable) == (
        "ward 3", RunState.FINISHED, 3, 1,
    )  # fmt: skip
    assert (newest.state, newest.done) == (RunState.PAUSED, 2)
    item = store.items(oldest.id)[0]
    assert (item.label, item.finding) == ("ALL", "leukemia")
    standing = store.current_decision(
        image_sha256=str(item.image_sha256), run_id=oldest.id, item_id=item.id
    )
    assert standing is not None
    assert (standing.kind, standing.user) == ("agree", "reader@lab.example")
    assert (standing.label, standing.finding) == ("ALL", "leukemia")
    store.undo_decision(standing.id, initials="KM", user="reader@lab.example")
    assert store.verify().is_whole
    store.close()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE items SET label = 'AML' WHERE id = 1", "image 1 of batch 1 was changed"),
        ("UPDATE items SET error = 'x' WHERE id = 3", "image 3 of batch 1 was changed"),
        ("UPDATE runs SET name = 'x' WHERE id = 1", "batch 1 was changed"),
        ("UPDATE runs SET state = 'paused' WHERE id = 1", "state of batch 1 was changed"),
        ("DELETE FROM items WHERE run_id = 3 AND state = 'waiting'", "images of batch 3"),
    ],
)
def test_tampering_after_the_migration_is_named(tmp_path: Path, change: str, fault: str) -> None:
    store = ReviewStore.open(write_sqlite(tmp_path / "review.sqlite"))
    with store._engine.begin() as raw:
        raw.execute(text(change))
    assert any(fault in found for found in store.verify().faults), store.verify().faults
    store.close()


def test_a_store_that_was_not_whole_is_not_made_whole(tmp_path: Path) -> None:
    changed = WRITTEN_BY_0001.replace("'agree','ALL'", "'agree','AML'")
    assert changed != WRITTEN_BY_0001
    store = ReviewStore.open(write_sqlite(tmp_path / "review.sqlite", changed))
    assert [fault for fault in store.verify().faults if "was changed" in fault]
    store.close()


def test_digests_of_the_first_version_leave_out_later_columns() -> None:
    from leukapp.review.audit_trail import row_digest
    from leukapp.review.tables import DECISIONS

    row = {"id": 1, "kind": "agree"}
    assert row_digest(DECISIONS, {**row, "takes_back": None}) == digest(row)
    assert row_digest(DECISIONS, {**row, "takes_back": 7}) == digest({**row, "takes_back": 7})
