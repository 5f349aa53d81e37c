"""A trail that was tampered with is found, and the row is named."""

import re

import pytest
from sqlalchemy import text
from test_store import BUNDLE, ENTRIES, Networks, decide, run_all


@pytest.fixture
def open_to_changes(store, store_url):
    """The store without its guards, as one who owns the database file could make it."""
    with store._engine.begin() as raw:
        for table in ("decisions", "audit_trail"):
            if store_url.startswith("sqlite"):
                raw.execute(text(f"DROP TRIGGER {table}_no_update"))
                raw.execute(text(f"DROP TRIGGER {table}_no_delete"))
            else:
                raw.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
    for number in range(5):
        decide(store, image=f"{number:064x}")
    assert store.verify().is_whole
    return store


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE audit_trail SET user_mail = 'x' WHERE sequence = 2", "row 2 .* was changed"),
        ("UPDATE audit_trail SET recorded_at = 'x' WHERE sequence = 5", "row 5 .* was changed"),
        ("DELETE FROM audit_trail WHERE sequence = 3", "row 3 .* is missing"),
        ("DELETE FROM audit_trail WHERE sequence IN (2, 3)", "row 2 to 3 .* is missing"),
        ("DELETE FROM audit_trail WHERE sequence = 5", "ends at row 4, but had 5"),
        ("DELETE FROM audit_trail WHERE sequence = 1", "row 1 .* is missing"),
        ("DELETE FROM audit_head", "is not recorded any more"),
        ("UPDATE decisions SET label = 'Healthy' WHERE id = 4", "decision 4 was changed"),
        ("UPDATE decisions SET reason = '' WHERE id = 1", "decision 1 was changed"),
        ("DELETE FROM decisions WHERE id = 2", "decision 2 is missing"),
    ],
)
def test_tampering_is_named(open_to_changes, change, fault):
    with open_to_changes._engine.begin() as raw:
        raw.execute(text(change))
    report = open_to_changes.verify()
    assert not report.is_whole
    assert any(re.search(fault, one) for one in report.faults), report.faults


def test_swapped_rows_are_found(open_to_changes):
    with open_to_changes._engine.begin() as raw:
        raw.execute(text("UPDATE audit_trail SET sequence = 100 WHERE sequence = 2"))
        raw.execute(text("UPDATE audit_trail SET sequence = 2 WHERE sequence = 3"))
        raw.execute(text("UPDATE audit_trail SET sequence = 3 WHERE sequence = 100"))
    assert not open_to_changes.verify().is_whole


def test_decision_past_the_trail_is_found(open_to_changes):
    with open_to_changes._engine.begin() as raw:
        raw.execute(
            text(
                "INSERT INTO decisions (id, image_sha256, image_name, bundle_sha256, kind, reason,"
                " initials, decided_at, is_blinded) VALUES (99, 'a', 'b', 'c', 'agree', '', 'X',"
                " '2026-01-01T00:00:00+00:00', false)"
            )
        )
    assert "decision 99 is not in the audit trail" in open_to_changes.verify().faults


def test_changed_answer_of_a_batch_is_found(open_to_changes):
    run = open_to_changes.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(open_to_changes, run, Networks())
    assert open_to_changes.verify().is_whole
    with open_to_changes._engine.begin() as raw:
        raw.execute(text("UPDATE items SET label = 'Healthy' WHERE position = 2"))
    assert open_to_changes.verify().faults == (
        f"the answer for image 3 of batch {run.id} was changed",
    )


def test_removed_answer_of_a_kept_batch_is_found(open_to_changes):
    run = open_to_changes.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(open_to_changes, run, Networks())
    with open_to_changes._engine.begin() as raw:
        raw.execute(text("DELETE FROM items WHERE position = 1"))
    assert open_to_changes.verify().faults == (
        f"the answer for image 2 of batch {run.id} is missing",
    )


def test_answer_that_nobody_gave_is_found(open_to_changes):
    run = open_to_changes.create_run("ward 3", ENTRIES, BUNDLE)
    with open_to_changes._engine.begin() as raw:
        raw.execute(text("UPDATE items SET state = 'done', label = 'AML' WHERE position = 3"))
    assert open_to_changes.verify().faults == (
        f"the answer for image 4 of batch {run.id} is not in the audit trail",
    )


def test_batch_that_was_removed_as_a_whole_is_no_fault(open_to_changes):
    run = open_to_changes.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(open_to_changes, run, Networks())
    open_to_changes.forget_run(run.id)
    assert open_to_changes.verify().is_whole


def test_trail_holds_no_name_and_no_free_text(open_to_changes):
    decide(open_to_changes, reason="patient Jane Roe", image_name="Jane Roe.png")
    with open_to_changes._engine.begin() as raw:
        rows = raw.execute(text("SELECT * FROM audit_trail")).all()
    assert "Roe" not in str(rows)
