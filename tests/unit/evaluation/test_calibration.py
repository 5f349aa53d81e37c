import math

import numpy as np
import pytest

from leukapp.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    reliability_bins,
)
from leukapp.inference.fit_decision import choose_min_confidence, fit_temperature


def answers(confidences: list[float], right: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose top class is 0 with the given probability, and labels that make them right."""
    top = np.array(confidences)
    rest = (1 - top) / 2
    return np.stack([top, rest, rest], axis=1), np.where(right, 0, 1)


@pytest.mark.parametrize(("share", "scale"), [(0.75, 1.0), (0.75, 8.0), (0.5, 1.0)])
def test_temperature_has_a_closed_form(share, scale):
    # Logits (s, 0, 0), class 0 true in a share q: best where softmax gives q, so
    # exp(s / T) = 2 q / (1 - q).
    logits = np.tile([scale, 0.0, 0.0], (8, 1))
    labels = np.where(np.arange(8) < 8 * share, 0, 1)
    expected = scale / math.log(2 * share / (1 - share))
    assert fit_temperature(logits, labels) == pytest.approx(expected, rel=1e-4)


def test_temperature_stays_in_its_range():
    logits = np.tile([0.1, 0.0, 0.0], (4, 1))
    assert fit_temperature(logits, np.zeros(4, int)) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(logits, np.ones(4, int)) == pytest.approx(20, rel=1e-3)


def test_temperature_needs_finite_logits():
    with pytest.raises(ValueError, match="finite"):
        fit_temperature(np.array([[np.nan, 0, 0]]), np.zeros(1, int))
    with pytest.raises(ValueError, match="at least one"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, int))


def test_expected_calibration_error():
    # At 0.9 half are right, at 0.6 all: (2 * 0.4 + 2 * 0.4) / 4.
    probabilities, labels = answers([0.9, 0.9, 0.6, 0.6], [True, False, True, True])
    assert expected_calibration_error(probabilities, labels, 10) == pytest.approx(0.4)
    # One bin for all: mean confidence 0.75, accuracy 0.75.
    assert expected_calibration_error(probabilities, labels, 1) == pytest.approx(0)


def test_reliability_bins():
    probabilities, labels = answers([1.0, 0.8, 0.7, 0.4], [True, False, True, True])
    bins = reliability_bins(probabilities, labels, 4)
    assert [(one.low, one.high) for one in bins] == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]
    assert [one.n_images for one in bins] == [0, 1, 1, 2]
    assert (bins[0].mean_confidence, bins[0].accuracy) == (None, None)
    assert bins[3].mean_confidence == pytest.approx(0.9)
    assert bins[3].accuracy == 0.5


def test_an_edge_belongs_to_the_bin_below():
    probabilities, labels = answers([0.5], [True])
    assert [one.n_images for one in reliability_bins(probabilities, labels, 2)] == [1, 0]


def test_brier_score():
    probabilities = np.array([[0.6, 0.4, 0.0], [0.6, 0.4, 0.0]])
    # 0.16 + 0.16 where right, 0.36 + 0.36 where wrong.
    assert brier_score(probabilities, np.array([0, 1])) == pytest.approx(0.52)
    assert brier_score(np.eye(3), np.array([0, 1, 2])) == 0
    assert brier_score(np.eye(3), np.array([1, 2, 0])) == 2


@pytest.mark.parametrize(
    ("max_risk", "threshold"),
    # Errors among the called from the surest on: 0, 0, 1/3, 1/4, 1/5, 1/3 and, at 0.4, below reach.
    [(0.0, 0.9), (0.1, 0.9), (0.2, 0.6), (0.3, 0.6), (0.34, 0.5), (1.0, 0.5)],
)
def test_smallest_threshold_that_keeps_the_risk(max_risk, threshold):
    probabilities, labels = answers(
        [0.55, 0.95, 0.7, 0.9, 0.4, 0.8, 0.6], [False, True, True, True, False, False, True]
    )
    assert choose_min_confidence(probabilities, labels, max_risk) == threshold


def test_images_of_one_confidence_are_called_together():
    probabilities, labels = answers([0.9, 0.9, 0.95], [True, False, True])
    assert choose_min_confidence(probabilities, labels, 0.1) == 0.95
    assert choose_min_confidence(probabilities, labels, 0.4) == 0.5


def test_no_threshold_that_keeps_the_risk_calls_nothing():
    probabilities, labels = answers([0.9, 0.8], [False, True])
    threshold = choose_min_confidence(probabilities, labels, 0.1)
    assert threshold > 0.9
    assert threshold == pytest.approx(0.9)


def test_nothing_sure_enough_to_call():
    probabilities, labels = answers([0.4, 0.45], [False, True])
    assert choose_min_confidence(probabilities, labels, 0.0) == 0.5
