"""Which images a reviewer is shown, in which order, and what stands after an undo."""

from dataclasses import replace

import pytest
from review_records import make_decision, make_item

from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.review.records import DecisionKind, ItemState
from leukapp.review.standing import last_act, standing_decisions
from leukapp.review.worklist import (
    NO_CALL,
    REJECTED,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistFilter,
    WorklistOrder,
    build_worklist,
    choose_entries,
    count_verdicts,
    neighbor,
    next_open,
    uncertainty,
)

AGREE, OVERRIDE, UNSURE = DecisionKind.AGREE, DecisionKind.OVERRIDE, DecisionKind.UNSURE
UNDONE = DecisionKind.UNDONE

ITEMS = [
    make_item(1),
    make_item(2, label="AML", confidence=0.5, branches_agree=False,
              probabilities={"ALL": 0.3, "AML": 0.5, "Healthy": 0.2}),
    make_item(3, label=None, confidence=0.4, quality=("Out of focus.",),
              probabilities={"ALL": 0.4, "AML": 0.3, "Healthy": 0.3}),
    make_item(4, label=None, confidence=None, probabilities=None, branches_agree=None,
              mode="field"),
    make_item(5, state=ItemState.WAITING, label=None),
    make_item(6, state=ItemState.UNREADABLE, label=None, error="No image."),
]  # fmt: skip
DECISIONS = [make_decision(1, 1, AGREE, "ALL"), make_decision(2, 2, OVERRIDE, "ALL")]


def ids(wanted: WorklistFilter, order: WorklistOrder = WorklistOrder.POSITION) -> list[int]:
    entries = build_worklist(ITEMS, DECISIONS)
    return [entry.item.id for entry in choose_entries(entries, wanted, order)]


def test_only_judged_images_are_in_the_list_with_their_decisions() -> None:
    entries = build_worklist(ITEMS, DECISIONS)

    assert [entry.item.id for entry in entries] == [1, 2, 3, 4]
    assert [entry.decision and entry.decision.id for entry in entries] == [1, 2, None, None]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (WorklistFilter(), [1, 2, 3, 4]),
        (WorklistFilter(verdicts=frozenset({"ALL"})), [1]),
        (WorklistFilter(verdicts=frozenset({"AML", NO_CALL})), [2, 3, 4]),
        (WorklistFilter(min_confidence=0.45), [1, 2]),
        (WorklistFilter(max_confidence=0.45), [3, 4]),
        (WorklistFilter(branches=BranchFilter.AGREE), [1, 3]),
        (WorklistFilter(branches=BranchFilter.DISAGREE), [2]),
        (WorklistFilter(quality=QualityFilter.CLEAN), [1, 2, 4]),
        (WorklistFilter(quality=QualityFilter.WITH_FINDINGS), [3]),
        (WorklistFilter(review=ReviewFilter.OPEN), [3, 4]),
        (WorklistFilter(review=ReviewFilter.REVIEWED), [1, 2]),
        (WorklistFilter(review=ReviewFilter.AGREE), [1]),
        (WorklistFilter(review=ReviewFilter.OVERRIDE), [2]),
        (WorklistFilter(review=ReviewFilter.UNSURE), []),
        (WorklistFilter(verdicts=frozenset({NO_CALL}), quality=QualityFilter.CLEAN), [4]),
    ],
)
def test_filters_keep_what_they_name(wanted: WorklistFilter, expected: list[int]) -> None:
    assert ids(wanted) == expected


def test_uncertain_images_come_first_or_last() -> None:
    assert ids(WorklistFilter(), WorklistOrder.UNCERTAIN_FIRST) == [4, 3, 2, 1]
    assert ids(WorklistFilter(), WorklistOrder.CONFIDENT_FIRST) == [1, 2, 3, 4]


def test_uncertainty_is_0_for_certainty_and_1_for_a_coin_of_three_sides() -> None:
    certain = make_item(1, probabilities={"ALL": 1.0, "AML": 0.0, "Healthy": 0.0})
    even = make_item(1, probabilities=dict.fromkeys(("ALL", "AML", "Healthy"), 1 / 3))

    assert uncertainty(certain) == 0
    assert uncertainty(even) == pytest.approx(1)
    assert uncertainty(make_item(1, probabilities=None)) == 1


def test_the_last_decision_stands_and_undo_brings_back_the_one_before() -> None:
    log = [
        make_decision(1, 1, AGREE, "ALL"),
        make_decision(2, 1, OVERRIDE, "AML"),
        make_decision(3, 2, UNSURE),
        make_decision(4, None, AGREE, "ALL"),
    ]
    assert {key: one.id for key, one in standing_decisions(log).items()} == {1: 2, 2: 3}

    log += [make_decision(5, 1, UNDONE), make_decision(6, 2, UNDONE)]
    assert {key: one.id for key, one in standing_decisions(log).items()} == {1: 1}

    log += [make_decision(7, 1, UNDONE), make_decision(8, 1, UNDONE)]
    assert standing_decisions(log) == {}


def test_steps_end_at_the_ends_of_the_list() -> None:
    entries = build_worklist(ITEMS, DECISIONS)
    after, before = neighbor(entries, 2, step=1), neighbor(entries, 2, step=-1)

    assert after is not None
    assert before is not None
    assert (after.item.id, before.item.id) == (3, 1)
    assert neighbor(entries, 4, step=1) is None
    assert neighbor(entries, 1, step=-1) is None
    first = neighbor(entries, None, step=1)
    assert first is not None
    assert first.item.id == 1


def test_next_open_image_is_looked_for_onwards_and_then_from_the_start() -> None:
    entries = build_worklist(ITEMS, [make_decision(1, 3, AGREE), make_decision(2, 4, AGREE)])
    after_two = next_open(entries, 2)

    assert after_two is not None
    assert after_two.item.id == 1
    everything = build_worklist(ITEMS, [make_decision(n, n, AGREE) for n in range(1, 5)])
    assert next_open(everything, 2) is None


def test_a_leukemia_of_no_determined_type_is_a_verdict_and_no_call_is_another() -> None:
    open_type = make_item(7, label=None, finding="leukemia")
    entries = build_worklist([*ITEMS, open_type], [])

    def chosen(verdict: str) -> list[int]:
        wanted = WorklistFilter(verdicts=frozenset({verdict}))
        order = WorklistOrder.POSITION
        return [entry.item.id for entry in choose_entries(entries, wanted, order)]

    assert chosen(TYPE_NOT_DETERMINED) == [7]
    assert chosen(NO_CALL) == [3, 4]


def test_pictures_that_the_quality_check_refused_are_counted_and_listed_apart():
    blurred = "The image is blurred."
    refused = make_item(1, label=None, no_call_reason=blurred, quality=(blurred,))
    unsure = make_item(2, label=None, no_call_reason="The network is not sure enough.")
    entries = build_worklist([refused, unsure, make_item(3)], [])
    assert count_verdicts(entries) == {"ALL": 1, NO_CALL: 1, REJECTED: 1}
    for order in (WorklistOrder.UNCERTAIN_FIRST, WorklistOrder.CONFIDENT_FIRST):
        assert choose_entries(entries, WorklistFilter(), order)[-1].item.id == 1
    only = WorklistFilter(verdicts=frozenset({NO_CALL}))
    assert [one.item.id for one in choose_entries(entries, only, WorklistOrder.POSITION)] == [2]


def test_what_was_signed_together_is_found_until_its_reader_signs_something_else():
    together = [
        replace(make_decision(number, number, DecisionKind.AGREE, "ALL"), act="ab")
        for number in (1, 2)
    ]
    assert [one.id for one in last_act(together, user=None)] == [1, 2]
    assert last_act(together, user="b@lab.example") == ()
    later = make_decision(3, 2, DecisionKind.UNSURE)
    assert last_act([*together, later], user=None) == ()
    undone = replace(make_decision(3, 1, DecisionKind.UNDONE), takes_back=1)
    assert last_act([*together, undone], user=None) == ()
