"""The review store on SQLite and PostgreSQL: what was saved stays, and can be added to only."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from fake_diagnoser import make_diagnosis, make_open_type
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from leukapp.batch.runner import run_batch
from leukapp.errors import ImageError, StoreError
from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.review.database import MIGRATIONS
from leukapp.review.records import DecisionKind, ItemState, RunState
from leukapp.review.store import ReviewStore


@dataclass(frozen=True)
class Entry:
    name: str
    source: str


ENTRIES = [Entry(f"image {number}.png", f"file-{number}") for number in range(4)]
BUNDLE = "ab" * 32


def decide(store, image="cd" * 32, **changed):
    values = {
        "image_sha256": image,
        "image_name": "image",
        "bundle_sha256": BUNDLE,
        "kind": DecisionKind.AGREE,
        "label": "ALL",
        "reason": "typical Auer rods; see Müller's note",
        "initials": "ÄB",
    }
    return store.record_decision(**values | changed)


class Networks:
    """Answers by the bytes; those of ``broken`` are not an image."""

    def __init__(self, answer=make_diagnosis, broken=()):
        self.answer, self.broken, self.asked = answer, set(broken), []

    def diagnose(self, data):
        self.asked.append(data)
        if data.decode() in self.broken:
            raise ImageError("This file is not an image; save it as PNG.")
        return self.answer(data)


def run_all(store, run, networks, **options):
    return run_batch(
        store=store,
        run_id=run.id,
        diagnoser=networks,
        open_entry=lambda item: item.source.encode(),
        **options,
    )


def test_decision_is_there_again_after_reopening(store, store_url):
    made = decide(store, user="reader@example.org", is_blinded=True)
    again = ReviewStore.open(store_url)
    assert again.decisions() == (made,)
    assert again.current_decision(image_sha256="cd" * 32) == made
    assert made.decided_at.tzinfo is not None
    again.close()


def test_decisions_of_a_batch_are_apart_from_those_of_the_page(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(store, run, Networks())
    item = store.items(run.id)[0]
    of_batch = {"run_id": run.id, "item_id": item.id}
    decide(store, item.image_sha256, **of_batch)
    assert store.current_decision(image_sha256=item.image_sha256) is None
    assert store.current_decision(image_sha256=item.image_sha256, **of_batch) is not None
    assert store.decisions(run_id=run.id + 1) == ()


def test_a_decision_on_another_file_than_the_one_that_was_judged_is_refused(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE, root=Path("/slides/ward 3"))
    assert store.run(run.id).root == "/slides/ward 3"
    run_all(store, run, Networks())
    item, other = store.items(run.id)[:2]
    for wrong in (
        {"item_id": other.id, "run_id": run.id},
        {"item_id": item.id, "run_id": run.id + 1},
        {"item_id": item.id},
        {"item_id": 999, "run_id": run.id},
    ):
        with pytest.raises(StoreError, match=r"not the one that was judged|not in its batch"):
            decide(store, item.image_sha256, **wrong)
    store.forget_run(run.id)
    with pytest.raises(StoreError, match="not in its batch any more"):
        decide(store, item.image_sha256, item_id=item.id, run_id=run.id)
    assert store.decisions() == ()
    assert store.verify().is_whole


def test_a_batch_of_the_first_version_has_no_folder_and_stays(tmp_path):
    url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    engine, config = create_engine(url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO runs (name, state, created_at, bundle_sha256, software_version) "
                "VALUES ('old', 'finished', '2026-01-01T00:00:00+00:00', 'ab', '0.1')"
            )
        )
    engine.dispose()
    store = ReviewStore.open(url)
    assert (store.run(1).name, store.run(1).root) == ("old", None)
    store.close()


@pytest.mark.parametrize("table", ["decisions", "audit_trail"])
@pytest.mark.parametrize("change", ["UPDATE {} SET bundle_sha256 = 'x'", "DELETE FROM {}"])
def test_log_and_trail_can_only_be_added_to(store, table, change):
    decide(store)
    with pytest.raises(DatabaseError, match="can only be added to"), store._engine.begin() as raw:
        raw.execute(text(change.format(table)))
    assert len(store.decisions()) == 1
    assert store.verify().is_whole


def test_batch_is_judged_once_and_its_answers_are_kept(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    assert (run.state, run.total, run.done) == (RunState.RUNNING, 4, 0)
    networks = Networks(broken={"file-2"})
    finished = run_all(store, run, networks)
    assert (finished.state, finished.done, finished.unreadable) == (RunState.FINISHED, 3, 1)
    items = store.items(run.id)
    assert [item.position for item in items] == [0, 1, 2, 3]
    assert items[0].probabilities == pytest.approx({"ALL": 0.93, "AML": 0.05, "Healthy": 0.02})
    assert items[0].branches_agree is True
    assert items[2].state is ItemState.UNREADABLE
    assert items[2].error == "This file is not an image; save it as PNG."
    run_all(store, run, networks)
    assert len(networks.asked) == 4
    # Its beginning, its four images, its end.
    assert store.verify().n_rows == 6
    assert store.verify().is_whole


def test_stopped_batch_goes_on(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    networks = Networks()
    stopped = run_all(store, run, networks, should_stop=lambda: len(networks.asked) == 2)
    assert (stopped.state, stopped.done) == (RunState.RUNNING, 2)
    assert run_all(store, run, networks).done == 4
    assert [data.decode() for data in networks.asked] == [entry.source for entry in ENTRIES]


def test_no_probabilities_where_no_leukocyte_was_found(store):
    run = store.create_run("blank", ENTRIES[:1], BUNDLE)
    nothing = replace(
        make_diagnosis(b""), probabilities=None, branches=(), label=None, finding=None
    )
    run_all(store, run, Networks(lambda _data: nothing))
    (item,) = store.items(run.id)
    assert item.probabilities is None
    assert item.branches_agree is None
    assert store.verify().is_whole


def test_removed_batch_leaves_its_trail(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(store, run, Networks())
    store.forget_run(run.id)
    assert store.runs() == ()
    assert store.verify().n_rows == 7
    assert store.verify().is_whole


def test_threads_write_one_unbroken_trail(store):
    def work():
        for _ in range(5):
            store.record_diagnosis(make_diagnosis(b"x"))
            decide(store)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = store.verify()
    assert report.n_rows == 40
    assert report.is_whole


def test_unknown_batch(store):
    with pytest.raises(StoreError, match="not in the review store"):
        store.run(99)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "is not understood"),
        ("oracle+nothing://x", "is not understood"),
        ("sqlite://", "needs a file"),
        ("postgresql://nobody@127.0.0.1:1/none", "does not answer"),
    ],
)
def test_store_that_cannot_be_opened(url, sentence):
    with pytest.raises(StoreError, match=sentence):
        ReviewStore.open(url)


def test_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "review.sqlite"
    path.write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(StoreError, match="leukapp restore"):
        ReviewStore.open(f"sqlite:///{path}")


def test_store_of_a_later_version_is_refused(store, store_url):
    with store._engine.begin() as raw:
        raw.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="later version"):
        ReviewStore.open(store_url)


def test_a_leukemia_of_no_determined_type_is_kept_with_its_decision_and_its_trail(store):
    run = store.create_run("ward 3", ENTRIES[:1], BUNDLE)
    run_all(store, run, Networks(make_open_type))
    (item,) = store.items(run.id)
    assert (item.finding, item.label, item.answer_name) == ("leukemia", None, TYPE_NOT_DETERMINED)
    assert item.confidence == pytest.approx(0.96)
    place = {"item_id": item.id, "run_id": run.id}
    made = decide(store, item.image_sha256, label=None, finding="leukemia", **place)
    assert made.answer_name == TYPE_NOT_DETERMINED
    assert store.decisions(run_id=run.id) == (made,)
    assert store.verify().is_whole
    with store._engine.begin() as raw:
        raw.execute(text("UPDATE items SET finding = 'Healthy'"))
    assert any("was changed" in fault for fault in store.verify().faults)


def test_a_class_says_its_finding_where_none_is_given(store):
    assert (decide(store).finding, decide(store, label="Healthy").finding) == (
        "leukemia",
        "Healthy",
    )
    unsure = decide(store, label=None, kind=DecisionKind.UNSURE)
    assert (unsure.finding, unsure.answer_name) == (None, None)
