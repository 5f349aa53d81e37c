"""Cells as a network found them: reading its answers, and each cell once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

HEAT, SIZE_OF_LEUKOCYTE, SIZE_OF_ERYTHROCYTE = slice(0, 2), slice(2, 4), slice(4, 6)
"""Channels of an answer: logits of a leukocyte's and an erythrocyte's middle, then logarithms of
their width and height in pixels of the network's input."""

STRIDE_PX: Final = 4
"""Pixels of the input from one place of an answer to the next."""

NEAR: Final = 0.4
"""Middles nearer than this, in boxes, are of one cell."""

COVERED: Final = 0.55
"""A box of which another one covers more than this is of the same cell."""

WHOLE: Final = 1.0
"""A leukocyte is at least this large, in erythrocyte diameters; a lobe of a nucleus is smaller."""

LARGER: Final = 1.2
"""So much larger, in diameters, is a cell than one of its lobes."""

AS_SURE: Final = 0.6
"""A cell hides its lobes if its score is at least this share of theirs."""

AS_SURE_OF_PARTS: Final = 0.4
"""A box around several whole cells is none if their scores are at least this share of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCell:
    """A cell: middle and box in pixels of the image; score 0-1."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    score: float

    @property
    def diameter_px(self) -> float:
        """Diameter of a disk as large as the ellipse in the box."""
        return float(np.sqrt(self.width_px * self.height_px))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCells:
    """What an image shows, the surest first."""

    leukocytes: tuple[FoundCell, ...]
    erythrocytes: tuple[FoundCell, ...]


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


def each_once(
    cells: Iterable[FoundCell], *, erythrocyte_px: float | None = None
) -> tuple[FoundCell, ...]:
    """Keep one box a cell, the surest first.

    Lobes of a nucleus go with their whole cell, a box around touching cells goes for them.

    Args:
        cells: as found, several times each.
        erythrocyte_px: usual diameter; tells a lobe from a cell. None takes the larger box.
    """
    by_score = sorted(cells, key=lambda cell: -cell.score)
    if not by_score:
        return ()
    score = np.array([cell.score for cell in by_score])
    diameter = np.array([cell.diameter_px for cell in by_score])
    is_same, lies_in = _compare(by_score)
    # Row: the cell. Column: the larger one that it may be a lobe of.
    is_lobe = (
        (diameter > LARGER * diameter[:, None]) & (score >= AS_SURE * score[:, None]) & is_same
    ).any(axis=1)
    if erythrocyte_px is None:
        return tuple(by_score[index] for index in _greedy(np.flatnonzero(~is_lobe), is_same))
    is_whole = diameter >= WHOLE * erythrocyte_px
    counts = is_whole | ~is_lobe
    # Row: the box. Column: a whole cell in it.
    is_part = (
        (diameter[:, None] > LARGER * diameter)
        & (score >= AS_SURE_OF_PARTS * score[:, None])
        & lies_in.T
        & is_whole
    )
    for box in np.flatnonzero(is_part.sum(axis=1) > 1):
        counts[box] &= len(_greedy(np.flatnonzero(is_part[box]), is_same)) < 2
    return tuple(by_score[index] for index in _greedy(np.flatnonzero(counts), is_same))


def _compare(cells: Sequence[FoundCell]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pairs are one cell, and which cell (row) lies in which box (column)."""
    middle = np.array([(cell.x_px, cell.y_px) for cell in cells])
    side = np.array([(cell.width_px, cell.height_px) for cell in cells])
    distance = np.abs(middle[:, None] - middle[None])
    widest = np.maximum(side[:, None], side[None])
    is_near = np.hypot(*np.moveaxis(distance / widest, -1, 0)) < NEAR
    smaller = np.minimum(side[:, None], side[None])
    shared = np.clip(
        np.minimum(smaller, (side[:, None] + side[None]) / 2 - distance), 0, None
    ).prod(axis=-1)
    area = side.prod(axis=-1)
    is_covered = shared > COVERED * np.minimum(area[:, None], area[None])
    return is_near | is_covered, shared > COVERED * area[:, None]


def _greedy(by_score: NDArray[np.intp], is_same: NDArray[np.bool_]) -> list[int]:
    """Of those that are one cell, the surest."""
    kept: list[int] = []
    for index in by_score:
        if not is_same[index, kept].any():
            kept.append(int(index))
    return kept


def measure_diameter(erythrocytes: Sequence[FoundCell], *, least: int) -> float | None:
    """Usual diameter of an image's erythrocytes, in its pixels: half of their area is in larger.

    Args:
        erythrocytes: found ones; specks among them hardly count, since they have little area.
        least: fewer give no diameter.

    Returns:
        The diameter; None where there are too few.
    """
    if len(erythrocytes) < least:
        return None
    return _middle_of_area(erythrocytes, [cell.diameter_px for cell in erythrocytes])


def measure_squash(erythrocytes: Sequence[FoundCell], *, least: int) -> float:
    """How much wider than high erythrocytes are; below 1 where an image was squashed sideways.

    Args:
        erythrocytes: found ones.
        least: fewer give 1.
    """
    if len(erythrocytes) < least:
        return 1.0
    return _middle_of_area(erythrocytes, [cell.width_px / cell.height_px for cell in erythrocytes])


def _middle_of_area(cells: Sequence[FoundCell], values: Sequence[float]) -> float:
    """Median of a value over cells that count by their areas."""
    order = np.argsort(values)
    areas = np.cumsum([cells[index].diameter_px ** 2 for index in order])
    return float(values[order[int(np.searchsorted(areas, areas[-1] / 2))]])
