"""Cheap colors and textures of an image: enough to see what a split lets a model memorize."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.data.d4 import D4Element, view_d4
from leukapp.imaging.arrays import RgbImage

ANALYSIS_SIDE_PX: Final = 64
THUMBNAIL_SIDE_PX: Final = 8
HUE_BINS: Final = 12
N_RINGS: Final = 4
BLUR_SIGMAS_PX: Final = (1.0, 2.0, 4.0)
PERCENTILES: Final = (50, 90, 99)


def picture_features(image: RgbImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Describe an image by colors and textures, and by a tiny thumbnail.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255; not modified.

    Returns:
        First what a rotation or mirror leaves as it is, float32 (features,); then a thumbnail,
        float32 (8, 8, 3), 0-1, Lab colors.
    """
    size = (ANALYSIS_SIDE_PX, ANALYSIS_SIDE_PX)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB) / 255, np.float32)
    thumbnail_size = (THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX)
    thumbnail = cv2.resize(lab, thumbnail_size, interpolation=cv2.INTER_AREA)
    pixels = lab.reshape(-1, 3)
    features = np.concatenate(
        [pixels.mean(axis=0), pixels.std(axis=0), _hues(small), _rings(lab), _edges(lab)]
    )
    return features.astype(np.float32), np.asarray(thumbnail, np.float32)


def turned_features(
    features: NDArray[np.float32], thumbnails: NDArray[np.float32], element: D4Element
) -> NDArray[np.float32]:
    """Features of images after a rotation or mirror.

    Args:
        features: float32 (images, features), of :func:`picture_features`.
        thumbnails: float32 (images, 8, 8, 3).
        element: the symmetry.

    Returns:
        Float32 (images, features + 192).
    """
    turned = view_d4(np.moveaxis(thumbnails, 0, -1), element)
    flat = np.moveaxis(turned, -1, 0).reshape(len(thumbnails), -1)
    return np.concatenate([features, flat], axis=1)


def _hues(small: NDArray[np.generic]) -> NDArray[np.float64]:
    """Share of the color in each range of hues."""
    hsv = cv2.cvtColor(np.asarray(small, np.uint8), cv2.COLOR_RGB2HSV)
    weights = hsv[..., 1].ravel() / 255
    counts, _ = np.histogram(hsv[..., 0].ravel(), HUE_BINS, (0, 180), weights=weights)
    return np.asarray(counts / weights.size, np.float64)


def _rings(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean color at four distances from the middle."""
    places = (np.arange(ANALYSIS_SIDE_PX) + 0.5) / ANALYSIS_SIDE_PX - 0.5
    ring = np.minimum(np.hypot(places[:, None], places) * 2 * N_RINGS, N_RINGS - 1).astype(int)
    return np.concatenate([lab[ring == number].mean(axis=0) for number in range(N_RINGS)])


def _edges(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    """How strong edges are, at three scales."""
    lightness = np.ascontiguousarray(lab[..., 0])
    strengths = []
    for sigma in BLUR_SIGMAS_PX:
        smooth = cv2.GaussianBlur(lightness, (0, 0), sigma)
        across, down = np.gradient(np.asarray(smooth, np.float64))
        strengths.append(np.percentile(np.hypot(across, down), PERCENTILES))
    return np.concatenate(strengths)
