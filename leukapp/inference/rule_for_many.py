"""The decision rule for many images at once, as whoever fits it to a laboratory asks it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.field_rule import combine_cells
from leukapp.inference.gate import feature_distances, project_features
from leukapp.inference.two_steps import (
    NO_TYPE,
    StepConfidences,
    call_steps,
    measure_steps,
    reaches,
)
from leukapp.labels import HEALTHY, TYPE_NOT_DETERMINED
from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import softmax
from leukapp.model.manifest import CallLimits

__all__ = [
    "StepConfidences",
    "call_images",
    "combine_images",
    "extend_gate",
    "feature_distances",
    "measure_fused",
    "reaches",
]


def combine_images(
    logits: NDArray[np.floating],
    is_counted: NDArray[np.bool_],
    of_image: NDArray[np.int64],
    *,
    n_images: int,
    sharpness: float,
    temperature: float,
) -> NDArray[np.float64]:
    """Put cells together to images.

    Args:
        logits: fused, of the cells, float (cells, classes).
        is_counted: bool (cells,): within the gate's limit, of images that may be judged.
        of_image: int64 (cells,): the image that a cell is of, ascending.
        n_images: images.
        sharpness: of the rule.
        temperature: of the calibration.

    Returns:
        Calibrated, float64 (images, classes); NaN rows where no cell counts.
    """
    probabilities = np.full((n_images, logits.shape[1]), np.nan)
    starts = np.searchsorted(of_image, np.arange(n_images + 1))
    for image in range(n_images):
        own = slice(starts[image], starts[image + 1])
        counted = is_counted[own]
        if counted.any():
            combined = combine_cells(logits[own][counted], sharpness)
            probabilities[image] = softmax(combined, temperature)
    return probabilities


def measure_fused(
    probabilities: NDArray[np.float64], class_names: tuple[str, ...]
) -> StepConfidences:
    """How sure the joined answer alone is of each step.

    Args:
        probabilities: calibrated, float64 (images, classes); NaN rows are sure of nothing.
        class_names: of the probabilities.
    """
    return measure_steps(probabilities, [], class_names)


def call_images(
    probabilities: NDArray[np.float64], limits: CallLimits, class_names: tuple[str, ...]
) -> list[str | None]:
    """Call what the joined answer is sure enough of.

    Args:
        probabilities: calibrated, float64 (images, classes); NaN rows get no call.
        limits: of the two steps.
        class_names: of the probabilities.

    Returns:
        Of each image a class name or ``TYPE_NOT_DETERMINED``; None for no call.
    """
    calls = call_steps(measure_fused(probabilities, class_names), limits, class_names)
    named = [
        TYPE_NOT_DETERMINED if index == NO_TYPE else class_names[index]
        for index in calls.types.tolist()
    ]
    sides = zip(calls.is_healthy, calls.is_leukemia, named, strict=True)
    return [HEALTHY if healthy else name if leukemia else None for healthy, leukemia, name in sides]


def extend_gate(gate: GateReference, joined: FloatArray) -> GateReference:
    """The gate's reference with a laboratory's cells among its points.

    Args:
        gate: of the shipped bundle.
        joined: features of the cells, float32 (cells, channels).
    """
    own = project_features(joined, gate.mean, gate.components)
    return replace(gate, points=np.concatenate([gate.points, own]))
