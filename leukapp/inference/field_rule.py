"""From the answers for single cells to one answer for the image they were cut of."""

import numpy as np
from numpy.typing import NDArray

from leukapp.model.fusion import softmax


def combine_cells(logits: NDArray[np.floating], sharpness: float) -> NDArray[np.float32]:
    """Fused logits of an image from those of its cells.

    A soft maximum: ``log(mean(exp(sharpness * evidence))) / sharpness`` of each class over the
    cells. Near 0 it is the mean, for large values the maximum; one cell keeps its logits.

    Args:
        logits: of the cells, float (cells, classes), at least one cell.
        sharpness: above 0, fitted on validation images.

    Returns:
        Float32 (classes,).
    """
    evidence = np.asarray(logits, np.float64)
    evidence = evidence - np.logaddexp.reduce(evidence, axis=1, keepdims=True)
    summed = np.logaddexp.reduce(sharpness * evidence, axis=0)
    combined = (summed - np.log(len(evidence))) / sharpness
    return np.asarray(combined, np.float32)


def cell_shares(
    logits: NDArray[np.floating], sharpness: float, class_index: int
) -> NDArray[np.float32]:
    """How much each cell counts in the image's score of a class: the gradient of the soft maximum.

    Args:
        logits: of the cells, float (cells, classes), at least one cell.
        sharpness: as in :func:`combine_cells`.
        class_index: of the class.

    Returns:
        Float32 (cells,), sum 1.
    """
    evidence = np.asarray(logits, np.float64)
    evidence = evidence[:, class_index] - np.logaddexp.reduce(evidence, axis=1)
    return np.asarray(softmax(sharpness * evidence), np.float32)
