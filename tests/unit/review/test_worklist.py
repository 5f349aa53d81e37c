"""What an entry of the worklist is, how verdicts are counted, and what stands after an undo."""

from dataclasses import replace

import pytest
from review_records import make_decision, make_item

from leukapp.review.answer_keys import NO_CALL, REJECTED, uncertainty
from leukapp.review.records import DecisionKind, ItemState
from leukapp.review.standing import last_act, standing_decisions
from leukapp.review.worklist import build_worklist, count_verdicts

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


def test_only_judged_images_are_in_the_list_with_their_decisions() -> None:
    entries = build_worklist(ITEMS, DECISIONS)

    assert [entry.item.id for entry in entries] == [1, 2, 3, 4]
    assert [entry.decision and entry.decision.id for entry in entries] == [1, 2, None, None]


def test_uncertainty_is_0_for_certainty_and_1_for_a_coin_of_three_sides() -> None:
    assert uncertainty({"ALL": 1.0, "AML": 0.0, "Healthy": 0.0}) == 0
    assert uncertainty(dict.fromkeys(("ALL", "AML", "Healthy"), 1 / 3)) == pytest.approx(1)
    assert uncertainty(None) == 1


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


def test_pictures_that_the_quality_check_refused_are_counted_apart():
    blurred = "The image is blurred."
    refused = make_item(1, label=None, no_call_reason=blurred, quality=(blurred,))
    unsure = make_item(2, label=None, no_call_reason="The network is not sure enough.")
    entries = build_worklist([refused, unsure, make_item(3)], [])
    assert count_verdicts(entries) == {"ALL": 1, NO_CALL: 1, REJECTED: 1}


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
