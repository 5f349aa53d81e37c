"""Two tables on the same images: figures and intervals worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from leukapp.evaluation.differences import figure_differences
from leukapp.evaluation.held_out import HeldOutSet

MakeHeldOut = Callable[..., HeldOutSet]
ALWAYS_HEALTHY = np.tile([0.2, 0.2, 0.6], (8, 1))


def test_every_figure_is_that_of_the_shared_images(make_held_out: MakeHeldOut) -> None:
    found = figure_differences(make_held_out(), make_held_out(probabilities=ALWAYS_HEALTHY))

    assert {one.name: (one.first, one.second) for one in found} == {
        "balanced_accuracy": (pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3), pytest.approx(1 / 3)),
        "accuracy": (5 / 8, 3 / 8),
        # Of 15 pairs of a leukemia and a healthy image one is in the wrong order; ties count half.
        "leukemia_auroc": (pytest.approx(14 / 15), 0.5),
        "coverage": (7 / 8, 7 / 8),
        "false_alarm_rate": (pytest.approx(1 / 3), 0),
    }
    assert all(one.difference.value == pytest.approx(one.first - one.second) for one in found)


def test_the_interval_draws_the_groups_of_both_tables_together(make_held_out: MakeHeldOut) -> None:
    """Two groups of four: the first table is right on all, the second on the first group alone.

    A resample draws the first group twice, each once, or the second twice: differences of 0, 1/2
    and 1, with chances of 1/4, 1/2 and 1/4. So the 2.5th percentile is 0 and the 97.5th is 1.
    """
    labels = np.array([0, 0, 1, 1, 2, 2, 2, 2])
    halves = {"groups": ("a",) * 4 + ("b",) * 4, "true_labels": labels}
    right = np.eye(3)[labels]
    wrong = np.eye(3)[np.r_[labels[:4], 0, 0, 0, 0]]
    found = figure_differences(
        make_held_out(probabilities=right, **halves), make_held_out(probabilities=wrong, **halves)
    )
    accuracy = next(one.difference for one in found if one.name == "accuracy")

    assert (accuracy.value, accuracy.low, accuracy.high) == (0.5, 0.0, 1.0)


def test_tables_that_always_agree_differ_by_nothing_without_an_interval(
    make_held_out: MakeHeldOut,
) -> None:
    for one in figure_differences(make_held_out(), make_held_out()):
        assert (one.difference.value, one.difference.low) == (0, None)


def test_without_a_shared_image_there_is_nothing_to_compare(make_held_out: MakeHeldOut) -> None:
    other = make_held_out(sample_ids=tuple("abcdefgh"))

    assert figure_differences(make_held_out(), other) == ()
