"""A worklist that is asked for by queries is the one that sorting every answer in Python gives."""

import random
from dataclasses import asdict
from itertools import cycle

import pytest
from sqlalchemy import bindparam, event, text, update
from test_store import BUNDLE, Entry, Networks, decide, run_all

from leukapp.labels import ANSWER_NAMES, CLASS_NAMES, split_answer
from leukapp.review.answer_keys import NO_CALL, REJECTED, AnswerKeys
from leukapp.review.records import DecisionKind, ItemState
from leukapp.review.tables import ITEMS
from leukapp.review.worklist import (
    NO_CLASS,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistFilter,
    WorklistOrder,
    build_double_worklist,
    build_worklist,
    count_verdicts,
    reviewer_answer,
    verdict_of,
)
from leukapp.review.worklist_book import ChosenList, WorklistScope

N_IMAGES = 200
BLURRED, UNSURE = "The image is blurred.", "The network is not sure enough."
BY_REVIEW = tuple(WorklistFilter(review=review) for review in ReviewFilter)
FILTERS = (
    *[WorklistFilter()] * len(WorklistOrder),
    WorklistFilter(verdicts=frozenset({"ALL", ANSWER_NAMES[-1]})),
    WorklistFilter(verdicts=frozenset({NO_CALL, REJECTED}), min_confidence=0.45),
    WorklistFilter(max_confidence=0.6, branches=BranchFilter.DISAGREE),
    WorklistFilter(branches=BranchFilter.AGREE, quality=QualityFilter.CLEAN),
    WorklistFilter(quality=QualityFilter.WITH_FINDINGS),
    *BY_REVIEW,
    WorklistFilter(said=frozenset({"AML", NO_CLASS})),
    WorklistFilter(said=frozenset({"ALL"}), review=ReviewFilter.AGREE),
    WorklistFilter(review=ReviewFilter.OPEN, verdicts=frozenset({"Healthy"})),
)


VOTES = {True: BranchFilter.AGREE, False: BranchFilter.DISAGREE, None: None}


def keeps(wanted, entry):
    """The filter, asked of one entry."""
    item, decision = entry.item, entry.decision
    said = None if decision is None else reviewer_answer(entry) or NO_CLASS
    reviews = {
        ReviewFilter.ANY: True,
        ReviewFilter.OPEN: decision is None,
        ReviewFilter.REVIEWED: decision is not None,
        ReviewFilter.DIFFER: entry.reading is not None and entry.reading.is_disagreement,
    }
    by_kind = decision is not None and decision.kind.value == wanted.review.value
    return (
        (not wanted.verdicts or verdict_of(item) in wanted.verdicts)
        and wanted.min_confidence <= (item.confidence or 0.0) <= wanted.max_confidence
        and (wanted.branches is BranchFilter.ANY or wanted.branches is VOTES[item.branches_agree])
        and (
            wanted.quality is QualityFilter.ANY
            or bool(item.quality) is (wanted.quality is QualityFilter.WITH_FINDINGS)
        )
        and reviews.get(wanted.review, by_kind)
        and (not wanted.said or said in wanted.said)
    )


def sort_plainly(entries, order):
    """The order, by a sort of all entries."""
    if order is WorklistOrder.POSITION:
        return sorted(entries, key=lambda entry: entry.item.position)
    sign = -1 if order is WorklistOrder.UNCERTAIN_FIRST else 1

    def key(entry):
        item = entry.item
        keys = keys_of(item.answer_name, item.no_call_reason, item.probabilities, item.quality)
        return verdict_of(item) == REJECTED, sign * keys.doubt, item.position

    return sorted(entries, key=key)


def keys_of(answer, reason, probabilities, quality):
    return AnswerKeys.of(
        answer, no_call_reason=reason, probabilities=probabilities, quality=quality
    )


def answer_all(store, run, seed):
    """Give each image an answer of some kind; some wait, some cannot be read, many are alike."""
    dice = random.Random(seed)  # noqa: S311
    kinds = [(dice.choice((0.2, 0.5, 0.7, 0.95)), dice.sample(CLASS_NAMES, 3)) for _ in range(20)]
    rows = []
    for item in store.items(run.id):
        state = dice.choices(list(ItemState), (1, 12, 1))[0]
        top, names = dice.choice(kinds)
        shares = (top, (1 - top) * 0.7, (1 - top) * 0.3)
        probabilities = dict(zip(names, shares, strict=True)) if dice.random() < 0.9 else None
        answer = dice.choice((*ANSWER_NAMES, None, None))
        quality = dice.choice(([], [], [BLURRED], ["Faint stain."]))
        reason = None if answer else dice.choice((BLURRED, UNSURE))
        finding, label = split_answer(answer)
        keys = keys_of(answer, reason, probabilities, quality)
        is_done = state is ItemState.DONE
        rows.append(
            {name: value if is_done else None for name, value in asdict(keys).items()}
            | {
                "item": item.id,
                "state": state.value,
                "image_sha256": f"{item.id:064x}",
                "finding": finding,
                "label": label,
                "no_call_reason": reason,
                "confidence": probabilities and max(shares),
                "probabilities": probabilities,
                "branches_agree": dice.choice((True, False, None)),
                "quality": quality,
            }
        )
    with store._engine.begin() as connection:
        connection.execute(update(ITEMS).where(ITEMS.c.id == bindparam("item")), rows)


def sign_some(store, run, readers, seed):
    """Decisions of every kind on a fifth of the images; some are taken back or adjudicated."""
    dice = random.Random(seed)  # noqa: S311
    judged = store.items(run.id, state=ItemState.DONE)
    for item in dice.sample(judged, len(judged) // 5):
        made = []
        for reader in dice.sample(readers, dice.randint(1, len(readers))):
            kind, label = dice.choice(
                (
                    (DecisionKind.AGREE, item.label),
                    (DecisionKind.OVERRIDE, "AML"),
                    (DecisionKind.OVERRIDE, "ALL"),
                    (DecisionKind.UNSURE, None),
                )
            )
            signed = {"run_id": run.id, "item_id": item.id, "initials": reader}
            made.append(
                decide(
                    store,
                    item.image_sha256,
                    kind=kind,
                    label=label,
                    finding=item.finding if kind is DecisionKind.AGREE else None,
                    **signed,
                )
            )
        differs = len({(one.kind is DecisionKind.UNSURE, one.answer_name) for one in made}) == 2
        if differs and dice.random() < 0.5:
            decide(store, item.image_sha256, **signed | {"initials": "XY"}, is_adjudication=True)
        elif dice.random() < 0.3:
            store.undo_decision(made[-1].id, initials=made[-1].initials)


@pytest.fixture
def filled(store):
    """A store with one batch for a reader and one for two, and the scopes of who looks."""
    entries = [Entry(f"image {number}.png", f"file-{number}") for number in range(N_IMAGES)]
    single = store.create_run("ward 3", entries, BUNDLE)
    double = store.create_run("ward 4", entries[:60], BUNDLE, n_readers=2)
    for seed, (run, readers) in enumerate(((single, ["AB"]), (double, ["AB", "KM"]))):
        answer_all(store, run, seed)
        sign_some(store, run, readers, seed)
    return store, [
        WorklistScope(run_id=single.id),
        *(WorklistScope(run_id=double.id, n_readers=2, reader=one) for one in ("AB", "KM", "")),
    ]


def entries_of(store, scope):
    items, lines = store.items(scope.run_id), store.decisions(run_id=scope.run_id)
    if scope.n_readers == 2:
        return build_double_worklist(items, lines, reader=scope.reader)
    return build_worklist(items, lines)


def test_pages_numbers_and_neighbors_are_those_of_a_plain_sort(filled):
    store, scopes = filled
    book = store.worklists
    seen = set()
    for scope in scopes:
        entries = entries_of(store, scope)
        assert book.count_verdicts(scope) == count_verdicts(entries)
        filters = FILTERS if scope in scopes[:2] else BY_REVIEW
        for number, (order, wanted) in enumerate(zip(cycle(WorklistOrder), filters, strict=False)):
            kept = sort_plainly([one for one in entries if keeps(wanted, one)], order)
            chosen = ChosenList(scope=scope, wanted=wanted, order=order)
            assert list(book.page(chosen, first=0, n=N_IMAGES)) == kept, wanted
            size = book.size(chosen)
            is_open = [one.decision is None for one in kept]
            assert (size.n, size.n_open) == (len(kept), sum(is_open))
            seen |= {one.item.id for one in kept}
            first = book.first_open(chosen)
            assert first == next((one for one in kept if one.decision is None), None)
            some = {one.item.id for one in entries[::9]}
            assert book.listed_ids(chosen, some) == some & {one.item.id for one in kept}
            ends = (len(kept) // 2, len(kept) - 1, 0)
            for place in ends[number % 3 : number % 3 + 1] if kept else ():
                there = book.place_of(chosen, kept[place])
                turned = kept[place + 1 :] + kept[: place + 1]
                assert (there.place, there.size) == (place + 1, size)
                assert there.before == (kept[place - 1] if place else None)
                assert there.after == (kept[place + 1] if place + 1 < len(kept) else None)
                assert there.next_open == next((e for e in turned if e.decision is None), None)
    assert len(seen) == sum(len(entries_of(store, scope)) for scope in scopes[:2])


def test_what_is_asked_about_single_images(filled):
    store, [scope, other, *_] = filled
    entries = entries_of(store, scope)
    chosen = ChosenList(
        scope=scope,
        wanted=WorklistFilter(review=ReviewFilter.OPEN),
        order=WorklistOrder.POSITION,
    )
    # An image that has just left the filter stands before the first.
    still_open = [one for one in entries if one.decision is None]
    decided = next(one for one in entries if one.decision is not None)
    there = store.worklists.place_of(chosen, decided)
    assert (there.place, there.before) == (1, None)
    assert (there.size.n, there.size.n_open) == (len(still_open) + 1, len(still_open))
    assert there.after == there.next_open == still_open[0]

    some = list(entries[3:40:5])
    assert store.worklists.image(scope, some[1].item.position + 1) == some[1]
    assert store.worklists.image(scope, N_IMAGES + 1) is None
    as_came = ChosenList(scope=scope, order=WorklistOrder.POSITION)
    assert store.worklists.page(as_came, first=5, n=7) == entries[5:12]
    ids = {one.item.id for one in some}
    elsewhere = {one.item.id for one in entries_of(store, other)[:2]}
    assert list(store.worklists.of_ids(scope, ids | elsewhere)) == some
    case = store.cases.put("ward 3 / 7", ids | elsewhere)
    of_case = WorklistScope(run_id=scope.run_id, case_id=case.id)
    chosen = ChosenList(scope=of_case, order=WorklistOrder.POSITION)
    assert list(store.worklists.page(chosen, first=0, n=99)) == some
    assert store.worklists.size(chosen).n == len(some)


def test_what_was_signed_together_is_the_readers_last_act(store):
    run = store.create_run("ward 3", [Entry(f"{n}.png", f"file-{n}") for n in range(4)], BUNDLE)
    run_all(store, run, Networks())
    scope = WorklistScope(run_id=run.id)
    items = store.items(run.id)
    made = store.agree_with_all(items[:3], store.run(run.id), initials="AB")
    store.undo_decision(made[0].id, initials="KM", user=None)
    assert store.worklists.last_act(scope, user=None) == ()
    again = store.agree_with_all(items[:1], store.run(run.id), initials="AB")
    assert store.worklists.last_act(scope, user=None) == again
    assert store.worklists.last_act(scope, user="b@lab.example") == ()
    assert store.verify().is_whole


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE items SET doubt = 0.5 WHERE position = 1",
        "UPDATE items SET verdict = NULL WHERE position = 1",
        "DELETE FROM standing",
        "UPDATE standing SET kind = 'unsure'",
    ],
)
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_list_that_hides_an_image_is_noticed(store, change):
    run = store.create_run("ward 3", [Entry(f"{n}.png", f"file-{n}") for n in range(2)], BUNDLE)
    run_all(store, run, Networks())
    item = store.items(run.id)[0]
    decide(store, item.image_sha256, run_id=run.id, item_id=item.id)
    assert store.verify().is_whole
    with store._engine.begin() as raw:
        raw.execute(text(change))
    [fault] = store.verify().faults
    assert "worklist" in fault


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_a_page_asks_for_has_an_index(store):
    run = store.create_run("ward 3", [Entry(f"{n}.png", f"file-{n}") for n in range(4)], BUNDLE)
    run_all(store, run, Networks())
    scope = WorklistScope(run_id=run.id)
    entry = entries_of(store, scope)[2]
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    for order in WorklistOrder:
        chosen = ChosenList(scope=scope, order=order)
        store.worklists.page(chosen, first=1, n=24)
        store.worklists.size(chosen)
        store.worklists.place_of(chosen, entry)
    store.worklists.count_verdicts(scope)
    event.remove(store._engine, "before_cursor_execute", note)
    with store._engine.connect() as raw:
        plans = [
            str(raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
            for statement, parameters in asked
        ]
    for index in ("items_in_doubt", "items_in_confidence", "items_as_they_came"):
        assert any(f"COVERING INDEX {index}" in plan for plan in plans), plans
    assert not any("SCAN " in plan for plan in plans), plans
    pages = [plan for plan, (words, _) in zip(plans, asked, strict=True) if "OFFSET" in words]
    assert len(pages) > len(WorklistOrder)
    assert all("USE TEMP B-TREE" not in plan for plan in pages), pages
