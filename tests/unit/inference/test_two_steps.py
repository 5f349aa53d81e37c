"""Two steps: Healthy or leukemia first; its type only where it is sure."""

from dataclasses import replace

import numpy as np
import pytest

from leukapp.inference.decision import DecisionRule, ItemScores
from leukapp.labels import AML, CLASS_NAMES, HEALTHY, LEUKEMIA
from leukapp.model.bundle import GateReference
from leukapp.model.fusion import NetworkLogits
from leukapp.model.manifest import CallLimits, Thresholds

POINT = np.ones((1, 1), np.float32)
LIMITS = CallLimits(healthy=0.9, leukemia=0.8, types={"ALL": 0.9, "AML": 0.7})
RULE = DecisionRule(
    gate=GateReference(mean=POINT[0], components=POINT, points=POINT),
    thresholds=Thresholds(
        temperature=1.0,
        min_confidence=0.99,
        max_feature_distance=0.5,
        false_reject_fraction=0.0,
        needs_agreement=True,
        limits=LIMITS,
    ),
    class_names=CLASS_NAMES,
)
SURE_ALL, SURE_AML, SURE_HEALTHY = (0.92, 0.03, 0.05), (0.03, 0.92, 0.05), (0.02, 0.02, 0.96)


def ask(fused, *branches, rule=RULE, distance=0.1, mode=None):
    """The rule on one item with these shares; each branch says the same unless told."""
    shares = [np.array([one]) for one in (fused, *(branches or (fused, fused)))]
    logits = NetworkLogits(branches=tuple(map(np.log, shares[1:])), fused=np.log(shares[0]))
    scores = ItemScores(logits=logits, distances=np.array([distance], np.float32))
    return rule.decide(scores, mode=mode).answer


def with_limits(**changes):
    limits = replace(LIMITS, **changes)
    return replace(RULE, thresholds=replace(RULE.thresholds, limits=limits))


@pytest.mark.parametrize(
    ("shares", "finding", "label"),
    [
        (SURE_HEALTHY, HEALTHY, HEALTHY),
        (SURE_ALL, LEUKEMIA, "ALL"),
        (SURE_AML, LEUKEMIA, "AML"),
        ((0.48, 0.47, 0.05), LEUKEMIA, None),
        # One class has its own limit: 0.75 of leukemia names AML, not ALL.
        ((0.225, 0.675, 0.1), LEUKEMIA, "AML"),
        ((0.675, 0.225, 0.1), LEUKEMIA, None),
        ((0.06, 0.06, 0.88), None, None),
        ((0.4, 0.35, 0.25), None, None),
    ],
)
def test_each_step_and_class_has_its_own_limit(shares, finding, label):
    answer = ask(shares)
    assert (answer.finding, answer.label) == (finding, label)
    assert (answer.no_call is None) == (finding is not None)
    assert (answer.type_note is not None) == (finding == LEUKEMIA and label is None)


def test_the_least_sure_network_decides_the_first_step():
    for fused, unsure in ((SURE_HEALTHY, (0.06, 0.06, 0.88)), (SURE_AML, (0.1, 0.65, 0.25))):
        answer = ask(fused, fused, unsure)
        assert answer.finding is None
        assert "The least sure" in answer.no_call.details[0]
    divided = ask(SURE_AML, SURE_AML, SURE_HEALTHY)
    assert divided.finding is None
    assert divided.no_call.reason == "Not sure enough: leans leukemia, 95 %."
    assert divided.no_call.details == (
        "The networks alone disagree: leukemia, Healthy.",
        "Healthy is called from 90 %, leukemia from 80 %, by the joined answer and each network.",
    )
    joined = ask(SURE_AML, SURE_HEALTHY, SURE_HEALTHY).no_call
    assert joined.details[0] == "Each network alone says Healthy: joined, they lean to leukemia."


def test_a_low_limit_is_no_way_round_the_more_probable_side():
    rule = with_limits(healthy=0.1, leukemia=0.1)
    assert ask((0.3, 0.3, 0.4), rule=rule).finding == LEUKEMIA
    assert ask((0.2, 0.2, 0.6), rule=rule).finding == HEALTHY
    assert ask(SURE_AML, SURE_AML, SURE_HEALTHY, rule=rule).finding is None


def test_networks_that_name_two_types_leave_the_type_open():
    answer = ask(SURE_AML, SURE_AML, SURE_ALL)
    assert (answer.finding, answer.label) == (LEUKEMIA, None)
    assert answer.type_note == "The networks alone disagree on the type: AML, ALL."
    answer = ask(SURE_AML, SURE_ALL, SURE_ALL)
    assert answer.type_note.startswith("Each network alone leans to the type ALL")


def test_networks_are_not_asked_where_no_agreement_is_needed():
    alone = replace(RULE, thresholds=replace(RULE.thresholds, needs_agreement=False))
    assert ask(SURE_AML, SURE_ALL, SURE_HEALTHY, rule=alone).label == AML


def test_a_limit_of_never_is_never_reached():
    never = with_limits(healthy=None, types={"ALL": None, "AML": 0.5})
    healthy = ask(SURE_HEALTHY, rule=never)
    assert (healthy.finding, healthy.no_call.details[-1]) == (
        None,
        "Healthy is called never, leukemia from 80 %, by the joined answer and each network.",
    )
    answer = ask(SURE_ALL, rule=never)
    assert (answer.finding, answer.label) == (LEUKEMIA, None)
    assert answer.type_note.startswith("The type is not named")


def test_why_the_type_is_open_is_said_with_its_share():
    note = ask((0.675, 0.225, 0.1)).type_note
    assert note == (
        "The type is not sure enough: ALL has 75 % of the probability of leukemia and is named "
        "from 90 %."
    )


def test_the_distance_turns_away_before_any_step():
    far = ask(SURE_AML, distance=0.6)
    assert (far.finding, far.label) == (None, None)
    assert far.no_call.reason == "Unlike anything the networks were trained on."


def test_a_cell_is_answered_by_the_same_steps():
    logits = np.log(np.array([SURE_HEALTHY, (0.48, 0.47, 0.05)]))
    scores = ItemScores(
        logits=NetworkLogits(branches=(logits, logits), fused=logits),
        distances=np.array([0.1, 0.1], np.float32),
    )
    answers = [(one.finding, one.label) for one in RULE.decide_each(scores)]
    assert answers == [(HEALTHY, HEALTHY), (LEUKEMIA, None)]


def test_two_classes_with_a_healthy_one_have_both_steps():
    two = replace(with_limits(types={"ALL": 0.5}), class_names=("ALL", HEALTHY))
    assert ask((0.9, 0.1), rule=two).label == "ALL"
    assert ask((0.05, 0.95), rule=two).label == HEALTHY
    never = replace(with_limits(types={"ALL": None}), class_names=("ALL", HEALTHY))
    assert (ask((0.9, 0.1), rule=never).finding, ask((0.9, 0.1), rule=never).label) == (
        LEUKEMIA,
        None,
    )


def test_without_a_healthy_class_a_type_is_named_or_nothing_is_called():
    rule = replace(RULE, class_names=("ALL", "AML"))
    assert (ask((0.2, 0.8), rule=rule).finding, ask((0.2, 0.8), rule=rule).label) == (
        LEUKEMIA,
        AML,
    )
    open_type = ask((0.6, 0.4), rule=rule)
    assert (open_type.finding, open_type.label) == (None, None)
    assert open_type.no_call.reason == "Not sure enough: leans ALL, 60 %."


def test_a_bundle_without_limits_calls_as_before_and_says_the_finding():
    one = replace(RULE, thresholds=replace(RULE.thresholds, limits=None, min_confidence=0.9))
    assert (ask(SURE_AML, rule=one).finding, ask(SURE_AML, rule=one).label) == (LEUKEMIA, AML)
    assert ask(SURE_HEALTHY, rule=one).finding == HEALTHY
    open_type = ask((0.48, 0.47, 0.05), rule=one)
    assert (open_type.finding, open_type.label) == (None, None)


def test_a_mode_with_limits_of_its_own_is_asked_these():
    strict = CallLimits(healthy=None, leukemia=0.99, types={"ALL": None, "AML": None})
    rule = replace(RULE, thresholds=replace(RULE.thresholds, mode_limits={"field": strict}))
    assert ask(SURE_HEALTHY, rule=rule, mode="cell").label == HEALTHY
    assert ask(SURE_HEALTHY, rule=rule).label == HEALTHY
    of_field = ask(SURE_HEALTHY, rule=rule, mode="field")
    assert of_field.label is None
    assert of_field.no_call is not None
    assert ask(SURE_ALL, rule=rule, mode="field").finding is None


def test_a_cell_of_a_field_is_asked_what_a_cell_is():
    never = CallLimits(healthy=None, leukemia=None, types={"ALL": None, "AML": None})
    logits = np.log(np.array([SURE_HEALTHY]))
    scores = ItemScores(
        logits=NetworkLogits(branches=(logits, logits), fused=logits),
        distances=np.array([0.1], np.float32),
    )

    def label(**mode_limits):
        thresholds = replace(RULE.thresholds, mode_limits=mode_limits)
        mode = "segmented" if "segmented" in mode_limits else "field"
        return replace(RULE, thresholds=thresholds).decide_each(scores, mode=mode)[0].label

    assert label(field=never) == HEALTHY
    assert label(cell=never) is None
    assert label(segmented=never) is None
