"""Augmentation of single cells that makes scale, stain, focus and background poor clues."""

from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.enhance import EnhancementConfig, enhance_image
from leukapp.imaging.resize import resize_image

LEVELS: Final = np.arange(256, dtype=np.float32)

PAINTED_FRACTION: Final = 0.35
"""Share of views whose surroundings are painted over, so that they carry no answer."""


def augment_cell(
    image: RgbImage,
    *,
    window_px: float,
    size_px: int,
    enhancement: EnhancementConfig,
    rng: np.random.Generator,
) -> RgbImage:
    """Draw one augmented and enhanced view of a cell, at the scale of a crop.

    Rotation by any angle, mirroring, zoom 0.8-1.25, shift; stain strength and tint in optical
    density; blur, loss of resolution, noise; the surroundings of the cell painted over now and
    then; then enhancement and resizing as a crop gets them.

    Args:
        image: uint8 (height, width, 3), white-balanced, the cell in the middle.
        window_px: side of the crop's window in pixels of ``image``.
        size_px: side of the result in pixels.
        enhancement: that of the preset.
        rng: source of all randomness.

    Returns:
        A new image, uint8 (size_px, size_px, 3).
    """
    view = _warp(image, window_px, rng)
    if rng.random() < PAINTED_FRACTION:
        view = _paint_surroundings(view, rng)
    view = _restain(view, rng)
    view = _degrade(view, rng)
    return resize_image(enhance_image(view, enhancement), size_px)


def _warp(image: RgbImage, window_px: float, rng: np.random.Generator) -> RgbImage:
    height, width = image.shape[:2]
    zoom = float(np.exp(rng.uniform(np.log(0.8), np.log(1.25)))) * CROP_PX / window_px
    center = (width / 2, height / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(center, rng.uniform(0, 360), zoom), np.float64)
    if rng.random() < 0.5:
        matrix = matrix @ np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], np.float64)
    shift = rng.uniform(-0.06, 0.06, 2) * CROP_PX
    matrix[:, 2] += np.array([CROP_PX / 2 - width / 2, CROP_PX / 2 - height / 2]) + shift
    return np.asarray(
        cv2.warpAffine(
            image, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        np.uint8,
    )


def _paint_surroundings(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    size_px = image.shape[0]
    keep = np.zeros((size_px, size_px), np.float32)
    radius_px = int(size_px * rng.uniform(0.36, 0.52))
    cv2.circle(keep, (size_px // 2, size_px // 2), radius_px, 1.0, -1)
    soft = np.asarray(cv2.GaussianBlur(keep, (0, 0), size_px / 40), np.float32)[..., None]
    tint = rng.uniform(125, 190) + rng.uniform(-12, 12, 3)
    return np.asarray(image * soft + np.clip(tint, 0, 255) * (1 - soft), np.uint8)


def _restain(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    strength = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.08, 3))
    veil = rng.normal(0, 0.03) + rng.normal(0, 0.02, 3)
    density = -np.log((LEVELS + 1) / 256)
    table = 256 * np.exp(-(density[:, None] * strength + veil)) - 1
    view = cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8).reshape(1, 256, 3))
    if rng.random() < 0.5:
        saturation = rng.uniform(0.5, 1.3)
        mix = saturation * np.eye(3) + (1 - saturation) * np.full((3, 3), 1 / 3)
        view = cv2.transform(view, mix)
    return np.asarray(view, np.uint8)


def _degrade(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    size_px = image.shape[0]
    view: MatLike = image
    if rng.random() < 0.25:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.3, 1.0))
    if rng.random() < 0.25:
        reduced_px = int(size_px * rng.uniform(0.5, 0.9))
        view = cv2.resize(view, (reduced_px, reduced_px), interpolation=cv2.INTER_AREA)
        view = cv2.resize(view, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(1, 6), view.shape)
        view = np.clip(view + noise, 0, 255)
    return np.asarray(view, np.uint8)
