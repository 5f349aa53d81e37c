"""Choose the limits of an answer in two steps, by how rarely each laboratory is called wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.two_steps import (
    NO_TYPE,
    StepConfidences,
    call_steps,
    measure_steps,
    reaches,
)
from leukapp.labels import HEALTHY, OTHER_LEUKEMIA, ImageMode
from leukapp.model.manifest import CallLimits

CANDIDATES: Final = np.round(
    np.concatenate(
        [np.arange(0.5, 0.99, 0.005), np.arange(0.99, 0.999, 0.001), np.arange(0.999, 1, 1e-4)]
    ),
    4,
)
"""Limits that are tried, from the smallest: finer where networks are sure."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedAnswers:
    """Answers of networks for images that they have not seen, beside the truth.

    Attributes:
        class_names: of the bundle.
        probabilities: calibrated, of the fused decision, float (images, classes); NaN rows where
            no leukocyte was found.
        branches: of each branch that has a say, as ``probabilities``; empty where the bundle asks
            no agreement.
        is_near: bool (images,); False where the gate or the quality check turns the image away.
        truths: of each image a name of ``class_names``, or ``OTHER_LEUKEMIA``.
        laboratories: of each image.

    Raises:
        ValueError: the parts have different lengths, or a truth is not known.
    """

    class_names: tuple[str, ...]
    probabilities: NDArray[np.floating]
    branches: tuple[NDArray[np.floating], ...]
    is_near: NDArray[np.bool_]
    truths: tuple[str, ...]
    laboratories: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {
            len(self.probabilities),
            *(len(branch) for branch in self.branches),
            len(self.is_near),
            len(self.truths),
            len(self.laboratories),
        }
        if len(lengths) > 1:
            raise ValueError(f"expected one value an image in every part, got {sorted(lengths)}")
        unknown = set(self.truths) - {*self.class_names, OTHER_LEUKEMIA}
        if unknown:
            raise ValueError(f"truths must be classes or {OTHER_LEUKEMIA!r}, got {sorted(unknown)}")

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Answers for some of the images.

        Args:
            chosen: bool (images,).
        """
        indices = np.flatnonzero(chosen).tolist()
        return type(self)(
            class_names=self.class_names,
            probabilities=self.probabilities[chosen],
            branches=tuple(branch[chosen] for branch in self.branches),
            is_near=self.is_near[chosen],
            truths=tuple(self.truths[i] for i in indices),
            laboratories=tuple(self.laboratories[i] for i in indices),
        )

    def measure(self) -> StepConfidences:
        """How sure each answer is of each step; of nothing where the image is turned away."""
        steps = measure_steps(self.probabilities, self.branches, self.class_names)
        return StepConfidences(
            healthy=np.where(self.is_near, steps.healthy, 0.0),
            leukemia=np.where(self.is_near, steps.leukemia, 0.0),
            types=steps.types,
            type_shares=np.where(self.is_near, steps.type_shares, 0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryCalls:
    """What limits give in one laboratory.

    Attributes:
        laboratory: its name.
        n_images: images.
        n_called: those with a finding, whether or not its type is named.
        n_typed: those called leukemia whose type is named.
        n_wrong: called Healthy and leukemia, called leukemia and Healthy, or of another type.
    """

    laboratory: str
    n_images: int
    n_called: int
    n_typed: int
    n_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLimits:
    """Limits, and what they give for the answers that they were chosen on.

    Attributes:
        limits: for the bundle.
        laboratories: in the order of their names. The limits were chosen on these images, so this
            says nothing of others.
    """

    limits: CallLimits
    laboratories: tuple[LaboratoryCalls, ...]


def choose_limits(
    answers: JudgedAnswers, *, max_mean: float = 0.01, max_laboratory: float = 0.02
) -> ChosenLimits:
    """Smallest limits under which each step calls few images wrongly, in every laboratory.

    Each limit is chosen by the images that its call would be wrong for: leukemia for Healthy,
    healthy images for leukemia and, for a type, leukemias of another type. In the mean over the
    laboratories that have such images at most ``max_mean`` of them are called so, and in none more
    than ``max_laboratory``. So small limits answer as many images as these bounds leave. Where no
    laboratory has such images, or no limit that is tried keeps the bounds, the call is never made.

    Args:
        answers: of images that were trained on by none of the networks that answered.
        max_mean: 0-1.
        max_laboratory: 0-1.

    Returns:
        The limits. Nothing is promised of other images: judge them on some that were not used here.
    """
    names, steps = answers.class_names, answers.measure()
    truths, laboratories = np.array(answers.truths), np.array(answers.laboratories)
    is_healthy = truths == HEALTHY

    def smallest(
        could_be_wrong: NDArray[np.bool_], confidences: NDArray[np.float64]
    ) -> float | None:
        own = [
            could_be_wrong & (laboratories == laboratory)
            for laboratory in np.unique(laboratories[could_be_wrong])
        ]
        if not own:
            return None
        for limit in CANDIDATES.tolist():
            is_called = reaches(confidences, limit)
            shares = [float(is_called[images].mean()) for images in own]
            if np.mean(shares) <= max_mean and max(shares) <= max_laboratory:
                return float(limit)
        return None

    healthy = smallest(~is_healthy, steps.healthy)
    leukemia = smallest(is_healthy, steps.leukemia)
    if HEALTHY not in names:
        is_leukemia = answers.is_near
    elif leukemia is None:
        is_leukemia = np.zeros(len(truths), np.bool_)
    else:
        is_leukemia = reaches(steps.leukemia, leukemia)
    types: dict[str, float | None] = {}
    for index, name in enumerate(names):
        if name != HEALTHY:
            is_named = is_leukemia & (steps.types == index)
            shares = np.where(is_named, steps.type_shares, 0.0)
            types[name] = smallest(~is_healthy & (truths != name), shares)
    limits = CallLimits(healthy=healthy, leukemia=leukemia, types=types)
    return ChosenLimits(limits=limits, laboratories=count_calls(answers, limits))


def choose_mode_limits(
    answers: JudgedAnswers,
    modes: Sequence[ImageMode],
    *,
    max_mean: float = 0.01,
    max_laboratory: float = 0.02,
) -> dict[ImageMode, CallLimits]:
    """Limits of each mode, by its images alone.

    A field whose cells are put together, one cell and a cell cut out on black are not equally easy:
    the hardest would set the limits of all. One laboratory alone shows too little of a mode: there
    no limit is smaller than that of all images.

    Args:
        answers: as ``choose_limits`` takes them.
        modes: how each image was judged.
        max_mean: 0-1.
        max_laboratory: 0-1.
    """

    def limits_by(some: JudgedAnswers) -> CallLimits:
        return choose_limits(some, max_mean=max_mean, max_laboratory=max_laboratory).limits

    names = np.array(modes, np.str_)
    of_all = limits_by(answers)
    chosen = {}
    for mode in dict.fromkeys(modes):
        own = answers.take(names == mode)
        limits = limits_by(own)
        chosen[mode] = (
            limits if len(set(own.laboratories)) > 1 else strictest_limits([limits, of_all])
        )
    return chosen


def strictest_limits(asked_for: Sequence[CallLimits]) -> CallLimits:
    """The larger limit of each step, and never where one is never.

    Args:
        asked_for: limits of the same classes, at least one.
    """

    def larger(limits: Sequence[float | None]) -> float | None:
        known = [limit for limit in limits if limit is not None]
        return max(known) if len(known) == len(limits) else None

    return CallLimits(
        healthy=larger([limits.healthy for limits in asked_for]),
        leukemia=larger([limits.leukemia for limits in asked_for]),
        types={
            name: larger([limits.types[name] for limits in asked_for])
            for name in asked_for[0].types
        },
    )


def count_calls(answers: JudgedAnswers, limits: CallLimits) -> tuple[LaboratoryCalls, ...]:
    """What limits give in each laboratory, in the order of their names.

    Args:
        answers: of images that the limits were chosen on, or of others.
        limits: of the two steps.
    """
    names = answers.class_names
    calls = call_steps(answers.measure(), limits, names)
    truths, laboratories = np.array(answers.truths), np.array(answers.laboratories)
    is_typed = calls.types != NO_TYPE
    is_wrong = np.where(truths == HEALTHY, calls.is_leukemia, calls.is_healthy) | (
        is_typed & (np.array(names)[calls.types] != truths)
    )
    return tuple(
        LaboratoryCalls(
            laboratory=str(laboratory),
            n_images=_count(own),
            n_called=_count(own & (calls.is_healthy | calls.is_leukemia)),
            n_typed=_count(own & is_typed),
            n_wrong=_count(own & is_wrong),
        )
        for laboratory in np.unique(laboratories)
        for own in [laboratories == laboratory]
    )


def _count(images: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(images))
