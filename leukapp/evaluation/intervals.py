"""Intervals of 95% from a bootstrap that draws whole groups, never single images.

Images of one patient or block resemble each other, so the group is what repeats: each resample
draws as many groups as there are, with replacement, and takes all images of each. The interval is
from the 2.5th to the 97.5th percentile. Two cases have no such interval: a single group (there is
nothing to resample) and resamples that all agree. Then a rate - a share of images, most often
exactly 0 or 1 - takes Wilson's interval over the number of groups; any other figure has none.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_RESAMPLES: Final = 1000
WILSON_Z: Final = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""
MAX_CHUNK_WEIGHTS: Final = 1_000_000

WeightedStatistic: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Weights float64 (resamples, images), counts of draws -> values float64 (resamples,), NaN where
a resample leaves the statistic undefined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95% interval.

    Attributes:
        value: computed on all images.
        low: lower end of the interval, None where no interval can be given.
        high: upper end, None together with ``low``.
    """

    value: float
    low: float | None
    high: float | None


def bootstrap_over_groups(
    statistic: Callable[[NDArray[np.int64]], float],
    groups: ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Estimate any statistic of a set of images; the slow and general way.

    Args:
        statistic: of the rows it is given, int64 (rows,), in which a row may stand several times;
            NaN where these rows leave it undefined, and that resample is dropped.
        groups: group of each image, (images,).
        n_resamples: number of resamples.
        seed: of the random draws.

    Returns:
        The statistic of all images; without interval where there is one group or no spread.
    """
    group_numbers, n_groups = _number_groups(groups)
    value = float(statistic(np.arange(len(group_numbers))))
    if n_groups < 2:
        return Estimate(value=value, low=None, high=None)
    members = [np.flatnonzero(group_numbers == group) for group in range(n_groups)]
    draws = np.random.default_rng(seed).integers(n_groups, size=(n_resamples, n_groups))
    values = [statistic(np.concatenate([members[group] for group in draw])) for draw in draws]
    return _percentile_estimate(value, np.array(values, np.float64))


def bootstrap_weighted(
    statistic: WeightedStatistic,
    groups: ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Estimate a statistic that takes weights; the same draws as above, many at a time.

    Args:
        statistic: of weights, see ``WeightedStatistic``.
        groups: group of each image, (images,).
        n_resamples: number of resamples.
        seed: of the random draws.

    Returns:
        The statistic under weights of one; without interval where there is one group or no spread.
    """
    group_numbers, n_groups = _number_groups(groups)
    value = float(statistic(np.ones((1, len(group_numbers))))[0])
    if n_groups < 2:
        return Estimate(value=value, low=None, high=None)
    drawn = resampled_weights(groups, n_resamples=n_resamples, seed=seed)
    return _percentile_estimate(value, np.concatenate([statistic(part) for part in drawn]))


def resampled_weights(
    groups: ArrayLike, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """How often each resample draws each image, a bounded number of resamples at a time.

    Args:
        groups: group of each image, (images,), at least one image.
        n_resamples: number of resamples.
        seed: of the random draws.

    Yields:
        float64 (resamples, images), whole numbers; the resamples of all parts are
        ``n_resamples``, the same draws as in every function of this file.
    """
    group_numbers, n_groups = _number_groups(groups)
    counts = _draw_counts(n_groups, n_resamples, seed)
    chunk = max(1, MAX_CHUNK_WEIGHTS // len(group_numbers))
    for start in range(0, n_resamples, chunk):
        yield counts[start : start + chunk][:, group_numbers]


def rate_over_groups(
    hits: NDArray[np.bool_],
    groups: ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Estimate a share of images from sums a group; the same draws as above, fastest.

    Args:
        hits: bool (images,), at least one image; what is counted.
        groups: group of each image, (images,).
        n_resamples: number of resamples.
        seed: of the random draws.

    Returns:
        The share of hits, 0-1. Where all resamples agree, as they do at 0 and 1, the interval is
        Wilson's over the number of groups; with one group there is none.

    Raises:
        ValueError: ``hits`` is empty.
    """
    if len(hits) == 0:
        raise ValueError("hits must hold at least one image, got none")
    group_numbers, n_groups = _number_groups(groups)
    value = float(np.mean(hits))
    if n_groups < 2:
        return Estimate(value=value, low=None, high=None)
    hits_a_group = np.bincount(group_numbers, weights=hits, minlength=n_groups)
    images_a_group = np.bincount(group_numbers, minlength=n_groups)
    counts = _draw_counts(n_groups, n_resamples, seed)
    estimate = _percentile_estimate(value, (counts @ hits_a_group) / (counts @ images_a_group))
    if estimate.low is None:
        return wilson_interval(value * n_groups, n_groups)
    return estimate


def wilson_interval(successes: float, n: int) -> Estimate:
    """Wilson's 95% interval of a rate, which has a width even at 0 and 1.

    Args:
        successes: 0 to ``n``; need not be whole.
        n: number of independent trials, at least 1.

    Returns:
        ``successes / n`` and its interval, within 0-1.

    Raises:
        ValueError: ``n`` is below 1 or ``successes`` outside 0 to ``n``.

    Source:
        E. B. Wilson, J. Am. Stat. Assoc. 22, 1927.

    Example:
        >>> wilson_interval(10, 10)
        Estimate(value=1.0, low=0.7224672001371107, high=1.0)
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"successes must be 0 to n with n at least 1, got {successes} of {n}")
    rate, z2 = successes / n, WILSON_Z**2
    center = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = WILSON_Z * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(value=rate, low=max(0.0, center - half), high=min(1.0, center + half))


def _number_groups(groups: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """Group of each image as a number from 0, and how many groups there are."""
    names, numbers = np.unique(np.asarray(groups), return_inverse=True)
    return numbers.astype(np.int64), len(names)


def _draw_counts(n_groups: int, n_resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each resample draws each group, float64 (resamples, groups)."""
    draws = np.random.default_rng(seed).integers(n_groups, size=(n_resamples, n_groups))
    cells = draws + n_groups * np.arange(n_resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=n_resamples * n_groups)
    return counts.reshape(n_resamples, n_groups).astype(np.float64)


def _percentile_estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    kept = resampled[np.isfinite(resampled)]
    if kept.size == 0 or np.ptp(kept) < 1e-12:
        return Estimate(value=value, low=None, high=None)
    low, high = np.percentile(kept, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))
