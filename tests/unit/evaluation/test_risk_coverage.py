import numpy as np
import pytest

from leukapp.evaluation.risk_coverage import risk_coverage_curve


def test_risk_from_the_surest_image_on():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.8, 0.1, 0.1]])
    curve = risk_coverage_curve(probabilities, np.array([0, 1, 2]))
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7]
    assert curve.coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_ties_are_one_point():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.4, 0], [0.6, 0.4, 0], [0.6, 0.4, 0]])
    curve = risk_coverage_curve(probabilities, np.array([0, 0, 1, 1]))
    assert curve.coverage.tolist() == [0.25, 1]
    assert curve.risk.tolist() == [0, 0.5]
    assert curve.area == pytest.approx(0.75 * 0.5)


def test_no_image_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        risk_coverage_curve(np.zeros((0, 3)), np.zeros(0, int))
