"""From the answers for single cells to one answer for the image they were cut of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leukapp.model.fit_bounds import SHARPNESS_BOUNDS
from leukapp.model.fusion import softmax


def combine_cells(logits: NDArray[np.floating], sharpness: float) -> NDArray[np.float32]:
    """Fused logits of an image from those of its cells.

    A soft maximum: ``log(mean(exp(sharpness * evidence))) / sharpness`` of each class over the
    cells. Near 0 it is the mean, for large values the maximum; one cell keeps its logits.

    Args:
        logits: of the cells, float (cells, classes), at least one cell.
        sharpness: above 0, fitted with :func:`fit_sharpness`.

    Returns:
        Float32 (classes,).
    """
    evidence = np.asarray(logits, np.float64)
    evidence = evidence - np.logaddexp.reduce(evidence, axis=1, keepdims=True)
    summed = np.logaddexp.reduce(sharpness * evidence, axis=0)
    combined = (summed - np.log(len(evidence))) / sharpness
    return np.asarray(combined, np.float32)


def fit_sharpness(
    cells_of_images: list[NDArray[np.floating]], labels: NDArray[np.integer]
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


def least_sure(
    fused: NDArray[np.floating], branches: Sequence[NDArray[np.floating]]
) -> NDArray[np.float64]:
    """How sure the least sure of the fused decision and the branches is of the class they name.

    Args:
        fused: probabilities, float (images, classes).
        branches: of each branch, as ``fused``.

    Returns:
        Float64 (images,): the smallest probability of the fused decision's class; 0 where a branch
        names another.
    """
    named = fused.argmax(axis=1)
    rows = np.arange(len(fused))
    smallest = np.min([one[rows, named] for one in (fused, *branches)], axis=0)
    agree = np.all([one.argmax(axis=1) == named for one in branches], axis=0)
    return np.where(agree, np.asarray(smallest, np.float64), 0.0)


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
