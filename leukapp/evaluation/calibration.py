"""Whether a probability means what it says, and from which probability on to call."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from leukapp.evaluation.answers import answered_labels

TEMPERATURE_RANGE: Final = (0.05, 20.0)
LOWEST_MIN_CONFIDENCE: Final = 0.5
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


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Temperature that makes ``softmax(logits / temperature)`` fit the labels best.

    The mean negative log-likelihood is minimised over 0.05 to 20; one temperature changes no top
    class. Fit it on validation images, never on those that are reported. Where every answer is
    right the likelihood has no best temperature and the result only says "small".

    Args:
        logits: before softmax, float (images, classes), finite, at least one image.
        labels: true class of each image, int (images,).

    Returns:
        The temperature; above 1 where the network was too sure of itself.

    Raises:
        ValueError: there is no image, or a logit is not finite.

    Source:
        C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    scores = np.asarray(logits, np.float64)
    if len(scores) == 0 or not np.isfinite(scores).all():
        raise ValueError("logits must be finite and of at least one image")
    rows = np.arange(len(labels))

    def mean_loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[rows, labels]))

    found = minimize_scalar(
        mean_loss,
        bounds=tuple(np.log(TEMPERATURE_RANGE)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.clip(np.exp(found.x), *TEMPERATURE_RANGE))


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


def choose_min_confidence(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], max_risk: float
) -> float:
    """Smallest confidence, at least 0.5, from which calls err no more than allowed.

    Images are called where their top probability is at or above the threshold. Thresholds tried
    are 0.5 and the top probabilities above it; the error among the called need not fall as the
    threshold rises, so the smallest that meets the limit is taken. The promise holds for the images
    given, as a point value: choose on validation images and report on others.

    Args:
        probabilities: calibrated, float (images, classes), rows sum to 1.
        labels: true class of each image, int (images,).
        max_risk: greatest share of wrong answers among the called, 0-1.

    Returns:
        The threshold; just above the highest top probability seen (nothing given is called, and
        it may exceed 1) where no threshold meets the limit; 0.5 where nothing is called at 0.5.
    """
    confidence, right = _confidence(probabilities, labels)
    order = np.argsort(-confidence, kind="stable")
    falling, wrong = confidence[order], np.cumsum(~right[order])
    risk = wrong / np.arange(1, len(order) + 1)
    # A threshold takes all ties, so only the last image of a run of equal values is a candidate.
    is_last = np.r_[falling[1:] != falling[:-1], True]
    callable_ = falling >= LOWEST_MIN_CONFIDENCE
    if not callable_.any():
        return LOWEST_MIN_CONFIDENCE
    allowed = np.flatnonzero(is_last & callable_ & (risk <= max_risk))
    if allowed.size == 0:
        return float(np.nextafter(falling[0], np.inf))
    last = int(allowed[-1])
    if last == int(np.flatnonzero(callable_)[-1]):
        return LOWEST_MIN_CONFIDENCE
    return float(falling[last])


def _confidence(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Top probability of each image, and whether its class is right."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    return confidence, answered_labels(probabilities) == labels
