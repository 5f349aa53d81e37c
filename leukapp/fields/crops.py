"""Square crops around leukocytes, all at one scale and white balance."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from leukapp.fields.learned_finder import LearnedFinder
from leukapp.fields.leukocytes import FindMode, Leukocyte, find_leukocytes
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.cell_crop import CROP_PX, ERYTHROCYTES_A_WINDOW
from leukapp.imaging.cut_out_cell import CutOutCell, find_cut_out_cell, replace_background
from leukapp.imaging.white_balance import BACKGROUND_LEVEL, balance_white, measure_background

ERYTHROCYTES_A_LEUKOCYTE: Final = 1.75
"""Diameter of a cut-out cell in erythrocytes that were not cut out with it (about 13 um)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCrop:
    """One leukocyte as the network sees it.

    Attributes:
        image: uint8 (CROP_PX, CROP_PX, 3), white-balanced, read-only.
        box: the crop's window in the original, cut at its edges.
        nucleus_px: diameter of a disk of the nucleus' area, in pixels of the original; of a
            cut-out cell, of the whole cell.
    """

    image: RgbImage
    box: CellBox
    nucleus_px: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutImage:
    """The cells of an image.

    Attributes:
        mode: ``cell`` for a photograph of one cell, ``field`` for more of the smear, ``segmented``
            for a cell cut out on black, whatever mode was asked for.
        erythrocyte_px: scale of the original; None where nothing gives one, as in ``segmented``,
            where the cell's own outline takes its place.
        background: color of the empty background, as :func:`measure_background` gives it; of a
            cut-out cell, what was laid around it.
        crops: from left to right; none where no leukocyte was found.
        squash: how much wider than high round cells are in the original; 1 where it was not
            squashed.
    """

    mode: Literal["cell", "field", "segmented"]
    erythrocyte_px: float | None
    background: tuple[float, float, float]
    crops: tuple[CellCrop, ...]
    squash: float = 1.0


def cut_cells(
    image: RgbImage, *, mode: FindMode = "auto", finder: LearnedFinder | None = None
) -> CutImage:
    """Find the leukocytes of an image and cut each out at one scale.

    Args:
        image: uint8 (height, width, 3), a field or a photograph of one cell.
        mode: as :func:`find_leukocytes` takes it.
        finder: of the bundle; None finds by the rules of :func:`find_leukocytes`.

    Returns:
        Crops of :data:`CROP_PX` a side that span :data:`ERYTHROCYTES_A_WINDOW` erythrocytes.
    """
    cut_out = find_cut_out_cell(image)
    if cut_out is not None:
        return _cut_segmented(image, cut_out)
    find = find_leukocytes if finder is None else finder.find
    found = find(image, mode=mode)
    background = measure_background(image)
    if found.erythrocyte_px is None:
        return CutImage(mode=found.mode, erythrocyte_px=None, background=background, crops=())
    return CutImage(
        mode=found.mode,
        erythrocyte_px=found.erythrocyte_px,
        background=background,
        crops=tuple(
            _cut_one(image, cell, found.erythrocyte_px, background, squash=found.squash)
            for cell in found.leukocytes
        ),
        squash=found.squash,
    )


def window_around(
    x_px: float,
    y_px: float,
    erythrocyte_px: float,
    size_px: tuple[int, int],
    *,
    squash: float = 1.0,
) -> CellBox:
    """The window of a cell that a reader marked, as large as those of cells that were found.

    Args:
        x_px: of its middle, in pixels of the image.
        y_px: of its middle.
        erythrocyte_px: scale of the image.
        size_px: height and width of the image; the window is cut at its edges.
        squash: of the image, as :class:`CutImage` has it.
    """
    size = _window_size(erythrocyte_px, squash)
    left, top = round(x_px - size[0] / 2), round(y_px - size[1] / 2)
    return _cut_at_edges(left, top, size, size_px)


def cut_marked(
    image: RgbImage, box: CellBox, erythrocyte_px: float, *, squash: float = 1.0
) -> RgbImage:
    """Cut out a cell that a reader marked as :func:`cut_cells` does those that it finds.

    Args:
        image: uint8 (height, width, 3), the field.
        box: of :func:`window_around` in this image.
        erythrocyte_px: scale of the image.
        squash: of the image, as :class:`CutImage` has it.

    Returns:
        White-balanced crop, uint8 (CROP_PX, CROP_PX, 3), read-only.
    """
    size = _window_size(erythrocyte_px, squash)
    # A window that was cut at the left or upper edge is whole as seen from its other side.
    left = box.x0 if box.x0 > 0 else box.x1 - size[0]
    top = box.y0 if box.y0 > 0 else box.y1 - size[1]
    background = measure_background(image)
    return _balanced(image, left, top, size, background)


def _cut_segmented(image: RgbImage, cut_out: CutOutCell) -> CutImage:
    """The crop of a cell on black; its own outline gives the scale."""
    background = (BACKGROUND_LEVEL,) * 3
    rows, columns = np.nonzero(cut_out.mask)
    cell = Leukocyte(
        x_px=float(columns.mean()) + 0.5,
        y_px=float(rows.mean()) + 0.5,
        nucleus_px=cut_out.diameter_px,
    )
    erythrocyte_px = cut_out.diameter_px / ERYTHROCYTES_A_LEUKOCYTE
    on_smear = replace_background(image, cut_out)
    return CutImage(
        mode="segmented",
        erythrocyte_px=None,
        background=background,
        crops=(_cut_one(on_smear, cell, erythrocyte_px, background),),
    )


def _cut_one(
    image: RgbImage,
    cell: Leukocyte,
    erythrocyte_px: float,
    background: tuple[float, float, float],
    *,
    squash: float = 1.0,
) -> CellCrop:
    size = _window_size(erythrocyte_px, squash)
    left, top = round(cell.x_px - size[0] / 2), round(cell.y_px - size[1] / 2)
    height, width = image.shape[:2]
    return CellCrop(
        image=_balanced(image, left, top, size, background),
        box=_cut_at_edges(left, top, size, (height, width)),
        nucleus_px=cell.nucleus_px,
    )


def _window_size(erythrocyte_px: float, squash: float) -> tuple[int, int]:
    """Width and height; a squashed cell gets a window as squashed, and is round in its crop."""
    stretch = float(np.sqrt(squash))
    window_px = ERYTHROCYTES_A_WINDOW * erythrocyte_px
    return max(8, round(window_px * stretch)), max(8, round(window_px / stretch))


def _cut_at_edges(left: int, top: int, size: tuple[int, int], image_px: tuple[int, int]) -> CellBox:
    """A window without what lies outside an image of this height and width."""
    height, width = image_px
    return CellBox(
        x0=max(0, left),
        y0=max(0, top),
        x1=min(width, left + size[0]),
        y1=min(height, top + size[1]),
    )


def _balanced(
    image: RgbImage,
    left: int,
    top: int,
    size: tuple[int, int],
    background: tuple[float, float, float],
) -> RgbImage:
    pixels = balance_white(_window(image, left, top, size, background), background)
    pixels.flags.writeable = False
    return pixels


def _window(
    image: RgbImage,
    left: int,
    top: int,
    size: tuple[int, int],
    background: tuple[float, float, float],
) -> RgbImage:
    """A window of the image at crop size; what lies outside the image is empty background."""
    height, width = image.shape[:2]
    rows = slice(max(0, top), min(height, top + size[1]))
    columns = slice(max(0, left), min(width, left + size[0]))
    window = image[rows, columns]
    if window.shape[:2] != (size[1], size[0]):
        window = np.empty((size[1], size[0], 3), np.uint8)
        window[:] = np.asarray(background, np.uint8)
        window[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = (
            image[rows, columns]
        )
    interpolation = cv2.INTER_AREA if max(size) > CROP_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(window, (CROP_PX, CROP_PX), interpolation=interpolation), np.uint8)


__all__ = ["CellBox", "CellCrop", "CutImage", "cut_cells", "cut_marked", "window_around"]
