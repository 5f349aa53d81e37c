"""What a few labelled images prove of an error: tests and bounds that hold for any sample size.

The unit is the patient: the loss of one is the share, 0-1, of its images that are answered wrongly.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

MOST_GROUPS: Final = 100_000
"""More patients than any laboratory will label: beyond it a risk counts as out of reach."""

PRECISION: Final = 1e-6
"""Of a bound, which is rounded up."""


def group_losses(is_wrong: NDArray[np.bool_], groups: NDArray[np.str_]) -> NDArray[np.float64]:
    """Share of wrong images of each group.

    Args:
        is_wrong: bool (images,).
        groups: str (images,).

    Returns:
        Float64 (groups,), 0-1.
    """
    _, of_image = np.unique(groups, return_inverse=True)
    return np.asarray(
        np.bincount(of_image, weights=is_wrong) / np.maximum(np.bincount(of_image), 1), np.float64
    )


def p_value(losses: NDArray[np.float64], level: float) -> float:
    """Probability of losses as small as these if their true mean were above a level.

    Exact (binomial) where every loss is 0 or 1, else the bound of Hoeffding and Bentkus.

    Args:
        losses: of independent groups, float64 (groups,), 0-1.
        level: 0-1.

    Returns:
        0-1; 1 where there is no group.

    Source:
        Angelopoulos et al., Learn then Test: calibrating predictive algorithms to achieve risk
        control, 2021; Bentkus, On Hoeffding's inequalities, 2004.
    """
    n_groups = len(losses)
    mean = float(losses.mean()) if n_groups else 1.0
    if mean >= level:
        return 1.0
    if ((losses == 0) | (losses == 1)).all():
        return float(bdtr(round(mean * n_groups), n_groups, level))
    hoeffding = float(np.exp(-n_groups * _divergence(mean, level)))
    bentkus = float(np.e * bdtr(np.ceil(n_groups * mean - 1e-9), n_groups, level))
    return min(1.0, hoeffding, bentkus)


def _divergence(mean: float, level: float) -> float:
    """Kullback-Leibler divergence of two coins."""
    first = mean * np.log(mean / level) if mean > 0 else 0.0
    second = (1 - mean) * np.log((1 - mean) / (1 - level)) if level < 1 else np.inf
    return float(first + second)


def reachable_level(n_groups: int, confidence: float) -> float:
    """The smallest risk that so many groups can certify, without an error among them.

    Args:
        n_groups: patients.
        confidence: 0-1.

    Returns:
        0-1; 1 for no group.
    """
    return 1 - (1 - confidence) ** (1 / n_groups) if n_groups else 1.0


def level_of(n_groups: int, *, risk: float, confidence: float) -> float:
    """The risk that is tested: the one that was asked for, or what so many groups can certify.

    Args:
        n_groups: patients.
        risk: asked for, 0-1.
        confidence: 0-1.
    """
    return max(risk, reachable_level(n_groups, confidence))


def upper_bound(losses: NDArray[np.float64], confidence: float) -> float:
    """The smallest level that losses are proven to stay under in the mean.

    Args:
        losses: of independent groups, float64 (groups,), 0-1.
        confidence: 0-1.

    Returns:
        0-1; 1 where there is no group.
    """
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        if p_value(losses, middle) <= 1 - confidence:
            high = middle
        else:
            low = middle
    return high


def groups_needed(risk: float, confidence: float, n_wrong: int = 0) -> int | None:
    """Groups of which so many may be called wrongly if a risk is to be certified.

    Args:
        risk: greatest share of wrong groups, above 0.
        confidence: 0-1.
        n_wrong: wrong groups.

    Returns:
        The number; None where it is beyond ``MOST_GROUPS``.

    Example:
        >>> groups_needed(0.02, 0.95), groups_needed(0.02, 0.95, 2)
        (149, 313)
    """
    low, high = n_wrong, MOST_GROUPS
    if bdtr(n_wrong, high, risk) > 1 - confidence:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if bdtr(n_wrong, middle, risk) <= 1 - confidence:
            high = middle
        else:
            low = middle
    return high
