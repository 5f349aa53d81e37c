"""The decision rule: what counts, what is sure enough, and what never gets a call."""

from dataclasses import replace

import numpy as np
import pytest

from leukapp.inference.decision import (
    DecisionRule,
    ItemScores,
    choose_counted,
    is_sure_enough,
    least_confidence,
)
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import CLASS_NAMES
from leukapp.model.bundle import GateReference
from leukapp.model.fusion import NetworkLogits
from leukapp.model.manifest import Thresholds

ALL_CELL, AML_CELL, HEALTHY_CELL = 3 * np.eye(3, dtype=np.float32)
NEAR, FAR = 0.4, 0.6
SHARE = np.exp(3) / (np.exp(3) + 2)
POINT = np.ones((1, 1), np.float32)
RULE = DecisionRule(
    gate=GateReference(mean=POINT[0], components=POINT, points=POINT),
    thresholds=Thresholds(
        temperature=1.0, min_confidence=0.9, max_feature_distance=0.5, false_reject_fraction=0.0
    ),
    class_names=CLASS_NAMES,
)
AGREEING = replace(RULE, thresholds=replace(RULE.thresholds, needs_agreement=True))


def scores(*items, second_branch=None):
    """Items, each (logits, distance); every branch says the same unless told."""
    logits = np.array([item[0] for item in items])
    other = logits if second_branch is None else np.array(second_branch)
    return ItemScores(
        logits=NetworkLogits(branches=(logits, other), fused=logits),
        distances=np.array([item[1] for item in items], np.float32),
    )


def test_one_near_item_is_called_with_its_own_share():
    decision = RULE.decide(scores((AML_CELL, NEAR)))
    assert (decision.label, decision.no_call) == ("AML", None)
    assert decision.probabilities.top_value == pytest.approx(SHARE)
    assert decision.least_confidence == decision.probabilities.top_value


def test_items_beyond_the_gate_do_not_count_unless_all_are():
    mixed = RULE.decide(scores((AML_CELL, NEAR), (HEALTHY_CELL, FAR)))
    assert (mixed.label, mixed.is_near.tolist()) == ("AML", [True, False])

    far = RULE.decide(scores((AML_CELL, FAR), (AML_CELL, FAR)))
    assert (far.label, far.least_confidence) == (None, 0.0)
    assert far.probabilities.top_class == "AML"
    assert far.no_call.reason == "Unlike anything the networks were trained on."


def test_an_image_without_an_item_has_no_answer():
    for nothing in (None, scores((AML_CELL, NEAR)).take(np.array([False]))):
        decision = RULE.decide(nothing)
        assert (decision.probabilities, decision.branches, decision.label) == (None, (), None)
        assert decision.no_call.reason.startswith("No leukocyte was found")


def test_temperature_lowers_the_joined_answer_and_not_the_branches():
    cold = replace(RULE, thresholds=replace(RULE.thresholds, temperature=2.0))
    decision = cold.decide(scores((AML_CELL, NEAR)))
    assert decision.probabilities.top_value == pytest.approx(np.exp(1.5) / (np.exp(1.5) + 2))
    assert decision.branches[0].top_value == pytest.approx(SHARE)
    assert decision.label is None


def test_a_branch_that_names_another_class_makes_no_call_where_agreement_is_needed():
    divided = scores((AML_CELL, NEAR), second_branch=[HEALTHY_CELL])
    assert RULE.decide(divided).label == "AML"
    assert (AGREEING.decide(divided).label, AGREEING.decide(divided).least_confidence) == (None, 0)
    (item,) = AGREEING.decide_each(divided)
    assert item.label is None
    assert item.no_call.details[0] == "The networks alone disagree: AML, Healthy."


def test_no_limit_is_so_low_that_branches_that_disagree_are_called():
    open_to_all = replace(AGREEING, thresholds=replace(AGREEING.thresholds, min_confidence=0.0))
    divided = scores((AML_CELL, NEAR), second_branch=[HEALTHY_CELL])
    assert open_to_all.decide(divided).label is None
    assert open_to_all.decide(scores((AML_CELL, NEAR))).label == "AML"


def test_each_item_is_answered_on_its_own():
    near, far = RULE.decide_each(scores((AML_CELL, NEAR), (HEALTHY_CELL, FAR)))
    assert (near.label, near.is_near) == ("AML", True)
    assert (far.label, far.is_near, far.probabilities.top_class) == (None, False, "Healthy")


def test_an_item_that_does_not_count_has_no_weight():
    logits = np.array([AML_CELL, HEALTHY_CELL, AML_CELL])
    np.testing.assert_allclose(RULE.weigh_items(logits, [True, False, True], 1), [0.5, 0, 0.5])
    assert RULE.weigh_items(logits, [False] * 3, 1).all()
    assert choose_counted([False, False]).tolist() == [True, True]


def test_the_least_confident_of_all_that_name_one_class_decides():
    fused = ClassProbabilities((0.6, 0.1, 0.3))
    assert least_confidence(fused, ()) == 0.6
    assert least_confidence(fused, [ClassProbabilities((0.5, 0.4, 0.1))]) == 0.5
    assert least_confidence(fused, [fused, ClassProbabilities((0.1, 0.7, 0.2))]) == 0.0


def test_many_confidences_are_asked_at_once_as_one_is():
    confidences = np.array([0.0, 0.5, 0.9])
    for limit in (0.0, 0.5, 0.95):
        alone = [is_sure_enough(confidence, limit) for confidence in confidences.tolist()]
        assert is_sure_enough(confidences, limit).tolist() == alone
    assert is_sure_enough(0.5, 0.5) is True
    assert is_sure_enough(0.0, 0.0) is False
