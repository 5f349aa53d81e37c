"""From the network's answers to boxes: looked at from near and far, each cell once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from experiments.finder.network import HEAT, SIZE_OF_ERYTHROCYTE, SIZE_OF_LEUKOCYTE, compile_finder
from experiments.finder.targets import STRIDE_PX
from leukapp.imaging.arrays import RgbImage
from leukapp.model.weights_io import Arrays

SIDES_PX: Final = (128, 256, 512)
"""Longest sides at which an image is looked at, so that a cell may fill it or be a speck in it."""

CELL_RANGES_PX: Final = ((50.0, np.inf), (35.0, 110.0), (0.0, 100.0))
"""Sizes of a cell, in pixels of the reduced image, that each look may report."""

ERYTHROCYTE_PART: Final = 0.7
"""Erythrocytes are smaller: their ranges are those of leukocytes times this."""

NEAR: Final = 0.4
"""Middles nearer than this, in boxes, are of one cell."""

COVERED: Final = 0.55
"""A box of which another one covers more than this is of the same cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCell:
    """A cell: middle and box in pixels of the image; score 0-1."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCells:
    """What an image shows, the surest first."""

    leukocytes: tuple[FoundCell, ...]
    erythrocytes: tuple[FoundCell, ...]


class Finder:
    """A trained head behind the frozen network, compiled for each size it looks at."""

    def __init__(self, head: Arrays) -> None:
        self._networks = {side_px: compile_finder(head, side_px) for side_px in SIDES_PX}

    def find(
        self, image: RgbImage, *, min_score: float, min_erythrocyte: float = 0.35
    ) -> FoundCells:
        """Find leukocytes and erythrocytes.

        Args:
            image: uint8 (height, width, 3), of any size.
            min_score: of a leukocyte, 0-1.
            min_erythrocyte: of an erythrocyte, 0-1.
        """
        leukocytes: list[FoundCell] = []
        erythrocytes: list[FoundCell] = []
        for side_px, sizes_px in zip(SIDES_PX, CELL_RANGES_PX, strict=True):
            answer, scale = _look(self._networks[side_px], image, side_px)
            heat = answer[..., HEAT]
            leukocytes += find_peaks(
                heat[..., 0],
                answer[..., SIZE_OF_LEUKOCYTE],
                scale=scale,
                min_score=min_score,
                sizes_px=sizes_px,
            )
            erythrocytes += find_peaks(
                heat[..., 1],
                answer[..., SIZE_OF_ERYTHROCYTE],
                scale=scale,
                min_score=min_erythrocyte,
                sizes_px=(sizes_px[0] * ERYTHROCYTE_PART, sizes_px[1] * ERYTHROCYTE_PART),
            )
        return FoundCells(leukocytes=each_once(leukocytes), erythrocytes=each_once(erythrocytes))


def _look(
    network: Callable[[NDArray[np.float32]], NDArray[np.float32]], image: RgbImage, side_px: int
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The network's answer where the image is, and pixels of its input a pixel of the image."""
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    size = (max(STRIDE_PX, round(width * scale)), max(STRIDE_PX, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    reduced = cv2.resize(image, size, interpolation=interpolation)
    square = cv2.copyMakeBorder(
        reduced, 0, side_px - size[1], 0, side_px - size[0], cv2.BORDER_REPLICATE
    )
    answer = network(np.asarray(square, np.float32)[None])
    rows, columns = -(-size[1] // STRIDE_PX), -(-size[0] // STRIDE_PX)
    return answer[:rows, :columns], (size[0] / width, size[1] / height)


def find_peaks(
    logit: NDArray[np.float32],
    log_size: NDArray[np.float32],
    *,
    scale: tuple[float, float],
    min_score: float,
    sizes_px: tuple[float, float],
) -> list[FoundCell]:
    """Read places that are more like a middle than all around them.

    Args:
        logit: of a middle, float32 (rows, columns).
        log_size: logarithm of width and height in input pixels, float32 (rows, columns, 2).
        scale: input pixels a pixel of the image, along x and y.
        min_score: limit, 0-1.
        sizes_px: smallest and largest longer side of a cell that counts, in input pixels.
    """
    score = 1 / (1 + np.exp(-logit))
    highest = cv2.dilate(score, np.ones((3, 3), np.uint8))
    cells = []
    for row, column in np.argwhere((score >= highest) & (score >= min_score)):
        width, height = np.exp(np.clip(log_size[row, column], 0, 7))
        if sizes_px[0] <= max(width, height) < sizes_px[1]:
            cells.append(
                FoundCell(
                    x_px=float((column + 0.5) * STRIDE_PX / scale[0]),
                    y_px=float((row + 0.5) * STRIDE_PX / scale[1]),
                    width_px=float(width / scale[0]),
                    height_px=float(height / scale[1]),
                    score=float(score[row, column]),
                )
            )
    return cells


def each_once(cells: Iterable[FoundCell]) -> tuple[FoundCell, ...]:
    """Keep the surest of those that are one cell, the surest first."""
    kept: list[FoundCell] = []
    for cell in sorted(cells, key=lambda cell: -cell.score):
        if not any(_is_same(cell, other) for other in kept):
            kept.append(cell)
    return tuple(kept)


def _is_same(cell: FoundCell, other: FoundCell) -> bool:
    dx, dy = abs(cell.x_px - other.x_px), abs(cell.y_px - other.y_px)
    widest = max(cell.width_px, other.width_px)
    highest = max(cell.height_px, other.height_px)
    if np.hypot(dx / widest, dy / highest) < NEAR:
        return True
    shared_x = max(
        0.0, min(cell.width_px, other.width_px, (cell.width_px + other.width_px) / 2 - dx)
    )
    shared_y = max(
        0.0, min(cell.height_px, other.height_px, (cell.height_px + other.height_px) / 2 - dy)
    )
    smaller = min(cell.width_px * cell.height_px, other.width_px * other.height_px)
    return shared_x * shared_y > COVERED * smaller
