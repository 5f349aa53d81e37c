"""Runners of one batch share its images; it survives a killed runner and a restarted database."""

import os
import threading

import pytest
from own_process import in_own_process
from sqlalchemy import text
from test_store import BUNDLE, Entry, Networks, decide, run_all

from leukapp.errors import ImageError, StoreAwayError, StoreError
from leukapp.review import batch_rows, database
from leukapp.review.records import ItemState, RunState
from leukapp.review.store import ReviewStore

UNREADABLE = ImageError("x")
ENTRIES = [Entry(f"image {number}.png", f"file-{number}") for number in range(12)]


class Alternating(Networks):
    """Waits before its first answer until every runner has an image in hand."""

    def __init__(self, together):
        super().__init__()
        self.together = together

    def diagnose(self, data):
        if not self.asked:
            self.together.wait(timeout=20)
        return super().diagnose(data)


def test_two_runners_judge_each_image_once(store, store_url):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    together = threading.Barrier(2)
    runners = [Alternating(together), Alternating(together)]
    stores = [ReviewStore.open(store_url) for _ in runners]
    threads = [
        threading.Thread(target=run_all, args=(opened, run, networks))
        for opened, networks in zip(stores, runners, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judged = [data.decode() for networks in runners for data in networks.asked]
    assert sorted(judged) == sorted(entry.source for entry in ENTRIES)
    assert all(networks.asked for networks in runners)
    assert store.run(run.id).state is RunState.FINISHED
    assert store.verify().is_whole
    for opened in stores:
        opened.close()


def test_an_image_in_another_hand_is_not_saved(store):
    run = store.create_run("ward 3", ENTRIES[:1], BUNDLE)
    (item,) = store.claim_items(run.id, "one")
    assert store.claim_items(run.id, "two") == ()
    assert not store.save_answer(item, UNREADABLE, runner="two")
    assert not store.save_answer(item, UNREADABLE)
    assert store.save_answer(item, UNREADABLE, runner="one")
    assert store.items(run.id)[0].state is ItemState.UNREADABLE
    assert store.verify().is_whole


def die_with_an_image_in_hand(store_url, run):
    batch_rows.CLAIM_SECONDS = 0.5
    networks = Networks(lambda _data: os._exit(0))
    run_all(ReviewStore.open(store_url), run, networks)


def test_what_a_killed_runner_had_in_hand_is_judged_by_the_next(store, store_url):
    run = store.create_run("ward 3", ENTRIES[:3], BUNDLE)
    assert in_own_process(die_with_an_image_in_hand, store_url, run) == 0
    assert len(store.claim_items(run.id, "another", 3)) == 2
    store.release_claims("another", [item.id for item in store.items(run.id)])
    networks = Networks()
    assert run_all(store, run, networks).state is RunState.FINISHED
    assert len(networks.asked) == 3
    assert store.verify().is_whole


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.PAUSED])
@pytest.mark.parametrize("at", [2, 12])
def test_a_batch_that_is_stopped_elsewhere_ends_as_it_was_stopped(store, store_url, state, at):
    """Amid its images, and during the last one."""
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    elsewhere = ReviewStore.open(store_url)
    networks = Networks()
    answer = networks.answer

    def stop(data):
        if len(networks.asked) == at:
            elsewhere.set_run_state(run.id, state, user="b@lab.example")
        return answer(data)

    networks.answer = stop
    ended = run_all(store, run, networks)
    assert (ended.state, ended.done) == (state, at)
    assert store.verify().is_whole
    elsewhere.close()


def test_a_batch_that_is_removed_elsewhere_ends_in_a_sentence(store):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    networks = Networks()
    answer = networks.answer

    def remove(data):
        store.forget_run(run.id)
        return answer(data)

    networks.answer = remove
    with pytest.raises(StoreError, match="not in the review store"):
        run_all(store, run, networks)
    assert len(networks.asked) == 1
    assert store.verify().is_whole


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_batch_and_a_reader_go_on_after_the_database_was_started_again(store, postgres):
    run = store.create_run("ward 3", ENTRIES, BUNDLE)
    networks = Networks()
    answer = networks.answer

    def restart(data):
        if len(networks.asked) == 3:
            postgres.stop()
            threading.Timer(1.5, postgres.start).start()
        return answer(data)

    networks.answer = restart
    ended = run_all(store, run, networks)
    assert (ended.state, ended.done) == (RunState.FINISHED, 12)
    assert len(networks.asked) == 12
    postgres.stop()
    with pytest.raises(StoreAwayError, match="does not answer"):
        decide(store)
    postgres.start()
    decide(store)
    assert len(store.decisions()) == 1
    assert store.verify().is_whole


def test_a_lock_that_is_held_ends_in_a_sentence(store_url, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    monkeypatch.setattr(database, "LOCK_SECONDS", 1)
    store = ReviewStore.open(store_url)
    held = ReviewStore.open(store_url)
    with held._engine.begin() as raw:
        if raw.dialect.name == "postgresql":
            raw.execute(text("LOCK TABLE audit_trail IN EXCLUSIVE MODE"))
        with pytest.raises(StoreAwayError, match="busy with another program"):
            decide(store)
    decide(store)
    for opened in (store, held):
        opened.close()


def test_batches_come_a_page_at_a_time(store):
    made = [store.create_run(f"ward {number}", ENTRIES[:2], BUNDLE) for number in range(5)]
    item = store.items(made[4].id)[1]
    store.save_answer(item, UNREADABLE)
    page = store.runs(limit=2)
    assert [run.id for run in page] == [made[4].id, made[3].id]
    assert [(run.total, run.unreadable) for run in page] == [(2, 1), (2, 0)]
    older = store.runs(before=page[-1].id, limit=2)
    assert [run.id for run in older] == [made[2].id, made[1].id]
    assert store.runs(before=made[0].id) == ()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_page_of_batches_reads_no_others(store):
    """The counts come by an index on batch and state, so that a long history costs nothing."""
    made = [store.create_run(f"ward {number}", ENTRIES[:2], BUNDLE) for number in range(3)]
    query = (
        "EXPLAIN QUERY PLAN SELECT run_id, state, count(*) FROM items WHERE run_id IN (?, ?) "
        "GROUP BY run_id, state"
    )
    with store._engine.connect() as raw:
        plan = raw.exec_driver_sql(query, (made[0].id, made[1].id)).all()
    assert "items_by_state" in str(plan)
