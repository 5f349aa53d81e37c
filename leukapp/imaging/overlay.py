"""Heatmaps drawn over the original image."""

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import HeatmapValues, RgbImage

ColorMap: TypeAlias = Literal["inferno", "viridis", "turbo"]
"""Names of the color maps an overlay can be drawn with."""

COLOR_MAPS: Final[dict[ColorMap, int]] = {
    "inferno": cv2.COLORMAP_INFERNO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "turbo": cv2.COLORMAP_TURBO,
}
"""OpenCV's number of each color map, in the order they are offered."""


def upsample_heatmap(values: HeatmapValues, height_px: int, width_px: int) -> HeatmapValues:
    """Enlarge a class activation map to an image's size, smoothly.

    Args:
        values: float32 (map_height, map_width), 0-1; not modified.
        height_px: height of the result in pixels; at least 1.
        width_px: width of the result in pixels; at least 1.

    Returns:
        A new map, float32 (height_px, width_px), 0-1: cubic interpolation between the centers of
        the map's cells, clipped where the cubic overshoots.

    Raises:
        ValueError: ``height_px`` or ``width_px`` is below 1.
    """
    if height_px < 1 or width_px < 1:
        raise ValueError(f"the size must be at least 1 x 1 px, got {height_px} x {width_px}")
    cells = np.asarray(values, np.float32)
    enlarged = cv2.resize(cells, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(enlarged, 0, 1, out=enlarged), np.float32)


def draw_overlay(
    image: RgbImage,
    values: HeatmapValues,
    *,
    opacity: float = 0.5,
    threshold: float = 0.0,
    color_map: ColorMap = "inferno",
) -> RgbImage:
    """Lay a heatmap over an image; the hotter a place, the more of the color covers it.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255; not modified.
        values: float32 (map_height, map_width), 0-1, of any size; not modified.
        opacity: opacity of the color where the heat is 1, 0-1; elsewhere it is this times the
            heat, so that cold places keep the original.
        threshold: heat below this is not drawn, 0-1.
        color_map: name of the color map.

    Returns:
        A new, writable sRGB image, uint8 (height, width, 3).

    Raises:
        ValueError: ``opacity`` or ``threshold`` is not 0-1, or ``color_map`` is unknown.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be 0-1, got {opacity}")
    colors, heat = _colored_heat(values, image.shape[0], image.shape[1], threshold, color_map)
    heat *= np.float32(opacity)
    return np.asarray(cv2.blendLinear(colors, image, heat, 1 - heat), np.uint8)


def draw_heat_layer(
    values: HeatmapValues,
    *,
    height_px: int,
    width_px: int,
    threshold: float = 0.0,
    color_map: ColorMap = "inferno",
) -> NDArray[np.uint8]:
    """Draw a heatmap as a transparent layer, for whoever lays it over an image himself.

    Args:
        values: float32 (map_height, map_width), 0-1; not modified.
        height_px: of the layer; at least 1.
        width_px: of the layer; at least 1.
        threshold: heat below this is not drawn, 0-1.
        color_map: name of the color map.

    Returns:
        uint8 (height_px, width_px, 4): red, green, blue, and opacity, which is the heat. At
        opacity ``o`` over an image it looks as :func:`draw_overlay` draws it.

    Raises:
        ValueError: the size, ``threshold`` or ``color_map`` is out of range.
    """
    colors, heat = _colored_heat(values, height_px, width_px, threshold, color_map)
    return np.dstack([colors, cv2.convertScaleAbs(heat, alpha=255)])


def _colored_heat(
    values: HeatmapValues, height_px: int, width_px: int, threshold: float, color_map: ColorMap
) -> tuple[RgbImage, HeatmapValues]:
    """Colors uint8 (height, width, 3), and heat float32 (height, width) that is 0 where hidden."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be 0-1, got {threshold}")
    if color_map not in COLOR_MAPS:
        raise ValueError(f"color_map must be one of {', '.join(COLOR_MAPS)}, got {color_map}")
    heat = upsample_heatmap(values, height_px, width_px)
    levels = cv2.convertScaleAbs(heat, alpha=255)
    colors = cv2.cvtColor(cv2.applyColorMap(levels, COLOR_MAPS[color_map]), cv2.COLOR_BGR2RGB)
    if threshold > 0:
        cv2.threshold(heat, np.nextafter(np.float32(threshold), 0), 1, cv2.THRESH_TOZERO, dst=heat)
    return np.asarray(colors, np.uint8), heat
