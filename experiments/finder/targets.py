"""What the finder has to answer for a canvas: one map of numbers."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from experiments.finder.labelled import Boxes
from leukapp.fields.found_cells import STRIDE_PX

CANVAS_PX: Final = 256
GRID: Final = CANVAS_PX // STRIDE_PX

LEUKOCYTE, LEUKOCYTE_COUNTS, LEUKOCYTE_SIZE, SIZE_KNOWN = 0, 1, slice(2, 4), 4
ERYTHROCYTE, ERYTHROCYTE_COUNTS, ERYTHROCYTE_SIZE = 5, 6, slice(7, 9)
N_CHANNELS: Final = 9
"""Of a target: how near a middle is (0-1) and whether the place counts (0 or 1), then the logarithm
of width and height in canvas pixels, for leukocytes and for erythrocytes."""

UNKNOWN_SIZE_PX: Final = 30.0
SHARPNESS: Final = 9.0
"""A middle spreads over this part of its cell (standard deviation)."""


def draw_target(
    leukocytes: Boxes,
    erythrocytes: Boxes,
    unclear: Boxes,
    is_dark: NDArray[np.uint8],
    *,
    knows_erythrocytes: bool,
) -> NDArray[np.float32]:
    """Draw the target of a canvas.

    Args:
        leukocytes: in canvas pixels.
        erythrocytes: in canvas pixels.
        unclear: in canvas pixels; nothing is learned there.
        is_dark: uint8 (CANVAS_PX, CANVAS_PX), 0 or 1: stained places that may hide a leukocyte
            without a mark; nothing is learned there unless a mark says what it is.
        knows_erythrocytes: whether erythrocytes are marked on this canvas.

    Returns:
        Float32 (GRID, GRID, N_CHANNELS).
    """
    target = np.zeros((GRID, GRID, N_CHANNELS), np.float32)
    target[..., LEUKOCYTE_COUNTS] = 1
    if is_dark.any():
        wide = cv2.dilate(is_dark, np.ones((3, 3), np.uint8))
        small = cv2.resize(wide * 255, (GRID, GRID), interpolation=cv2.INTER_AREA)
        target[np.asarray(small) > 0, LEUKOCYTE_COUNTS] = 0
    for box in unclear:
        target[(*_inside(box), LEUKOCYTE_COUNTS)] = 0
    for box in leukocytes:
        has_size = box[2] > 0
        size = box[2:] if has_size else np.full(2, UNKNOWN_SIZE_PX, np.float32)
        if has_size:
            target[(*_inside(box), LEUKOCYTE_COUNTS)] = 1
        peak = _splat(target[..., LEUKOCYTE], box[:2], size)
        if peak is None:
            continue
        row, column = peak
        target[row, column, LEUKOCYTE_COUNTS] = 1
        if has_size:
            near = (slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
            target[(*near, LEUKOCYTE_SIZE)] = np.log(size)
            target[(*near, SIZE_KNOWN)] = 1
    if knows_erythrocytes:
        target[..., ERYTHROCYTE_COUNTS] = 1
        for box in erythrocytes:
            peak = _splat(target[..., ERYTHROCYTE], box[:2], box[2:])
            if peak is not None:
                target[(*peak, ERYTHROCYTE_SIZE)] = np.log(np.maximum(box[2:], 2))
    return target


def _inside(box: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns of the grid that a box covers."""
    low = np.clip((box[:2] - box[2:] / 2) / STRIDE_PX, 0, GRID).astype(int)
    high = np.clip((box[:2] + box[2:] / 2) / STRIDE_PX, 0, GRID).astype(int)
    return slice(low[1], high[1] + 1), slice(low[0], high[0] + 1)


def _splat(
    heat: NDArray[np.float32], middle: NDArray[np.float32], size: NDArray[np.float32]
) -> tuple[int, int] | None:
    """Raise the heat around a middle; the row and column of its peak, None if it is outside."""
    x, y = middle / STRIDE_PX - 0.5
    spread_x, spread_y = np.maximum(0.7, size / STRIDE_PX / SHARPNESS)
    reach = int(3 * max(spread_x, spread_y)) + 1
    column, row = round(float(x)), round(float(y))
    columns = np.arange(max(0, column - reach), min(GRID, column + reach + 1))
    rows = np.arange(max(0, row - reach), min(GRID, row + reach + 1))
    if len(columns) == 0 or len(rows) == 0:
        return None
    squared = ((columns[None] - x) / spread_x) ** 2 + ((rows[:, None] - y) / spread_y) ** 2
    window = heat[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.maximum(window, np.exp(-squared / 2), out=window)
    if not (0 <= row < GRID and 0 <= column < GRID):
        return None
    heat[row, column] = 1
    return row, column
