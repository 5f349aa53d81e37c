"""Why there is no call: one sentence whose share is the one shown beside it, details behind it."""

from dataclasses import replace

import numpy as np

from leukapp.imaging.quality import QualityFinding, QualityReport
from leukapp.inference.decision import DecisionRule, ItemScores
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.model.bundle import GateReference
from leukapp.model.fusion import NetworkLogits
from leukapp.model.manifest import Thresholds

LIMITS = Thresholds(
    temperature=1.0, min_confidence=0.8, max_feature_distance=1.0, false_reject_fraction=0.02
)
STRICT = replace(LIMITS, min_confidence=0.7, needs_agreement=True)
SURE = ClassProbabilities((0.9, 0.05, 0.05))
UNSURE = ClassProbabilities((0.65, 0.3, 0.05))
OTHER = ClassProbabilities((0.1, 0.8, 0.1))
NOTHING = np.zeros((1, 1), np.float32)
BLURRED = QualityFinding(kind="out_of_focus", message="It is out of focus.", blocks_call=True)
SMALL = QualityFinding(kind="too_small", message="It is small.", blocks_call=False)


def quality(*findings: QualityFinding) -> QualityReport:
    return QualityReport(
        width_px=224,
        height_px=224,
        focus=1.0,
        brightness=100.0,
        contrast=30.0,
        saturated_fraction=0.0,
        stained_fraction=0.1,
        findings=findings,
    )


def why_no_call(quality, probabilities, distance, thresholds, branches=()):
    """What the rule says of an image of one item with these shares."""

    def logits(shares: ClassProbabilities):
        return np.log([shares.values])

    rule = DecisionRule(
        gate=GateReference(mean=NOTHING[0], components=NOTHING, points=NOTHING),
        thresholds=thresholds,
        class_names=probabilities.class_names,
    )
    scores = ItemScores(
        logits=NetworkLogits(branches=tuple(map(logits, branches)), fused=logits(probabilities)),
        distances=np.array([distance], np.float32),
    )
    return rule.decide(scores, quality).no_call


def test_no_reason_means_a_call():
    assert why_no_call(quality(SMALL), SURE, 0.5, LIMITS) is None
    assert why_no_call(quality(), SURE, 0.5, STRICT, (SURE, SURE)) is None


def test_quality_comes_first():
    why = why_no_call(quality(SMALL, BLURRED), UNSURE, 2.0, LIMITS)
    assert (why.reason, why.details) == ("It is out of focus.", ())


def test_distance_comes_before_confidence():
    why = why_no_call(quality(), UNSURE, 1.01, LIMITS)
    assert why.reason == "Unlike anything the networks were trained on."
    assert why.details == ("Too far from the training images (distance 1.01, limit 1.00).",)


def test_what_it_leans_to_is_said_with_the_share_that_stands_in_the_numbers():
    why = why_no_call(quality(), ClassProbabilities((0.2, 0.79, 0.01)), 0.5, LIMITS)
    assert why.reason == "Not sure enough: leans AML, 79 %."
    assert why.details == ("Calls are made from 80 %.",)


def test_the_least_sure_network_decides_but_its_share_is_a_detail():
    why = why_no_call(quality(), SURE, 0.5, STRICT, (SURE, UNSURE))
    assert why.reason == "Not sure enough: leans ALL, 90 %."
    assert "has 65 %" in why.details[0]
    assert "70 %" in why.details[1]


def test_networks_that_disagree_are_said_to_and_those_that_agree_are_not():
    why = why_no_call(quality(), SURE, 0.5, STRICT, (SURE, OTHER))
    assert why.reason == "Not sure enough: leans ALL, 90 %."
    assert why.details[0] == "The networks alone disagree: ALL, AML."

    why = why_no_call(quality(), OTHER, 0.5, STRICT, (SURE, SURE))
    assert why.details[0] == "Each network alone says ALL: joined, they lean to AML."
    assert "disagree" not in " ".join((why.reason, *why.details))


def test_a_bundle_s_own_class_names_stand_in_the_sentence():
    two = ClassProbabilities((0.45, 0.55), ("ALL", "Healthy"))
    assert why_no_call(None, two, 0.5, LIMITS).reason == "Not sure enough: leans Healthy, 55 %."
