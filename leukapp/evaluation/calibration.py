"""Whether a probability means what it says."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.answers import answered_labels

N_BINS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The images whose top probability lies in one bin.

    Attributes:
        low: lower edge, 0-1, not in the bin (except 0).
        high: upper edge, 0-1, in the bin.
        n_images: number of images in the bin.
        mean_confidence: their mean top probability, 0-1; None if there are none.
        accuracy: share of them that are right, 0-1; None if there are none.
    """

    low: float
    high: float
    n_images: int
    mean_confidence: float | None
    accuracy: float | None


def expected_calibration_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], n_bins: int = N_BINS
) -> float:
    """Mean distance between top probability and accuracy over bins, weighted by images.

    Args:
        probabilities: float (images, classes), rows sum to 1, at least one image.
        labels: true class of each image, int (images,).
        n_bins: number of bins of equal width.

    Returns:
        0-1, 0 for a perfectly calibrated set.
    """
    bins = reliability_bins(probabilities, labels, n_bins)
    distance = sum(
        one.n_images * abs(one.mean_confidence - one.accuracy)
        for one in bins
        if one.mean_confidence is not None and one.accuracy is not None
    )
    return distance / len(labels)


def brier_score(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean squared distance between the probabilities and the truth, summed over classes.

    Args:
        probabilities: float (images, classes), rows sum to 1, at least one image.
        labels: true class of each image, int (images,).

    Returns:
        0 for a perfect answer to 2 for a sure and wrong one.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


def reliability_bins(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], n_bins: int = N_BINS
) -> tuple[ReliabilityBin, ...]:
    """Top probability against accuracy in bins of equal width, empty bins included.

    Args:
        probabilities: float (images, classes), rows sum to 1.
        labels: true class of each image, int (images,).
        n_bins: number of bins over 0-1, at least 1.
    """
    confidence, right = _confidence(probabilities, labels)
    edges = np.linspace(0, 1, n_bins + 1)
    numbers = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, n_bins - 1)
    bins = []
    for number in range(n_bins):
        inside = numbers == number
        some = bool(inside.any())
        bins.append(
            ReliabilityBin(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                n_images=int(inside.sum()),
                mean_confidence=float(confidence[inside].mean()) if some else None,
                accuracy=float(right[inside].mean()) if some else None,
            )
        )
    return tuple(bins)


def _confidence(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Top probability of each image, and whether its class is right."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    return confidence, answered_labels(probabilities) == labels
