"""What calling fewer images buys: the error among the called against the share that is called."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.answers import answered_labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskCoverageCurve:
    """One point for each distinct top probability, from the surest images to all.

    Attributes:
        coverage: share of images that are called, float64 (points,), above 0 to 1, rising.
        risk: share of wrong answers among the called, float64 (points,), 0-1.
        thresholds: lowest top probability that is called, float64 (points,), 0-1, falling.
        area: mean risk over all coverages, 0-1, lower is better; 0 if every answer is right.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    area: float


def risk_coverage_curve(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> RiskCoverageCurve:
    """Call images from the surest to the least sure and follow the error.

    Images with one top probability are called together. The area counts, for each image, the risk
    at the point where it is first called (the mean of the step curve over coverage).

    Args:
        probabilities: float (images, classes), rows sum to 1.
        labels: true class of each image, int (images,).

    Raises:
        ValueError: there is no image.

    Source:
        Y. Geifman et al., Bias-Reduced Uncertainty Estimation, ICLR 2019.
    """
    n_images = len(labels)
    if n_images == 0:
        raise ValueError("labels must hold at least one image, got none")
    confidence = probabilities.max(axis=1).astype(np.float64)
    wrong = answered_labels(probabilities) != labels
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    last_of_ties = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True])
    n_called = last_of_ties + 1
    risk = np.cumsum(wrong[order])[last_of_ties] / n_called
    coverage = n_called / n_images
    return RiskCoverageCurve(
        coverage=coverage,
        risk=risk,
        thresholds=falling[last_of_ties],
        area=float(np.sum(risk * np.diff(coverage, prepend=0.0))),
    )
