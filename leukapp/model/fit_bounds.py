"""The bounds within which limits are fitted, and what it means where a fit ends on one."""

from typing import Final

from leukapp.model.manifest import Thresholds

TEMPERATURE_BOUNDS: Final = (1.0, 20.0)
"""Below 1 every probability would be sharpened on the strength of a few images without errors."""

SHARPNESS_BOUNDS: Final = (0.02, 4.0)
"""From the mean of the cells' evidence, below which nothing lies, to nearly its maximum."""

TOLERANCE: Final = 0.01
"""A bounded search stops short of its bound; so near, relative to it, it is taken to be there."""

_MEANINGS: Final = {
    ("temperature", 0): (
        "The temperature ended on its lower bound, 1: the validation images asked for a smaller "
        "one, which would make every answer surer because a few images were without errors. So the "
        "network's own probabilities stand as they are."
    ),
    ("temperature", 1): (
        "The temperature ended on its upper bound, 20: probabilities are all but equal, and the "
        "network should not be used."
    ),
    ("field_sharpness", 0): (
        "The rule that sums cells up ended on its lower bound, 0.02, where it is the mean of the "
        "cells' evidence: no cell counts more than another. Nothing lies below the mean."
    ),
    ("field_sharpness", 1): (
        "The rule that sums cells up ended on its upper bound, 4, where nearly the most suspicious "
        "cell alone decides."
    ),
}


def fits_on_bounds(thresholds: Thresholds) -> tuple[str, ...]:
    """Names of the limits whose fit ended on a bound.

    Args:
        thresholds: of a bundle.
    """
    return tuple(name for name, _ in _ends(thresholds))


def bound_notes(thresholds: Thresholds) -> tuple[str, ...]:
    """What it means, a sentence or two for each fit that ended on a bound.

    Args:
        thresholds: of a bundle.
    """
    return tuple(_MEANINGS[end] for end in _ends(thresholds))


def _ends(thresholds: Thresholds) -> list[tuple[str, int]]:
    """Name and end, 0 lower or 1 upper, of each fit that ended on a bound."""
    fits = {
        "temperature": (thresholds.temperature, TEMPERATURE_BOUNDS),
        "field_sharpness": (thresholds.field_sharpness, SHARPNESS_BOUNDS),
    }
    return [
        (name, end)
        for name, (value, bounds) in fits.items()
        for end, bound in enumerate(bounds)
        if abs(value - bound) <= TOLERANCE * bound
    ]
