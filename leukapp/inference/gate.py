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


@one_blas_thread()
def feature_distances(reference: GateReference, pooled: FloatArray) -> FloatArray:
    """Distance of images to their fifth nearest training image.

    Args:
        reference: of the bundle.
        pooled: joined pooled features, float32 (n, features).

    Returns:
        Float32 (n,), 0-2: Euclidean distance of unit vectors.
    """
    projected = project_features(pooled, reference.mean, reference.components)
    similarities = projected @ reference.points.T
    rank = min(NEIGHBOR_RANK, similarities.shape[1])
    nearest = -np.partition(-similarities, rank - 1, axis=1)[:, rank - 1]
    return np.asarray(np.sqrt(np.maximum(2 - 2 * nearest, 0)), np.float32)


def project_features(pooled: FloatArray, mean: FloatArray, components: FloatArray) -> FloatArray:
    """Unit vectors of features in the space that distances are measured in.

    Args:
        pooled: joined pooled features, float32 (n, features).
        mean: of the training features, float32 (features,).
        components: whitened principal axes, float32 (features, dimensions).

    Returns:
        Float32 (n, dimensions).
    """
    projected = (pooled - mean) @ components
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    return np.asarray(projected / np.maximum(lengths, 1e-9), np.float32)
