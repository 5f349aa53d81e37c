"""ROC and precision-recall curves of one class with a 95% band over groups."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.auroc import weighted_auroc
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted, resampled_weights
from leukapp.evaluation.metrics import (
    PrCurve,
    RocCurve,
    one_against_rest,
    pr_curve_of,
    roc_curve_of,
)

CurveKind: TypeAlias = Literal["roc", "pr"]

N_GRID_POINTS: Final = 101
MIN_DEFINED_FRACTION: Final = 0.5
"""A band is drawn where at least this share of the resamples has a value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurveWithBand:
    """One class against the others.

    Attributes:
        kind: ``roc`` (x: share of other images taken for the class; y: sensitivity) or ``pr``
            (x: sensitivity, also called recall; y: precision).
        class_name: one of the set's ``class_names``, or ``leukemia``.
        x: float64 (points,), 0-1, rising.
        y: float64 (points,), 0-1.
        area: under the curve (for ``pr`` the average precision), 0-1, with its interval.
        chance: what guessing reaches: 0.5 for the area of ``roc``, the share of images of the
            class for ``pr``.
        band_x: float64 (grid,), 0-1, rising; empty where there is one group.
        band_low: float64 (grid,), 2.5th percentile of y over resamples of groups; NaN where it is
            not defined.
        band_high: float64 (grid,), 97.5th percentile.
    """

    kind: CurveKind
    class_name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: Estimate
    chance: float
    band_x: NDArray[np.float64]
    band_low: NDArray[np.float64]
    band_high: NDArray[np.float64]


def curve_with_band(held_out: HeldOutSet, class_name: str, kind: CurveKind) -> CurveWithBand | None:
    """Curve of one class with its band, or None unless the set has this class and another.

    Args:
        held_out: one source under one protocol.
        class_name: one of the set's ``class_names``, or ``LEUKEMIA`` for all but Healthy.
        kind: ``roc`` or ``pr``.
    """
    held_out = held_out.asked_of(class_name)
    is_positive, scores = one_against_rest(held_out, class_name)
    curve: RocCurve | PrCurve | None = (
        roc_curve_of(held_out, class_name) if kind == "roc" else pr_curve_of(held_out, class_name)
    )
    if curve is None:
        return None
    groups = held_out.independent_groups
    sweep = _Sweep(scores, is_positive)
    if isinstance(curve, RocCurve):
        x, y, value = curve.false_positive_rate, curve.sensitivity, curve.auroc
        interval = bootstrap_weighted(
            lambda weights: weighted_auroc(scores, is_positive, weights), groups
        )
    else:
        x, y, value = curve.recall[::-1], curve.precision[::-1], curve.auprc
        interval = bootstrap_weighted(sweep.average_precision, groups)
    band_x, band_low, band_high = _band(sweep, groups, kind)
    return CurveWithBand(
        kind=kind,
        class_name=class_name,
        x=x,
        y=y,
        area=Estimate(value=value, low=interval.low, high=interval.high),
        chance=0.5 if kind == "roc" else float(is_positive.mean()),
        band_x=band_x,
        band_low=band_low,
        band_high=band_high,
    )


class _Sweep:
    """Images of one class question, sorted once; weights say how often each counts."""

    def __init__(self, scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> None:
        self._order = np.argsort(-scores, kind="stable")
        falling = scores[self._order]
        self._is_positive = is_positive[self._order]
        self._last_of_ties = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True])

    def counts(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """True and false positives as the threshold falls, float64 (resamples, thresholds)."""
        sorted_weights = weights[:, self._order]
        true = np.cumsum(sorted_weights * self._is_positive, axis=1)[:, self._last_of_ties]
        false = np.cumsum(sorted_weights * ~self._is_positive, axis=1)[:, self._last_of_ties]
        return true, false

    def average_precision(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of precision times the step in recall, float64 (resamples,), NaN without any."""
        true, false = self.counts(weights)
        taken, total = true + false, true[:, -1]
        precision = np.divide(true, taken, out=np.zeros_like(true), where=taken > 0)
        steps = np.diff(true, axis=1, prepend=0.0)
        summed = (precision * steps).sum(axis=1)
        areas = np.full(len(total), np.nan)
        np.divide(summed, total, out=areas, where=total > 0)
        return areas

    def on_grid(
        self, weights: NDArray[np.float64], grid: NDArray[np.float64], kind: CurveKind
    ) -> NDArray[np.float64]:
        """The curve of every resample at the points of a grid, float64 (resamples, grid)."""
        true, false = self.counts(weights)
        values = np.full((len(weights), len(grid)), np.nan)
        for row, (hits, alarms) in enumerate(zip(true, false, strict=True)):
            if hits[-1] == 0 or alarms[-1] == 0:
                continue
            recall = hits / hits[-1]
            if kind == "roc":
                rate = alarms / alarms[-1]
                values[row] = np.r_[0.0, recall][np.searchsorted(rate, grid, side="right")]
            else:
                at = np.searchsorted(recall, grid, side="left")
                taken = hits[at] + alarms[at]
                # Before the first drawn image nothing is taken and precision has no value.
                np.divide(hits[at], taken, out=values[row], where=taken > 0)
        return values


def _band(
    sweep: _Sweep, groups: NDArray[np.int64], kind: CurveKind
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Grid and percentiles over resamples of groups; empty where there is one group."""
    if len(np.unique(groups)) < 2:
        nothing = np.empty(0)
        return nothing, nothing, nothing
    grid = np.linspace(0, 1, N_GRID_POINTS)
    values = np.concatenate(
        [sweep.on_grid(weights, grid, kind) for weights in resampled_weights(groups)]
    )
    low, high = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    enough = np.isfinite(values).mean(axis=0) >= MIN_DEFINED_FRACTION
    low[enough], high[enough] = np.nanpercentile(values[:, enough], [2.5, 97.5], axis=0)
    return grid, low, high
