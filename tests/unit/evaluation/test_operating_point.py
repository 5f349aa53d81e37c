"""One threshold on the eight images, worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.operating_point import operating_point, threshold_sweep

MakeHeldOut = Callable[..., HeldOutSet]


def test_counts_rates_and_predictive_values_of_leukemia(make_held_out: MakeHeldOut) -> None:
    # 1 - p Healthy: 0.9 0.8 0.7 0.8 0.5 (leukemia), 0.2 0.4 0.6 (Healthy)
    point = operating_point(make_held_out(), "leukemia", threshold=0.6, prevalence=0.1)

    assert (point.n_true_positive, point.n_false_negative) == (4, 1)
    assert (point.n_false_positive, point.n_true_negative) == (1, 2)
    assert point.sensitivity is not None
    assert point.specificity is not None
    assert point.sensitivity.value == pytest.approx(4 / 5)
    assert point.specificity.value == pytest.approx(2 / 3)
    assert point.ppv is not None
    assert point.npv is not None
    assert point.ppv.value == pytest.approx(0.08 / (0.08 + 0.3))
    assert point.npv.value == pytest.approx(0.6 / (0.6 + 0.02))


def test_a_threshold_that_an_image_meets_exactly_flags_it(make_held_out: MakeHeldOut) -> None:
    at = operating_point(make_held_out(), "AML", threshold=0.7, prevalence=0.5)

    assert at.n_true_positive == 1
    assert at.n_false_negative == 2


def test_predictive_values_follow_the_prevalence_not_the_table(make_held_out: MakeHeldOut) -> None:
    values = [
        operating_point(make_held_out(), "leukemia", threshold=0.6, prevalence=prevalence)
        for prevalence in (0.01, 0.5, 1.0)
    ]

    ppv = [point.ppv.value for point in values if point.ppv is not None]
    assert ppv == sorted(ppv)
    assert ppv[-1] == 1
    assert ppv[0] < 0.03


def test_nothing_flagged_has_no_positive_predictive_value(make_held_out: MakeHeldOut) -> None:
    point = operating_point(make_held_out(), "ALL", threshold=1.0, prevalence=0.1)

    assert point.ppv is None
    assert point.npv is not None
    assert point.npv.value == pytest.approx(0.9)


def test_a_source_of_one_kind_has_only_the_rate_it_can_show(make_held_out: MakeHeldOut) -> None:
    healthy = make_held_out(true_labels=np.full(8, 2))
    point = operating_point(healthy, "leukemia", threshold=0.6, prevalence=0.1)

    assert point.sensitivity is None
    assert point.specificity is not None
    assert point.ppv is None
    assert point.npv is None


@pytest.mark.parametrize("bad", [{"threshold": 1.1}, {"prevalence": -0.1}])
def test_values_outside_0_to_1_are_refused(
    make_held_out: MakeHeldOut, bad: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        operating_point(make_held_out(), "ALL", **{"threshold": 0.5, "prevalence": 0.1, **bad})


def test_sweep_has_the_rates_of_each_operating_point(make_held_out: MakeHeldOut) -> None:
    held_out = make_held_out()
    sweep = threshold_sweep(held_out, "leukemia")

    assert len(sweep.thresholds) == 101
    assert np.all(np.diff(sweep.sensitivity) <= 0)
    assert np.all(np.diff(sweep.specificity) >= 0)
    for index in (0, 33, 62, 100):
        point = operating_point(
            held_out, "leukemia", threshold=float(sweep.thresholds[index]), prevalence=0.1
        )
        assert point.sensitivity is not None
        assert point.specificity is not None
        assert sweep.sensitivity[index] == point.sensitivity.value
        assert sweep.specificity[index] == point.specificity.value
