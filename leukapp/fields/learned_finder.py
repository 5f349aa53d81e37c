"""Finding leukocytes with a network: an image looked at from near and far, each cell once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.fields.found_cells import (
    HEAT,
    SIZE_OF_ERYTHROCYTE,
    SIZE_OF_LEUKOCYTE,
    STRIDE_PX,
    FoundCell,
    FoundCells,
    each_once,
    find_peaks,
    measure_diameter,
    measure_squash,
)
from leukapp.fields.leukocytes import FindMode, FoundLeukocytes, Leukocyte, choose_leukocytes
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.white_balance import measure_background

LookNetwork = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From float32 (1, side, side, 3), RGB 0-255, to float32 (side / 4, side / 4, 6)."""

LEARNED_VERSION: Final = 4
"""Raise it with every change of what is found with the same weights."""

SIDES_PX: Final = (128, 256, 512)
"""Longest sides at which an image is looked at, so that a cell may fill it or be a speck in it."""

CELL_RANGES_PX: Final = ((50.0, np.inf), (35.0, 110.0), (0.0, 100.0))
"""Sizes of a cell, in pixels of the reduced image, that each look may report."""

ERYTHROCYTE_PART: Final = 0.7
"""Erythrocytes are smaller: their ranges are those of leukocytes times this."""

MIN_CANDIDATE: Final = 0.2
MIN_ERYTHROCYTE: Final = 0.35
MIN_SCORE: Final = 0.25
"""From here on a candidate counts as a leukocyte."""

LEAST_LEUKOCYTE: Final = 0.5
"""A smaller leukocyte, in erythrocyte diameters, is a platelet or debris."""

SCORE_WEIGHTS: Final = (1.7, 5.8, -4.3)
"""Of the logit of the network's score, of the nuclear stain, and a constant: fitted once
by a logistic regression on the fields with boxes (experiments/README.md)."""

USUAL_STAIN: Final = 0.6
"""Nuclear stain where no erythrocytes are there to compare with."""

LEAST_CONTRAST: Final = 0.25
"""Optical density between erythrocytes and the darkest nuclei of a stain, at least."""

LEUKOCYTE_DIAMETER: Final = 1.9
"""Usual diameter of a leukocyte, in erythrocyte diameters, where the image shows none of these."""

ERYTHROCYTE_RANGE: Final = (0.3, 1.2)
"""Diameter of an erythrocyte in those of the image's leukocytes; what is smaller is a speck."""

LEAST_FOR_SCALE: Final = 2
LEAST_FOR_SQUASH: Final = 6
LEAST_SQUASH: Final = 0.15
"""Erythrocytes that are less squashed, as the logarithm of width by height, count as round."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedFinder:
    """Finds leukocytes with a trained network.

    Attributes:
        sha256: of its weights, hexadecimal.
        looks: the network for each of ``SIDES_PX``.
    """

    sha256: str
    looks: Mapping[int, LookNetwork]

    def find(self, image: RgbImage, *, mode: FindMode = "auto") -> FoundLeukocytes:
        """Find the leukocytes of an image and its scale; as ``find_leukocytes``.

        Args:
            image: uint8 (height, width, 3), of any size.
            mode: ``cell`` takes the leukocyte in the middle alone, ``field`` takes all, ``auto``
                decides by how many erythrocytes the image is wide.
        """
        found = self.find_cells(image)
        cells = [cell for cell in found.leukocytes if cell.score >= MIN_SCORE]
        erythrocyte_px = _read_scale(cells, found.erythrocytes)
        if erythrocyte_px is None:
            return FoundLeukocytes(mode="field", erythrocyte_px=None, leukocytes=())
        squash = measure_squash(found.erythrocytes, least=LEAST_FOR_SQUASH)
        leukocytes = tuple(
            Leukocyte(x_px=cell.x_px, y_px=cell.y_px, nucleus_px=cell.diameter_px)
            for cell in sorted(cells, key=lambda cell: (cell.x_px, cell.y_px))
        )
        return choose_leukocytes(
            leukocytes,
            erythrocyte_px,
            size_px=(image.shape[0], image.shape[1]),
            mode=mode,
            squash=squash if abs(np.log(squash)) >= LEAST_SQUASH else 1.0,
        )

    def find_cells(self, image: RgbImage) -> FoundCells:
        """Find leukocytes and erythrocytes with their boxes and scores.

        Args:
            image: uint8 (height, width, 3), of any size.
        """
        candidates: list[FoundCell] = []
        erythrocytes: list[FoundCell] = []
        for side_px, sizes_px in zip(SIDES_PX, CELL_RANGES_PX, strict=True):
            answer, scale = _look(self.looks[side_px], image, side_px)
            heat = answer[..., HEAT]
            candidates += find_peaks(
                heat[..., 0],
                answer[..., SIZE_OF_LEUKOCYTE],
                scale=scale,
                min_score=MIN_CANDIDATE,
                sizes_px=sizes_px,
            )
            erythrocytes += find_peaks(
                heat[..., 1],
                answer[..., SIZE_OF_ERYTHROCYTE],
                scale=scale,
                min_score=MIN_ERYTHROCYTE,
                sizes_px=(sizes_px[0] * ERYTHROCYTE_PART, sizes_px[1] * ERYTHROCYTE_PART),
            )
        kept = each_once(erythrocytes)
        erythrocyte_px = measure_diameter(kept, least=LEAST_FOR_SCALE)
        if erythrocyte_px is not None:
            least_px = LEAST_LEUKOCYTE * erythrocyte_px
            candidates = [cell for cell in candidates if cell.diameter_px >= least_px]
        leukocytes = each_once(candidates, erythrocyte_px=erythrocyte_px)
        scored = _score_by_stain(image, leukocytes, kept)
        return FoundCells(
            leukocytes=tuple(sorted(scored, key=lambda cell: -cell.score)), erythrocytes=kept
        )


def _read_scale(leukocytes: Sequence[FoundCell], erythrocytes: Sequence[FoundCell]) -> float | None:
    """Erythrocyte diameter: of the erythrocytes that can be some, else what leukocytes suggest."""
    if not leukocytes:
        return measure_diameter(erythrocytes, least=LEAST_FOR_SCALE)
    leukocyte_px = float(np.median([cell.diameter_px for cell in leukocytes]))
    smallest, largest = (share * leukocyte_px for share in ERYTHROCYTE_RANGE)
    likely = [cell for cell in erythrocytes if smallest < cell.diameter_px < largest]
    return measure_diameter(likely, least=1) or leukocyte_px / LEUKOCYTE_DIAMETER


def _look(
    network: LookNetwork, image: RgbImage, side_px: int
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


def _score_by_stain(
    image: RgbImage, leukocytes: Sequence[FoundCell], erythrocytes: Sequence[FoundCell]
) -> list[FoundCell]:
    """Leukocytes with the network's score and the stain of their nuclei put together.

    A nucleus is darker in green light than the erythrocytes of its image, by a good part of what
    the darkest nuclei there are: a measure of its own scale, whatever stain and lamp.
    """
    weight, stain_weight, constant = SCORE_WEIGHTS
    stains = measure_nuclear_stain(image, leukocytes, erythrocytes)
    scored = []
    for cell, stain in zip(leukocytes, stains, strict=True):
        share = min(max(cell.score, 0.01), 0.99)
        logit = weight * np.log(share / (1 - share)) + stain_weight * stain + constant
        scored.append(replace(cell, score=float(1 / (1 + np.exp(-logit)))))
    return scored


def measure_nuclear_stain(
    image: RgbImage, leukocytes: Sequence[FoundCell], erythrocytes: Sequence[FoundCell]
) -> list[float]:
    """How dark the nucleus of each leukocyte is, 0 like erythrocytes to 1 like the darkest ones.

    Args:
        image: uint8 (height, width, 3).
        leukocytes: whose boxes are measured.
        erythrocytes: of the same image; too few give each leukocyte a usual value.
    """
    diameter_px = measure_diameter(erythrocytes, least=LEAST_FOR_SCALE + 1)
    if diameter_px is None:
        return [USUAL_STAIN] * len(leukocytes)
    background = measure_background(image)[1]
    levels = np.arange(256, dtype=np.float32)
    table = np.asarray(np.log(background + 1) - np.log(levels + 1), np.float32)
    green = image[..., 1]
    # Specks are no erythrocytes.
    pale = float(
        np.median(
            [
                _darkest_fifth(green, table, cell)
                for cell in erythrocytes
                if cell.diameter_px > diameter_px / 2
            ]
        )
    )
    contrast = max(LEAST_CONTRAST, _density_quantile(green[::3, ::3], table, 0.995) - pale)
    return [
        float(np.clip((_darkest_fifth(green, table, cell) - pale) / contrast, -0.3, 1.0))
        for cell in leukocytes
    ]


def _darkest_fifth(green: NDArray[np.uint8], table: NDArray[np.float32], cell: FoundCell) -> float:
    """Optical density that a fifth of the middle of a box exceeds."""
    half_width, half_height = 0.35 * cell.width_px, 0.35 * cell.height_px
    top, left = max(0, int(cell.y_px - half_height)), max(0, int(cell.x_px - half_width))
    box = green[top : int(cell.y_px + half_height) + 1, left : int(cell.x_px + half_width) + 1]
    return _density_quantile(box, table, 0.8) if box.size else 0.0


def _density_quantile(levels: NDArray[np.uint8], table: NDArray[np.float32], share: float) -> float:
    """``np.quantile(table[levels], share)`` by counting, much faster than by sorting.

    Args:
        levels: at least one, of any shape.
        table: density of each level, float32 (256,), falling.
        share: of the quantile, 0-1.
    """
    seen = np.cumsum(np.bincount(levels.ravel(), minlength=256)[::-1])
    rank = share * (levels.size - 1)
    ranks = np.minimum([int(rank), int(rank) + 1], levels.size - 1)
    nearest = table[255 - np.searchsorted(seen, ranks, side="right")]
    return float(np.quantile(nearest, rank - int(rank)))
