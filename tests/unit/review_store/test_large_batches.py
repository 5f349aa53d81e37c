"""Batches of any size: claims, pages and exports read what they need, by an index."""

import io
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from sqlalchemy import event, text
from test_store import BUNDLE, Entry, Networks, decide, run_all

from leukapp.review import store as store_module
from leukapp.review.export import (
    build_review_csv,
    build_review_parquet,
    build_review_table,
    stream_review_tables,
    write_review_csv,
    write_review_parquet,
)
from leukapp.review.records import ItemState, RunState

ENTRIES = [Entry(f"image {number}.png", f"file-{number}") for number in range(12)]


def test_answers_that_are_saved_together_are_those_of_one_by_one(store):
    runs = [store.create_run("ward 3", iter(ENTRIES), BUNDLE) for _ in range(3)]
    for run, n_together in zip(runs, (1, 5, 100), strict=True):
        ended = run_all(store, run, Networks(broken=["file-4"]), n_together=n_together)
        assert (ended.state, ended.done, ended.unreadable) == (RunState.FINISHED, 11, 1)
    answers = [
        [(item.source, item.state, item.image_sha256, item.label) for item in store.items(run.id)]
        for run in runs
    ]
    assert answers[0] == answers[1] == answers[2]
    assert store.verify().is_whole


def test_a_stop_keeps_what_was_judged_and_frees_the_rest(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    networks = Networks()
    run_all(store, run, networks, n_together=5, should_stop=lambda: len(networks.asked) == 7)
    assert store.run(run.id).done == 7
    assert len(store.claim_items(run.id, "another", 100)) == 5
    assert store.verify().is_whole


def test_images_that_were_claimed_together_are_claimed_once(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    first, second = (store.claim_items(run.id, runner, 7) for runner in ("one", "two"))
    assert [item.position for item in first] == list(range(7))
    assert [item.position for item in second] == list(range(7, 12))
    assert store.claim_items(run.id, "three", 7) == ()


def test_pages_are_the_batch(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(store, run, Networks(broken=["file-4", "file-9"]))
    pages = list(store.item_pages(run.id, size=5))
    assert [len(page) for page in pages] == [5, 5, 2]
    assert tuple(item for page in pages for item in page) == store.items(run.id)
    (broken,) = store.item_pages(run.id, state=ItemState.UNREADABLE)
    assert [item.position for item in broken] == [4, 9]
    assert {(count.name, count.n) for count in store.count_answers(run.id)} == {("ALL", 10)}
    first = store.first_answer(run.id)
    assert first is not None
    assert first.position == 0


def test_a_sample_holds_what_waits_and_what_was_judged(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    networks = Networks()
    run_all(store, run, networks, should_stop=lambda: len(networks.asked) == 6)
    sample = store.sample_items(run.id, 2)
    assert [item.position for item in sample] == [0, 1, 6, 7]
    assert all(one.position < other.position for one, other in pairwise(sample))


def test_an_export_in_pages_is_that_of_the_whole(store, monkeypatch):
    monkeypatch.setattr(store_module, "ITEMS_A_PAGE", 5)
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    run_all(store, run, Networks(broken=["file-0"]))
    item = store.items(run.id)[3]
    decide(store, item.image_sha256, run_id=run.id, item_id=item.id)
    run = store.run(run.id)
    whole = build_review_table(run, store.items(run.id), store.decisions(run_id=run.id))
    text_stream, stream = io.StringIO(), io.BytesIO()
    write_review_csv(text_stream, stream_review_tables(store, run.id))
    write_review_parquet(stream, stream_review_tables(store, run.id))
    assert text_stream.getvalue().encode() == build_review_csv(whole)
    expected = pq.read_table(io.BytesIO(build_review_parquet(whole)))
    assert pq.read_table(io.BytesIO(stream.getvalue())).equals(expected)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda store, run: store.claim_items(run.id, "one", 2), "items_unclaimed"),
        (lambda store, run: list(store.item_pages(run.id)), "sqlite_autoindex_items_1"),
        (lambda store, run: store.decisions_on(store.items(run.id)), "decisions_of_item"),
    ],
)
def test_what_is_asked_again_and_again_has_an_index(store, ask, index):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    ask(store, run)
    event.remove(store._engine, "before_cursor_execute", note)
    with store._engine.connect() as raw:
        plans = [
            str(raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
            for statement, parameters in asked
            if statement.startswith("SELECT")
        ]
    assert any(index in plan for plan in plans), plans
    assert not any("SCAN " in plan for plan in plans), plans


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_claim_on_a_server_reads_the_index_of_what_is_free(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    query = (
        "EXPLAIN SELECT * FROM items WHERE run_id = 1 AND state = 'waiting' "
        "AND claimed_until IS NULL ORDER BY position LIMIT 5"
    )
    with store._engine.connect() as raw:
        raw.execute(text("SET enable_seqscan = off"))
        raw.execute(text("SET enable_bitmapscan = off"))
        plan = str(raw.execute(text(query.replace("= 1", f"= {run.id}"))).all())
    assert "items_unclaimed" in plan
    assert "Sort" not in plan
