"""The gate: is an image near anything the bundle was trained on?

Source: Sun et al., Out-of-distribution detection with deep nearest neighbors, ICML 2022; here on
whitened principal components of the joined pooled features.
"""

from typing import Final

import numpy as np

from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray
from leukapp.process_threads import one_blas_thread

NEIGHBOR_RANK: Final = 5
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
    points = _project(pooled[np.sort(chosen)], mean, components)
    return GateReference(mean=mean.astype(np.float32), components=components, points=points)


@one_blas_thread()
def feature_distances(reference: GateReference, pooled: FloatArray) -> FloatArray:
    """Distance of images to their fifth nearest training image.

    Args:
        reference: of the bundle.
        pooled: joined pooled features, float32 (n, features).

    Returns:
        Float32 (n,), 0-2: Euclidean distance of unit vectors.
    """
    projected = _project(pooled, reference.mean, reference.components)
    similarities = projected @ reference.points.T
    rank = min(NEIGHBOR_RANK, similarities.shape[1])
    nearest = -np.partition(-similarities, rank - 1, axis=1)[:, rank - 1]
    return np.asarray(np.sqrt(np.maximum(2 - 2 * nearest, 0)), np.float32)


def _project(pooled: FloatArray, mean: FloatArray, components: FloatArray) -> FloatArray:
    projected = (pooled - mean) @ components
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    return np.asarray(projected / np.maximum(lengths, 1e-9), np.float32)
