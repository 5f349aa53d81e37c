"""What one threshold on one probability would do: a two-way table and its rates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted, rate_over_groups
from leukapp.evaluation.metrics import one_against_rest
from leukapp.labels import LEUKEMIA

Target: TypeAlias = str
"""What counts as positive: ``LEUKEMIA``, every class but Healthy, or one class of the set."""

N_SWEEP_POINTS: Final = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A two-way decision at one threshold. Calls and "no calls" play no part in it.

    Attributes:
        target: what counts as positive.
        threshold: an image is flagged from this probability on, 0-1.
        prevalence: share of positives among the images it would be used on, 0-1.
        n_true_positive: positive images that are flagged.
        n_false_negative: positive images that are not.
        n_false_positive: other images that are flagged.
        n_true_negative: other images that are not.
        sensitivity: share of positive images that are flagged, 0-1; None without any.
        specificity: share of other images that are not flagged, 0-1; None without any.
        ppv: chance that a flagged image is positive at the prevalence, 0-1; None where sensitivity
            or specificity is, or nothing would be flagged.
        npv: chance that an image that is not flagged is not positive at the prevalence, 0-1.
    """

    target: Target
    threshold: float
    prevalence: float
    n_true_positive: int
    n_false_negative: int
    n_false_positive: int
    n_true_negative: int
    sensitivity: Estimate | None
    specificity: Estimate | None
    ppv: Estimate | None
    npv: Estimate | None


def operating_point(
    held_out: HeldOutSet, target: Target, *, threshold: float, prevalence: float
) -> OperatingPoint:
    """Flag images from a threshold on.

    Sensitivity and specificity are of the images at hand; the predictive values are theirs by
    Bayes' rule at the given prevalence, since a test set's own mix of classes means nothing.

    Args:
        held_out: one source under one protocol.
        target: what counts as positive.
        threshold: 0-1.
        prevalence: 0-1.

    Raises:
        ValueError: ``threshold`` or ``prevalence`` is not in 0-1.
    """
    if not (0 <= threshold <= 1 and 0 <= prevalence <= 1):
        raise ValueError(
            f"threshold and prevalence must be 0 to 1, got {threshold} and {prevalence}"
        )
    held_out = held_out.asked_of(target)
    is_positive, scores = one_against_rest(held_out, target)
    flagged = scores >= threshold
    groups = held_out.independent_groups

    def rate(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Estimate | None:
        return rate_over_groups(hits[among], groups[among]) if among.any() else None

    def predictive(value: Callable[[_Rates], NDArray[np.float64]]) -> Estimate | None:
        if is_positive.all() or not is_positive.any():
            return None

        def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            return value(_weighted_rates(is_positive, flagged, weights))

        estimate = bootstrap_weighted(statistic, groups)
        return estimate if np.isfinite(estimate.value) else None

    return OperatingPoint(
        target=target,
        threshold=threshold,
        prevalence=prevalence,
        n_true_positive=int((flagged & is_positive).sum()),
        n_false_negative=int((~flagged & is_positive).sum()),
        n_false_positive=int((flagged & ~is_positive).sum()),
        n_true_negative=int((~flagged & ~is_positive).sum()),
        sensitivity=rate(flagged, is_positive),
        specificity=rate(~flagged, ~is_positive),
        ppv=predictive(lambda rates: _ppv(rates, prevalence)),
        npv=predictive(lambda rates: _npv(rates, prevalence)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdSweep:
    """Both rates at every threshold of a grid.

    Attributes:
        thresholds: float64 (grid,), 0-1, rising.
        sensitivity: float64 (grid,), 0-1; NaN without positive images.
        specificity: float64 (grid,), 0-1; NaN without other images.
    """

    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def threshold_sweep(held_out: HeldOutSet, target: Target) -> ThresholdSweep:
    """Sensitivity and specificity from threshold 0 to 1 in steps of 0.01.

    Args:
        held_out: one source under one protocol.
        target: what counts as positive.
    """
    held_out = held_out.asked_of(target)
    is_positive, scores = one_against_rest(held_out, target)
    thresholds = np.linspace(0, 1, N_SWEEP_POINTS)
    flagged = scores[None, :] >= thresholds[:, None]
    n_positive = np.full(len(thresholds), float(is_positive.sum()))
    n_other = len(scores) - n_positive
    return ThresholdSweep(
        thresholds=thresholds,
        sensitivity=_ratio((flagged & is_positive).sum(axis=1).astype(np.float64), n_positive),
        specificity=_ratio((~flagged & ~is_positive).sum(axis=1).astype(np.float64), n_other),
    )


def targets_of(held_out: HeldOutSet) -> tuple[Target, ...]:
    """What a threshold can be set for: leukemia, then each class of the set."""
    return (LEUKEMIA, *held_out.class_names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rates:
    """Sensitivity and specificity of resamples, float64 (resamples,), NaN where undefined."""

    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def _weighted_rates(
    is_positive: NDArray[np.bool_], flagged: NDArray[np.bool_], weights: NDArray[np.float64]
) -> _Rates:
    return _Rates(
        sensitivity=_ratio(weights @ (flagged & is_positive), weights @ is_positive),
        specificity=_ratio(weights @ (~flagged & ~is_positive), weights @ ~is_positive),
    )


def _ppv(rates: _Rates, prevalence: float) -> NDArray[np.float64]:
    hits = rates.sensitivity * prevalence
    return _ratio(hits, hits + (1 - rates.specificity) * (1 - prevalence))


def _npv(rates: _Rates, prevalence: float) -> NDArray[np.float64]:
    cleared = rates.specificity * (1 - prevalence)
    return _ratio(cleared, cleared + (1 - rates.sensitivity) * prevalence)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """A quotient, NaN where the divisor is zero or NaN."""
    quotient = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient
