"""Heatmaps of single cells put together into one map of the image they were cut of."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from leukapp.fields.crops import CellBox
from leukapp.imaging.overlay import upsample_heatmap
from leukapp.inference.heatmap import Heatmap
from leukapp.model.dense import FloatArray

MAP_SIDE_PX: Final = 448
"""Long side of a put-together map; finer than any single cell's map drawn into it."""


def paste_heatmaps(
    heatmaps: Sequence[Heatmap],
    boxes: Sequence[CellBox],
    weights: FloatArray,
    size_px: tuple[int, int],
) -> Heatmap:
    """Draw the map of each cell into its box, as hot as the cell counts in the answer.

    Args:
        heatmaps: of the cells, one score of one source; at least one.
        boxes: of the cells, in pixels of the image.
        weights: share of each cell in the image's score, float32 (cells,).
        size_px: height and width of the image.

    Returns:
        One map whose height and width keep the image's proportions, the largest value 1.
    """
    height, width = size_px
    factor = min(1.0, MAP_SIDE_PX / max(height, width))
    grid = (max(1, round(height * factor)), max(1, round(width * factor)))
    values = np.zeros(grid, np.float32)
    shares = weights / max(float(weights.max()), 1e-9)
    for heatmap, box, share in zip(heatmaps, boxes, shares, strict=True):
        rows = slice(int(box.y0 * factor), max(int(box.y0 * factor) + 1, round(box.y1 * factor)))
        columns = slice(int(box.x0 * factor), max(int(box.x0 * factor) + 1, round(box.x1 * factor)))
        target = values[rows, columns]
        if target.size:
            drawn = share * upsample_heatmap(heatmap.values, *target.shape)
            np.maximum(target, drawn, out=target)
    largest = float(values.max())
    if largest > 0:
        values /= largest
    values.flags.writeable = False
    first = heatmaps[0]
    return Heatmap(
        source=first.source, class_name=first.class_name, values=values, is_blank=largest == 0
    )
