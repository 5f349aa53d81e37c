"""A trail that was tampered with is found, and the row is named."""

import re
import shutil

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DatabaseError
from test_store import BUNDLE, ENTRIES, Networks, decide, run_all

from leukapp.errors import StoreError
from leukapp.review import audit_trail
from leukapp.review.audit_trail import (
    BUNDLE_ACCEPTED,
    BUNDLE_WITHDRAWN,
    DECISION,
    DIAGNOSIS,
    TrailEntry,
    append_entry,
    row_digest,
)
from leukapp.review.guards import _present, install_guards
from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
from leukapp.review.tables import AUDIT_HEAD, AUDIT_TRAIL, DECISIONS, ITEMS


def tamper(store, *statements):
    """Change the store as one who owns the database can, and put the guards back."""
    with store._engine.begin() as raw:
        is_sqlite = raw.dialect.name == "sqlite"
        for name, table in _present(raw):
            raw.execute(text(f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}")))
        for statement in statements:
            raw.execute(text(statement) if isinstance(statement, str) else statement)
        install_guards(raw)


def faults_of(store):
    report = store.verify()
    assert report.is_whole is (not report.faults)
    return " | ".join(report.faults)


def fill(store):
    """Five decisions, and batch 1 with a file that is none; row 6 begins it."""
    for number in range(5):
        decide(store, image=f"{number:064x}")
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(store, run, Networks(broken={"file-1"}))
    assert faults_of(store) == ""


def fill_more(store):
    """And batch 2, whose images wait."""
    run = store.create_run("ward 4", ENTRIES, BUNDLE)
    store.set_run_state(run.id, RunState.PAUSED)
    assert faults_of(store) == ""


@pytest.fixture
def filled(store):
    fill(store)
    return store


@pytest.fixture
def paused(filled):
    fill_more(filled)
    return filled


@pytest.fixture(scope="module")
def paused_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("paused") / "review.sqlite"
    store = ReviewStore.open(f"sqlite:///{path}")
    fill(store)
    fill_more(store)
    store.close()
    return path


@pytest.fixture
def copied(paused_file, tmp_path):
    """A copy of one store with both batches, which is made once for many changes."""
    shutil.copyfile(paused_file, tmp_path / "copied.sqlite")
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'copied.sqlite'}")
    yield store
    store.close()


CHANGES = [
    ("UPDATE audit_trail SET user_mail = 'x' WHERE sequence = 2", "row 2 .* was changed"),
    ("UPDATE audit_trail SET recorded_at = 'x' WHERE sequence = 5", "row 5 .* was changed"),
    ("DELETE FROM audit_trail WHERE sequence = 3", "row 3 .* is missing"),
    ("DELETE FROM audit_trail WHERE sequence IN (2, 3)", "row 2 to 3 .* is missing"),
    ("DELETE FROM audit_trail WHERE sequence = 13", "ends at row 12, but had 13"),
    ("DELETE FROM audit_trail WHERE sequence = 1", "row 1 .* is missing"),
    ("DELETE FROM audit_head", "is not recorded any more"),
    ("UPDATE decisions SET label = 'Healthy' WHERE id = 4", "decision 4 was changed"),
    ("UPDATE decisions SET reason = '' WHERE id = 1", "decision 1 was changed"),
    ("UPDATE decisions SET takes_back = 1 WHERE id = 2", "decision 2 was changed"),
    ("DELETE FROM decisions WHERE id = 2", "decision 2 is missing"),
    (
        "UPDATE items SET label = 'AML' WHERE id = 1",
        "answer for image 1 of batch 1 was changed",
    ),
    ("UPDATE items SET error = 'x' WHERE id = 2", "answer for image 2 of batch 1 was changed"),
    ("UPDATE items SET state = 'waiting' WHERE id = 2", "image 2 of batch 1 was changed"),
    ("UPDATE items SET run_id = 2, position = 9 WHERE id = 1", "images of batch 1 was changed"),
    ("DELETE FROM items WHERE id = 1", "image 1 of batch 1 is missing"),
    (
        "UPDATE items SET state = 'unreadable', error = 'x' WHERE id = 6",
        "image 2 of batch 2 is not in the audit trail",
    ),
    ("UPDATE items SET name = 'x' WHERE id = 6", "images of batch 2 was changed"),
    ("UPDATE items SET source = 'x' WHERE id = 6", "images of batch 2 was changed"),
    ("DELETE FROM items WHERE id = 6", "images of batch 2 was changed"),
    ("DELETE FROM items WHERE run_id = 2", "images of batch 2 was changed"),
    ("UPDATE runs SET name = 'x' WHERE id = 1", "batch 1 was changed"),
    ("UPDATE runs SET bundle_sha256 = 'x' WHERE id = 1", "batch 1 was changed"),
    ("UPDATE runs SET software_version = 'x' WHERE id = 1", "batch 1 was changed"),
    ("UPDATE runs SET created_at = 'x' WHERE id = 1", "batch 1 was changed"),
    ("UPDATE runs SET root = '/x' WHERE id = 1", "batch 1 was changed"),
    ("UPDATE runs SET state = 'paused' WHERE id = 1", "state of batch 1 was changed"),
    ("UPDATE runs SET state = 'x' WHERE id = 2", "state of batch 2 was changed"),
]


@pytest.mark.parametrize(("change", "fault"), CHANGES)
def test_tampering_is_named(copied, change, fault):
    tamper(copied, change)
    assert re.search(fault, faults_of(copied)), faults_of(copied)


def test_tampering_is_named_on_every_database(paused):
    """One change after the other, since a database server makes a new store slowly."""
    for change, fault in CHANGES[7:]:
        tamper(paused, change)
        assert re.search(fault, faults_of(paused)), faults_of(paused)


def forge(store, event, **detail):
    """Append a row that follows the chain, as one who knows this code can."""
    entry = TrailEntry(
        event=event, user=None, bundle_sha256=BUNDLE, software_version="1", detail=detail
    )
    with store._engine.begin() as raw:
        append_entry(raw, entry)


def test_a_changed_decision_is_not_covered_by_an_appended_row(filled):
    tamper(filled, update(DECISIONS).where(DECISIONS.c.id == 4).values(label="Healthy"))
    with filled._engine.connect() as raw:
        row = raw.execute(DECISIONS.select().where(DECISIONS.c.id == 4)).mappings().one()
    forge(filled, DECISION, decision_id=4, digest=row_digest(DECISIONS, dict(row)))
    assert "decision 4 was changed" in faults_of(filled)
    assert "names decision 4 a second time" in faults_of(filled)


@pytest.mark.parametrize("run_id", [1, 999])
def test_a_changed_answer_is_not_covered_by_an_appended_row(filled, run_id):
    tamper(filled, update(ITEMS).where(ITEMS.c.id == 1).values(label="Healthy"))
    with filled._engine.connect() as raw:
        row = raw.execute(ITEMS.select().where(ITEMS.c.id == 1)).mappings().one()
    known = row_digest(ITEMS, dict(row))
    forge(filled, DIAGNOSIS, run_id=run_id, position=0, item_id=1, digest=known)
    assert "image 1 of batch 1 was changed" in faults_of(filled)
    assert "a second time" in faults_of(filled)


def test_an_answer_of_a_batch_that_was_never_begun_is_named(filled):
    forge(filled, DIAGNOSIS, run_id=999, position=0, item_id=77, digest="0" * 64)
    assert "names batch 999, which was not there then" in faults_of(filled)


@pytest.mark.parametrize(
    ("event", "detail"),
    [(DECISION, {}), (DECISION, {"decision_id": "1"}), ("batch_begun", {"run_id": [1]}),
     ("unreadable", {"run_id": 1}), ("diagnosis", {"item_id": None, "run_id": 1})],
)  # fmt: skip
def test_a_row_that_says_nothing_is_named(copied, event, detail):
    forge(copied, event, **detail)
    assert "row 14 of the audit trail does not say what it is about" in faults_of(copied)


def test_a_batch_that_was_put_in_or_taken_out_is_named(filled):
    tamper(
        filled,
        "INSERT INTO runs (id, name, state, created_at, bundle_sha256, software_version) "
        "VALUES (50, 'x', 'paused', '2026-01-01T00:00:00+00:00', 'x', '1')",
        "DELETE FROM items WHERE run_id = 1",
        "DELETE FROM runs WHERE id = 1",
    )
    assert "batch 50 is not in the audit trail" in faults_of(filled)
    assert "batch 1 is missing" in faults_of(filled)


def test_a_removed_batch_that_is_back_is_named(filled):
    filled.forget_run(1)
    assert faults_of(filled) == ""
    tamper(
        filled,
        "INSERT INTO runs (id, name, state, created_at, bundle_sha256, software_version) "
        "VALUES (1, 'x', 'paused', '2026-01-01T00:00:00+00:00', 'x', '1')",
    )
    assert "batch 1 was removed, by the audit trail, and is there" in faults_of(filled)


def test_each_guard_that_is_gone_or_changed_is_named(filled):
    with filled._engine.begin() as raw:
        guards = _present(raw)
        is_sqlite = raw.dialect.name == "sqlite"
    assert len(guards) == (9 if is_sqlite else 4)
    for name, table in guards:
        with filled._engine.begin() as raw:
            raw.execute(text(f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}")))
        assert f"the guard {name} is missing" in faults_of(filled)
        with filled._engine.begin() as raw:
            install_guards(raw)
        assert faults_of(filled) == ""
    changed = (
        "DROP TRIGGER decisions_no_update; CREATE TRIGGER decisions_no_update BEFORE UPDATE ON "
        "decisions BEGIN SELECT 1; END"
        if is_sqlite
        else "ALTER TABLE decisions DISABLE TRIGGER ALL; CREATE OR REPLACE FUNCTION "
        "refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    )
    with filled._engine.begin() as raw:
        for statement in re.split("; (?=CREATE)", changed):
            raw.exec_driver_sql(statement)
    expected = ["decisions_no_update"] if is_sqlite else ["decisions_append_only", "refuse_change"]
    for name in expected:
        assert f"the guard {name}" in faults_of(filled)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT OR REPLACE INTO decisions SELECT id, image_sha256, image_name, bundle_sha256, "
        "kind, 'Healthy', reason, initials, user_mail, decided_at, run_id, item_id, is_blinded, "
        "takes_back, finding, act, is_adjudication FROM decisions WHERE id = 1",
        "INSERT OR REPLACE INTO audit_trail SELECT sequence, 'x', event, user_mail, image_sha256, "
        "bundle_sha256, software_version, detail, previous_hash, row_hash FROM audit_trail "
        "WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit_head VALUES (1, 1, 'x')",
        "REPLACE INTO audit_head VALUES (2, 1, 'x')",
        "UPDATE audit_head SET n_rows = 1",
        "DELETE FROM audit_head",
    ],
)
def test_nothing_is_replaced_or_cut_while_the_guards_stand(filled, change):
    if filled._engine.dialect.name != "sqlite" and "REPLACE" in change:
        change = (
            "INSERT INTO decisions SELECT * FROM decisions WHERE id = 1 "
            "ON CONFLICT (id) DO UPDATE SET label = 'Healthy'"
        )
    with pytest.raises(DatabaseError, match="can only"), filled._engine.begin() as raw:
        raw.execute(text(change))
    assert faults_of(filled) == ""


MALFORMED = [
    ("decisions", "kind", "x'00ff'"),
    ("decisions", "image_sha256", "x'ff'"),
    ("decisions", "reason", "CAST(x'fffe' AS TEXT)"),
    ("decisions", "is_blinded", "'perhaps'"),
    ("decisions", "is_blinded", "7"),
    ("decisions", "item_id", "'x'"),
    ("items", "quality", "'[1'"),
    ("items", "quality", "'7'"),
    ("items", "probabilities", "x'00'"),
    ("items", "confidence", "'much'"),
    ("items", "confidence", "9e999"),
    ("items", "position", "'first'"),
    ("items", "claimed_until", "'soon'"),
    ("runs", "created_at", "x'00'"),
    ("runs", "state", "x'00'"),
    ("audit_trail", "detail", "x'00'"),
    ("audit_trail", "recorded_at", "CAST(x'ff' AS TEXT)"),
    ("audit_trail", "row_hash", "x'00'"),
]


@pytest.mark.parametrize(("table", "column", "cell"), MALFORMED)
def test_a_cell_of_another_type_is_named(copied, table, column, cell):
    key = "sequence" if table == "audit_trail" else "id"
    tamper(copied, f"UPDATE {table} SET {column} = {cell} WHERE {key} = 1")  # noqa: S608
    assert f"the cell {column} of " in faults_of(copied)


def test_a_malformed_head_is_named(copied):
    tamper(copied, "UPDATE audit_head SET n_rows = 'many'")
    assert "is not what this version writes" in faults_of(copied)


def test_reading_a_malformed_cell_is_one_sentence(copied):
    tamper(copied, "UPDATE items SET quality = '[1' WHERE id = 1")
    with pytest.raises(StoreError, match="leukapp verify"):
        copied.items(1)


def test_rows_that_were_cut_with_their_head_are_not_the_end_of_what_is_known(filled):
    """The chain alone cannot show it: what the decisions and batches are missing from does."""
    head = update(AUDIT_HEAD).values(
        n_rows=4,
        row_hash=AUDIT_TRAIL.select()
        .with_only_columns(AUDIT_TRAIL.c.row_hash)
        .where(AUDIT_TRAIL.c.sequence == 4)
        .scalar_subquery(),
    )
    tamper(filled, head, "DELETE FROM audit_trail WHERE sequence > 4")
    assert "decision 5 is not in the audit trail" in faults_of(filled)
    assert "batch 1 is not in the audit trail" in faults_of(filled)


def test_swapped_rows_are_found(filled):
    tamper(
        filled,
        "UPDATE audit_trail SET sequence = 100 WHERE sequence = 2",
        "UPDATE audit_trail SET sequence = 2 WHERE sequence = 3",
        "UPDATE audit_trail SET sequence = 3 WHERE sequence = 100",
    )
    assert "row 2 of the audit trail does not follow" in faults_of(filled)


def test_decision_past_the_trail_is_found(filled):
    values = {
        "id": 99, "image_sha256": "a", "image_name": "b", "bundle_sha256": "c", "kind": "agree",
        "reason": "", "initials": "X", "decided_at": "2026-01-01T00:00:00+00:00",
        "is_blinded": False,
    }  # fmt: skip
    with filled._engine.begin() as raw:
        raw.execute(insert(DECISIONS).values(**values))
    assert "decision 99 is not in the audit trail" in faults_of(filled)


def test_trail_holds_no_name_and_no_free_text(filled):
    decide(filled, reason="patient Jane Roe", image_name="Jane Roe.png")
    with filled._engine.begin() as raw:
        rows = raw.execute(text("SELECT * FROM audit_trail")).all()
    assert "Roe" not in str(rows)


def test_every_event_fits_its_column():
    """SQLite would take a longer word, PostgreSQL refuses the row."""
    words = [value for name, value in vars(audit_trail).items() if name.isupper()]
    events = [word for word in words if isinstance(word, str) and "_" in word]
    assert len(events) > 8
    assert max(map(len, events)) <= AUDIT_TRAIL.c.event.type.length


def test_a_bundle_that_answers_from_now_on_is_in_the_trail(store):
    store.record_bundle_change(BUNDLE_ACCEPTED, BUNDLE, {}, user="a@lab.example")
    store.record_bundle_change(BUNDLE_WITHDRAWN, BUNDLE, {}, user="a@lab.example")
    report = store.verify()
    assert report.is_whole
    assert report.n_rows == 2


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_corrections_of_an_image_are_found_without_reading_the_trail(store):
    query = (
        "EXPLAIN QUERY PLAN SELECT * FROM audit_trail "
        "WHERE event = 'cell_corrected' AND image_sha256 = ? ORDER BY sequence"
    )
    with store._engine.connect() as raw:
        plan = raw.exec_driver_sql(query, ("ab" * 32,)).all()
    assert "corrections_of_image" in str(plan)
