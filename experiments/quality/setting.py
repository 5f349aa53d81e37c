"""The rule that sets each limit, from the measures of real smears of several laboratories."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from experiments.quality.measuring import MeasuredImage
from leukapp.imaging.quality import QualityMeasures
from leukapp.imaging.quality_limits import QualityLimits

QUANTILE: Final = 0.005
"""Of a laboratory's images that may lie beyond what counts as its extreme: it is no accident."""

SIGNIFICANT_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule:
    """How one limit follows from the extremes of the laboratories.

    Attributes:
        measure: what the limit is asked of.
        side: ``lower`` where smaller values are refused.
        margin: how far beyond the extreme the limit lies: times it, or plus it, or the share of
            the way to ``bound``.
        way: ``times``, ``plus`` or ``towards``.
        bound: the most that the measure can be; for ``towards`` alone.
        needs_focus: cells cut out on black say nothing of it.
    """

    measure: Callable[[QualityMeasures], float]
    side: Literal["lower", "upper"]
    way: Literal["times", "plus", "towards"]
    margin: float
    bound: float = 0.0
    needs_focus: bool = False


RULES: Final[dict[str, LimitRule]] = {
    "min_brightness": LimitRule(
        measure=lambda found: found.brightness, side="lower", way="times", margin=0.5
    ),
    "max_brightness": LimitRule(
        measure=lambda found: found.brightness,
        side="upper",
        way="towards",
        margin=0.75,
        bound=255.0,
    ),
    "max_noise_ratio": LimitRule(
        measure=lambda found: found.noise_ratio, side="upper", way="times", margin=3.0
    ),
    "min_contrast": LimitRule(
        measure=lambda found: found.contrast, side="lower", way="times", margin=0.5
    ),
    "min_stained_fraction": LimitRule(
        measure=lambda found: found.stained_fraction, side="lower", way="times", margin=0.3
    ),
    "min_nucleus_fraction": LimitRule(
        measure=lambda found: found.nucleus_fraction, side="lower", way="times", margin=0.2
    ),
    "min_focus": LimitRule(
        measure=lambda found: found.focus,
        side="lower",
        way="times",
        margin=0.8,
        needs_focus=True,
    ),
    "min_glass": LimitRule(
        measure=lambda found: found.weakest_glass, side="lower", way="times", margin=0.6
    ),
    "max_glass_cast": LimitRule(
        measure=lambda found: found.glass_cast, side="upper", way="plus", margin=60.0
    ),
    "max_glass_red": LimitRule(
        measure=lambda found: found.glass_red, side="upper", way="plus", margin=25.0
    ),
    "max_glass_violet": LimitRule(
        measure=lambda found: found.glass_violet, side="upper", way="plus", margin=24.0
    ),
    "max_green_fraction": LimitRule(
        measure=lambda found: found.green_fraction, side="upper", way="times", margin=2.0
    ),
    "max_red_fraction": LimitRule(
        measure=lambda found: found.red_fraction, side="upper", way="plus", margin=0.15
    ),
    "max_flat_fraction": LimitRule(
        measure=lambda found: found.flat_fraction,
        side="upper",
        way="towards",
        margin=0.5,
        bound=1.0,
        needs_focus=True,
    ),
}


def set_limits(measured: Sequence[MeasuredImage]) -> QualityLimits:
    """Set every limit beyond the most extreme of the laboratories.

    Args:
        measured: real smears as they are, of at least one laboratory.
    """
    of_laboratory = defaultdict(list)
    for found in measured:
        if found.variant == "as_it_is":
            of_laboratory[found.laboratory].append(found.measures)
    laboratories = list(of_laboratory.values())
    return QualityLimits(**{name: _limit(rule, laboratories) for name, rule in RULES.items()})


def _limit(rule: LimitRule, laboratories: Sequence[Sequence[QualityMeasures]]) -> float:
    lowest = rule.side == "lower"
    extremes = []
    for measures in laboratories:
        values = [
            rule.measure(found) for found in measures if not (rule.needs_focus and found.is_cut_out)
        ]
        if values:
            extremes.append(float(np.quantile(values, QUANTILE if lowest else 1 - QUANTILE)))
    extreme = min(extremes) if lowest else max(extremes)
    if rule.way == "times":
        limit = rule.margin * extreme
    elif rule.way == "plus":
        limit = extreme + rule.margin
    else:
        limit = extreme + rule.margin * (rule.bound - extreme)
    # The upper bound of a measure is near 255 or 1: digits of what is left to it would be lost.
    digits = SIGNIFICANT_DIGITS + 1 if rule.way == "towards" else SIGNIFICANT_DIGITS
    return float(f"{limit:.{digits}g}")
