"""Rows of the evidence: figures, goals and the table."""

import json
from dataclasses import replace

import numpy as np
import pytest

from leukapp.evaluation.held_out import HeldOutSet
from leukapp.recipes.evidence_report import Evidence, EvidenceRow, Goal

LEUKEMIA, HEALTHY = (0.9, 0.05, 0.05), (0.05, 0.05, 0.9)


@pytest.fixture
def held_out():
    """Ten images of five groups: one healthy image is called ALL, one gets no call."""
    answers = [LEUKEMIA] * 5 + [HEALTHY] * 4 + [LEUKEMIA]
    return HeldOutSet(
        sample_ids=tuple(f"image-{i}" for i in range(10)),
        groups=tuple(f"group-{i // 2}" for i in range(10)),
        groups_known=np.ones(10, np.bool_),
        sources=("lab",) * 10,
        true_labels=np.array([0] * 5 + [2] * 5),
        probabilities=np.array(answers),
        branches=(),
        is_called=np.array([True] * 4 + [False] + [True] * 5),
        no_call_reasons=(None,) * 4 + ("Not sure.",) + (None,) * 5,
        protocol="external",
        bundle_sha256="ab" * 32,
    )


@pytest.mark.parametrize(
    ("measure", "value", "target", "is_met"),
    [
        ("AUROC", 0.9, 0.85, True),
        ("accuracy", 0.9, 0.97, False),
        ("share called ALL or AML", 0.2, 0.02, False),
        ("share called wrongly", 0.1, 0.10, True),
    ],
)
def test_measures_and_their_goals(held_out, measure, value, target, is_met):
    goal = Goal(before="0.5", target=target)
    row = EvidenceRow.of("lab", held_out, measure, goal=goal, background=0.7)
    assert row.estimate.value == pytest.approx(value)
    assert row.coverage == pytest.approx(0.9)
    assert (row.n_images, row.n_groups) == (10, 5)
    assert row.is_met is is_met


def test_measure_that_the_images_do_not_define(held_out):
    healthy = held_out.where(held_out.true_labels == 2)
    with pytest.raises(ValueError, match="do not define AUROC"):
        EvidenceRow.of("lab", healthy, "AUROC")


def test_images_without_an_answer_are_wrong_and_counted(held_out):
    # Of the ten the first, an ALL that was answered right, and the last, which was wrong.
    probabilities = held_out.probabilities.copy()
    probabilities[[0, 9]] = 1 / 3
    is_called = held_out.is_called.copy()
    is_called[[0, 9]] = False
    reasons = ("No leukocyte.", *held_out.no_call_reasons[1:9], "No leukocyte.")
    partly = replace(
        held_out, probabilities=probabilities, is_called=is_called, no_call_reasons=reasons
    )
    row = EvidenceRow.of("lab", partly, "accuracy")
    assert row.estimate.value == pytest.approx(0.8)
    assert row.n_without_answer == 2
    assert row.of_answered is not None
    assert row.of_answered.value == pytest.approx(1.0)
    complete = EvidenceRow.of("lab", held_out, "accuracy")
    assert (complete.n_without_answer, complete.of_answered) == (0, None)


def test_table_says_what_was_missed(held_out):
    goal = Goal(before="0.948", target=0.97)
    row = EvidenceRow.of("lab", held_out, "accuracy", goal=goal, background=0.7)
    evidence = Evidence(
        bundle_sha256="ab" * 32, rows=(row,), blanked=(), calibration=(), detection={}
    )
    assert "| lab | accuracy | 0.948 | at least 0.97 (missed) | 0.900 [" in evidence.to_markdown()
    assert json.loads(evidence.to_json())["rows"][0]["estimate"]["value"] == pytest.approx(0.9)
