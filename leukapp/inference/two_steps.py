"""The answer in two steps: Healthy or leukemia first, the type of the leukemia where it is sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import HEALTHY
from leukapp.model.manifest import CallLimits

NO_TYPE: Final = -1
"""Stands for a type that is not named."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepConfidences:
    """How sure an answer is of each step, for many images at once.

    The joined answer and every branch that has a say speak; the least sure of them counts.

    Attributes:
        healthy: of Healthy, float64 (images,), 0-1; 0 unless all who speak give Healthy more than
            one half.
        leukemia: of all leukemias together, as ``healthy``; 1 where no class is Healthy, since then
            there is no first step.
        types: the leukemia class that the joined answer finds most probable, int64 (images,).
        type_shares: its share of the probability of leukemia, float64 (images,), 0-1; 0 unless all
            who speak find it the most probable leukemia.
    """

    healthy: NDArray[np.float64]
    leukemia: NDArray[np.float64]
    types: NDArray[np.int64]
    type_shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepCalls:
    """What is called, for many images at once; no call where neither is true.

    Attributes:
        is_healthy: bool (images,).
        is_leukemia: bool (images,).
        types: index of the named leukemia class, int64 (images,); ``NO_TYPE`` where none is named.
    """

    is_healthy: NDArray[np.bool_]
    is_leukemia: NDArray[np.bool_]
    types: NDArray[np.int64]


def measure_steps(
    fused: NDArray[np.floating],
    branches: Sequence[NDArray[np.floating]],
    class_names: tuple[str, ...],
) -> StepConfidences:
    """Measure how sure answers are of each step.

    Args:
        fused: calibrated probabilities, float (images, classes); a row without an answer is NaN and
            is sure of nothing.
        branches: of each branch that has a say, as ``fused``.
        class_names: of the probabilities, in their order; at least one leukemia.
    """
    voices = np.stack([fused, *branches]).astype(np.float64)
    is_type = np.array([name != HEALTHY for name in class_names])
    of_types = voices[:, :, is_type]
    leukemia = of_types.sum(axis=2)
    healthy = voices[:, :, ~is_type].sum(axis=2)
    named = of_types.argmax(axis=2)
    shares = np.take_along_axis(of_types, named[:1, :, None], axis=2)[:, :, 0] / np.where(
        leukemia > 0, leukemia, 1.0
    )
    is_agreed = (named == named[0]).all(axis=0) & np.isfinite(shares).all(axis=0)
    return StepConfidences(
        healthy=_least_above_half(healthy),
        leukemia=_least_above_half(leukemia) if HEALTHY in class_names else np.ones(len(fused)),
        types=np.flatnonzero(is_type)[named[0]].astype(np.int64),
        type_shares=np.where(is_agreed, shares.min(axis=0), 0.0),
    )


def call_steps(
    steps: StepConfidences, limits: CallLimits, class_names: tuple[str, ...]
) -> StepCalls:
    """Call what is sure enough.

    A network that knows no healthy cell cannot tell leukemia from health: where no class is
    Healthy, an image whose type is not named gets no call.

    Args:
        steps: of images that the gate lets through.
        limits: of the bundle.
        class_names: of the bundle.
    """
    type_limits = np.array([_limit(limits.types.get(name)) for name in class_names])
    is_named = reaches(steps.type_shares, type_limits[steps.types])
    if HEALTHY not in class_names:
        is_leukemia = is_named
    else:
        is_leukemia = reaches(steps.leukemia, _limit(limits.leukemia))
    return StepCalls(
        is_healthy=reaches(steps.healthy, _limit(limits.healthy)),
        is_leukemia=is_leukemia,
        types=np.where(is_leukemia & is_named, steps.types, NO_TYPE),
    )


def reaches(
    confidences: NDArray[np.float64], limits: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which confidences are sure enough; 0 never is, whatever the limit.

    Args:
        confidences: float64 (images,), 0-1.
        limits: one for all, or one an image.
    """
    return (confidences > 0) & (confidences >= limits)


def _limit(limit: float | None) -> float:
    """A limit to compare with; a step that is never made has one that nothing reaches."""
    return np.inf if limit is None else limit


def _least_above_half(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smallest over the voices, (voices, images) to (images,); 0 unless each is above one half."""
    return np.where((probabilities > 0.5).all(axis=0), probabilities.min(axis=0), 0.0)
