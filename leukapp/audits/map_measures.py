"""Numbers of heatmaps: agreement, heat inside the cell, inputs with the hottest parts hidden."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from leukapp.fields.leukocytes import find_leukocytes
from leukapp.fields.stain import measure_stain
from leukapp.imaging.arrays import HeatmapValues, RgbImage
from leukapp.model.dense import FloatArray

HOT_FRACTION: Final = 0.2
FRACTIONS: Final = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85)
"""Shares of the image that are hidden, between none and all."""
BLUR_SHARE: Final = 0.1
"""Sigma of the blur that hides a part, in sides of the input."""
CYTOPLASM_SHARE: Final = 0.25
"""The cell reaches this far beyond its nucleus, in nucleus diameters."""


def enlarge(values: HeatmapValues, width: int, height: int) -> FloatArray:
    """A map at another size, float32 (height, width), as overlays draw it."""
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR))


def rank_correlation(first: HeatmapValues, second: HeatmapValues) -> float:
    """Spearman's correlation of two maps, brought to the size of the larger one.

    Args:
        first: float32 (height, width).
        second: float32, of any size.

    Returns:
        -1 to 1; NaN if either map is of one value.
    """
    first, second = _same_size(first, second)
    ranks = [rankdata(values) for values in (first.ravel(), second.ravel())]
    if min(np.ptp(ranks[0]), np.ptp(ranks[1])) == 0:
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def hot_overlap(first: HeatmapValues, second: HeatmapValues) -> float:
    """Intersection over union of the hottest fifths of two maps.

    Args:
        first: float32 (height, width).
        second: float32, of any size.

    Returns:
        0-1, about 0.11 for unrelated maps; NaN if either map is of one value.
    """
    first, second = _same_size(first, second)
    if min(np.ptp(first), np.ptp(second)) == 0:
        return float("nan")
    hot = [hottest(values, HOT_FRACTION) for values in (first, second)]
    return float((hot[0] & hot[1]).sum() / (hot[0] | hot[1]).sum())


def hottest(values: NDArray[np.floating], fraction: float) -> NDArray[np.bool_]:
    """The given share of pixels with the highest values, bool of the same shape."""
    n_hot = max(1, round(fraction * values.size))
    chosen = np.zeros(values.size, np.bool_)
    chosen[np.argsort(-values.ravel(), kind="stable")[:n_hot]] = True
    return chosen.reshape(values.shape)


def hide(pixels: FloatArray, is_hidden: NDArray[np.bool_]) -> FloatArray:
    """Blur parts of an input beyond recognition.

    Args:
        pixels: float32 (size, size, 3), 0-255.
        is_hidden: bool (size, size).

    Returns:
        A new input.
    """
    blurred = cv2.GaussianBlur(pixels, (0, 0), BLUR_SHARE * len(pixels))
    return np.asarray(np.where(is_hidden[..., None], blurred, pixels), np.float32)


def nucleus_and_cell(image: RgbImage) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Masks of the nuclei and of the cells around them, by their stain.

    Args:
        image: uint8 (height, width, 3).

    Returns:
        Two bool (height, width); None where no leukocyte is found.
    """
    found = find_leukocytes(image).leukocytes
    stained = measure_stain(image).is_nucleus
    if not found or not stained.any():
        return None
    reach = np.zeros(image.shape[:2], np.uint8)
    for cell in found:
        middle = (round(cell.x_px), round(cell.y_px))
        cv2.circle(reach, middle, max(1, round(cell.nucleus_px)), 1, -1)
    nucleus = stained & reach
    if not nucleus.any():
        return None
    diameter_px = float(np.median([cell.nucleus_px for cell in found]))
    side_px = 2 * max(1, round(CYTOPLASM_SHARE * diameter_px)) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px))
    return nucleus > 0, cv2.dilate(nucleus, disk) > 0


def heat_inside(values: HeatmapValues, mask: NDArray[np.bool_]) -> float:
    """Share of a map's heat that lies inside a mask of the image.

    Args:
        values: float32 (map_height, map_width), 0-1.
        mask: bool (height, width).

    Returns:
        0-1; NaN for a map without heat.
    """
    heat = enlarge(values, mask.shape[1], mask.shape[0])
    total = float(heat.sum())
    return float(heat[mask].sum()) / total if total > 0 else float("nan")


def _same_size(first: HeatmapValues, second: HeatmapValues) -> tuple[HeatmapValues, HeatmapValues]:
    height, width = max(first.shape, second.shape)
    return enlarge(first, width, height), enlarge(second, width, height)
