"""The background-only baseline: how far one gets without seeing the cell.

Images of one laboratory share a background, and a label that goes with the laboratory can be read
from it. The network's figures stand beside this baseline; what exceeds it speaks for the cell.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leukapp.imaging.arrays import RgbImage

RING_FRACTION: Final = 0.08
"""Width of the ring, in fractions of the image's height (above, below) and width (at the sides)."""
SCALE_BAR_HEIGHT_FRACTION: Final = 0.12
SCALE_BAR_WIDTH_FRACTION: Final = 0.25
"""The corner at the bottom right that is left out: one source burns a scale bar in there."""

PERCENTILES: Final = (5, 25, 50, 75, 95)
MAX_ITERATIONS: Final = 5000


def background_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Pixels of the ring along the image's edge without the scale-bar corner.

    Args:
        height: in pixels, at least 1.
        width: in pixels, at least 1.

    Returns:
        bool (height, width); the ring is at least one pixel wide.
    """
    rows, columns = max(1, round(RING_FRACTION * height)), max(1, round(RING_FRACTION * width))
    mask = np.ones((height, width), np.bool_)
    mask[rows : height - rows, columns : width - columns] = False
    bar_height = round(SCALE_BAR_HEIGHT_FRACTION * height)
    bar_width = round(SCALE_BAR_WIDTH_FRACTION * width)
    mask[height - bar_height :, width - bar_width :] = False
    return mask


def edge_features(image: RgbImage) -> NDArray[np.float32]:
    """Color statistics of the ring along the image's edge; nothing else of the image is read.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255; not modified.

    Returns:
        float32 (24,): of each channel mean, standard deviation and the percentiles 5, 25, 50, 75
        and 95, then the correlations red-green, red-blue and green-blue (0 for a flat channel).
    """
    height, width = image.shape[:2]
    pixels = image[background_mask(height, width)].astype(np.float64)
    spread = pixels.std(axis=0)
    centered = (pixels - pixels.mean(axis=0)) / np.where(spread > 0, spread, 1)
    correlations = [
        np.mean(centered[:, first] * centered[:, second])
        for first, second in ((0, 1), (0, 2), (1, 2))
    ]
    features = [pixels.mean(axis=0), spread, *np.percentile(pixels, PERCENTILES, axis=0)]
    return np.concatenate([*features, correlations]).astype(np.float32)


def background_balanced_accuracy(
    train_features: NDArray[np.floating],
    train_labels: NDArray[np.integer],
    test_features: NDArray[np.floating],
    test_labels: NDArray[np.integer],
) -> float:
    """Balanced accuracy of a logistic regression on edge features alone.

    Args:
        train_features: float (train images, features).
        train_labels: class of each, int (train images,), at least two classes.
        test_features: float (test images, features), of other groups than the training's.
        test_labels: class of each, int (test images,), at least one image.

    Returns:
        Mean over the classes in ``test_labels`` of the share that is recognised, 0-1.

    Raises:
        ValueError: the training has a single class.
    """
    if len(np.unique(train_labels)) < 2:
        raise ValueError("train_labels must hold at least two classes, got one")
    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=MAX_ITERATIONS)
    )
    predicted = model.fit(train_features, train_labels).predict(test_features)
    present = np.unique(test_labels)
    return float(np.mean([np.mean(predicted[test_labels == label] == label) for label in present]))
