"""Heatmaps drawn over the original image."""

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np

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
    for name, value in (("opacity", opacity), ("threshold", threshold)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be 0-1, got {value}")
    if color_map not in COLOR_MAPS:
        raise ValueError(f"color_map must be one of {', '.join(COLOR_MAPS)}, got {color_map}")
    heat = upsample_heatmap(values, image.shape[0], image.shape[1])
    levels = cv2.convertScaleAbs(heat, alpha=255)
    colors = cv2.cvtColor(cv2.applyColorMap(levels, COLOR_MAPS[color_map]), cv2.COLOR_BGR2RGB)
    if threshold > 0:
        cv2.threshold(heat, np.nextafter(np.float32(threshold), 0), 1, cv2.THRESH_TOZERO, dst=heat)
    heat *= np.float32(opacity)
    return np.asarray(cv2.blendLinear(colors, image, heat, 1 - heat), np.uint8)
