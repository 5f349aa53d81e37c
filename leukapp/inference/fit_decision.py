"""Fit the numbers of the decision rule: gate, distance limit and how cells are put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.field_rule import combine_cells
from leukapp.inference.gate import feature_distances, project_features
from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray
from leukapp.model.fit_bounds import SHARPNESS_BOUNDS
from leukapp.model.fusion import softmax

N_DIMENSIONS: Final = 64
MAX_POINTS: Final = 4000


def fit_gate(pooled: FloatArray, *, seed: int) -> GateReference:
    """Keep what new images are compared with.

    Args:
        pooled: joined pooled features of the training images, float32 (n, features).
        seed: of the choice of points where there are more than ``MAX_POINTS``.

    Returns:
        The reference.
    """
    mean = pooled.mean(axis=0)
    _, singular_values, axes = np.linalg.svd(pooled - mean, full_matrices=False)
    n_dimensions = min(N_DIMENSIONS, len(singular_values))
    deviations = np.maximum(singular_values[:n_dimensions] / np.sqrt(len(pooled)), 1e-6)
    components = (axes[:n_dimensions].T / deviations).astype(np.float32)
    chosen = np.random.default_rng(seed).permutation(len(pooled))[:MAX_POINTS]
    points = project_features(pooled[np.sort(chosen)], mean, components)
    return GateReference(mean=mean.astype(np.float32), components=components, points=points)


def fit_max_distance(
    gate: GateReference, pooled: FloatArray, *, false_reject_fraction: float
) -> float:
    """Distance beyond which the gate turns items away.

    Args:
        gate: of the training items.
        pooled: joined pooled features of the validation items, float32 (n, features).
        false_reject_fraction: share of them that may be turned away, 0-1.
    """
    return float(np.quantile(feature_distances(gate, pooled), 1 - false_reject_fraction))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedField:
    """How the cells of an image are put together, and what that gives for the images at hand.

    Attributes:
        sharpness: the rule's ``field_sharpness``.
        logits: of the images, not yet calibrated, float32 (images, classes).
    """

    sharpness: float
    logits: FloatArray

    def calibrated(self, temperature: float) -> NDArray[np.float64]:
        """Probabilities of the images, float64 (images, classes).

        Args:
            temperature: above 0.
        """
        return softmax(self.logits, temperature)


def fit_field(
    cells_of_images: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> FittedField:
    """Fit how cells are put together, and put them together so.

    Args:
        cells_of_images: fused logits of the cells of each image, float (cells, classes).
        labels: true class of each image, int (images,).
    """
    sharpness = fit_sharpness(cells_of_images, labels)
    return FittedField(
        sharpness=sharpness,
        logits=np.array([combine_cells(cells, sharpness) for cells in cells_of_images]),
    )


def fit_sharpness(
    cells_of_images: Sequence[NDArray[np.floating]], labels: NDArray[np.integer]
) -> float:
    """Sharpness under which the answers for whole images fit their labels best.

    Args:
        cells_of_images: fused logits of the cells of each image, float (cells, classes).
        labels: true class of each image, int (images,).

    Returns:
        The sharpness with the smallest mean negative log-likelihood; 1 where every image has one
        cell, which fits any sharpness alike.
    """
    # Only a training needs it, and it takes a while to import.
    from scipy.optimize import minimize_scalar

    if all(len(logits) == 1 for logits in cells_of_images):
        return 1.0

    def mean_loss(log_sharpness: float) -> float:
        sharpness = float(np.exp(log_sharpness))
        combined = np.array([combine_cells(cells, sharpness) for cells in cells_of_images])
        chosen = combined[np.arange(len(labels)), labels]
        return float(np.mean(np.logaddexp.reduce(combined, axis=1) - chosen))

    low, high = SHARPNESS_BOUNDS
    found = minimize_scalar(mean_loss, bounds=(np.log(low), np.log(high)), method="bounded")
    return float(np.exp(found.x))
