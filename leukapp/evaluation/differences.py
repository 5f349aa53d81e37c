"""The main figures of two tables on the same images, and the intervals of their differences."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.ablation import shared_rows
from leukapp.evaluation.auroc import weighted_auroc
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, WeightedStatistic, bootstrap_weighted
from leukapp.evaluation.metrics import one_against_rest, weighted_balanced_accuracy
from leukapp.labels import LEUKEMIA

FigureName: TypeAlias = Literal[
    "balanced_accuracy", "accuracy", "leukemia_auroc", "coverage", "false_alarm_rate"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDifference:
    """One figure of two tables on the images that both hold.

    Attributes:
        name: which figure.
        first: of the first table, 0-1.
        second: of the second table, 0-1.
        difference: first minus second, -1 to 1, with its interval: each resample draws groups
            once, for both tables. None of it where the resamples all agree.
    """

    name: FigureName
    first: float
    second: float
    difference: Estimate


def figure_differences(first: HeldOutSet, second: HeldOutSet) -> tuple[FigureDifference, ...]:
    """Compare the figures of two tables on their shared images; nothing where they share none.

    A figure that the shared images do not define, as the area of leukemia against healthy where
    all are healthy, is left out.

    Args:
        first: one source under one protocol.
        second: the same; its rows may stand in another order.
    """
    rows, others = shared_rows(first, second)
    if not len(rows):
        return ()
    first, second = first.at(rows), second.at(others)
    of_first, of_second = _statistics(first), _statistics(second)
    return tuple(
        _difference(name, statistic, of_second[name], first.independent_groups)
        for name, statistic in of_first.items()
        if name in of_second
    )


def _difference(
    name: FigureName, first: WeightedStatistic, second: WeightedStatistic, groups: NDArray[np.int64]
) -> FigureDifference:
    once = np.ones((1, len(groups)))
    return FigureDifference(
        name=name,
        first=float(first(once)[0]),
        second=float(second(once)[0]),
        difference=bootstrap_weighted(lambda weights: first(weights) - second(weights), groups),
    )


def _statistics(held_out: HeldOutSet) -> dict[FigureName, WeightedStatistic]:
    """Each figure that the images define, as a function of how often each image counts."""
    predicted, true = held_out.predicted_labels, held_out.true_labels
    is_known = true != held_out.other_index
    is_healthy = true == held_out.healthy_index
    is_leukemia, scores = one_against_rest(held_out, LEUKEMIA)
    everything = np.ones(len(held_out), np.bool_)
    found: dict[FigureName, WeightedStatistic] = {}
    if is_known.any():
        found["balanced_accuracy"] = lambda weights: weighted_balanced_accuracy(
            predicted[is_known], true[is_known], weights[:, is_known]
        )
    found["accuracy"] = _share(held_out.is_right, everything)
    if is_leukemia.any() and is_healthy.any():
        found["leukemia_auroc"] = lambda weights: weighted_auroc(scores, is_leukemia, weights)
    found["coverage"] = _share(held_out.is_called, everything)
    if is_healthy.any():
        found["false_alarm_rate"] = _share(held_out.is_called_leukemia, is_healthy)
    return found


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> WeightedStatistic:
    """The share of hits among some images; NaN in a resample that draws none of these."""

    def share(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        totals = weights @ among
        values = np.full(len(weights), np.nan)
        np.divide(weights @ (hits & among), totals, out=values, where=totals > 0)
        return values

    return share
