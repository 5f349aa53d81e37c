"""Fit the numbers of the decision rule: gate, distance limit and how cells are put together."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.answers import answered_labels
from leukapp.inference.field_rule import combine_cells
from leukapp.inference.gate import feature_distances, project_features
from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray
from leukapp.model.fit_bounds import SHARPNESS_BOUNDS, TEMPERATURE_BOUNDS
from leukapp.model.fusion import softmax
from leukapp.model.manifest import Thresholds

N_DIMENSIONS: Final = 64
MAX_POINTS: Final = 4000
TEMPERATURE_RANGE: Final = (0.05, 20.0)
LOWEST_MIN_CONFIDENCE: Final = 0.5

FALSE_REJECT_FRACTION: Final = 0.02
"""Share of validation items, or of the images of a laboratory left out of training, that the
feature-distance limit may turn away."""

MAX_RISK: Final = 0.05
"""Share of wrong calls among the called validation images that the confidence limit aims at."""


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


def widen_max_distance(fitted: float, left_out: Sequence[NDArray[np.floating]]) -> float:
    """Distance limit under which a new laboratory is not turned away for being new.

    Every laboratory lies farther from the training images than these from each other. Whether an
    answer there is right is asked of the limits of calls, which are chosen under this distance.

    Args:
        fitted: limit by images of the laboratories that were trained on.
        left_out: of each laboratory, by a network that never saw it, the distance of each image's
            nearest item.

    Returns:
        The smallest limit, at least ``fitted``, that turns away at most ``FALSE_REJECT_FRACTION``
        of the images of every laboratory.
    """
    return max(
        fitted,
        *(
            float(np.quantile(distances, 1 - FALSE_REJECT_FRACTION, method="higher"))
            for distances in left_out
            if len(distances)
        ),
    )


def fit_thresholds(
    gate: GateReference,
    cells_of_images: Sequence[NDArray[np.floating]],
    labels: NDArray[np.integer],
    pooled: FloatArray,
) -> Thresholds:
    """Calibrate and set the limits on validation images; others are judged with what comes out.

    Args:
        gate: of the training items.
        cells_of_images: fused logits of the cells of each image, float (cells, classes).
        labels: true class of each image, int (images,).
        pooled: joined pooled features of all these cells, float32 (n, features).
    """
    sharpness = fit_sharpness(cells_of_images, labels)
    logits = np.array([combine_cells(cells, sharpness) for cells in cells_of_images])
    temperature = max(TEMPERATURE_BOUNDS[0], fit_temperature(logits, labels))
    confidence = choose_min_confidence(softmax(logits, temperature), labels, max_risk=MAX_RISK)
    return Thresholds(
        temperature=temperature,
        min_confidence=min(1.0, confidence),
        max_feature_distance=fit_max_distance(
            gate, pooled, false_reject_fraction=FALSE_REJECT_FRACTION
        ),
        false_reject_fraction=FALSE_REJECT_FRACTION,
        field_sharpness=sharpness,
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
    # Only a training needs them, and they take a while to import.
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

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
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = answered_labels(probabilities) == labels
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
