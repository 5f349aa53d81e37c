"""Square crops around leukocytes, all at one scale and white balance."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukapp.fields.leukocytes import FindMode, find_leukocytes
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_crop import CROP_PX, ERYTHROCYTES_A_WINDOW
from leukapp.imaging.white_balance import balance_white, measure_background


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBox:
    """Where a crop lies in the original, in its pixels; the right and lower edge are outside."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCrop:
    """One leukocyte as the network sees it.

    Attributes:
        image: uint8 (CROP_PX, CROP_PX, 3), white-balanced, read-only.
        box: the crop's window in the original, cut at its edges.
        nucleus_px: diameter of a disk of the nucleus' area, in pixels of the original.
    """

    image: RgbImage
    box: CellBox
    nucleus_px: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutImage:
    """The cells of an image.

    Attributes:
        mode: ``cell`` for a photograph of one cell, ``field`` for more of the smear.
        erythrocyte_px: scale of the original; None where nothing gives one.
        background: color of the empty background, as :func:`measure_background` gives it.
        crops: from left to right; none where no leukocyte was found.
    """

    mode: Literal["cell", "field"]
    erythrocyte_px: float | None
    background: tuple[float, float, float]
    crops: tuple[CellCrop, ...]


def cut_cells(image: RgbImage, *, mode: FindMode = "auto") -> CutImage:
    """Find the leukocytes of an image and cut each out at one scale.

    Args:
        image: uint8 (height, width, 3), a field or a photograph of one cell.
        mode: as :func:`find_leukocytes` takes it.

    Returns:
        Crops of :data:`CROP_PX` a side that span :data:`ERYTHROCYTES_A_WINDOW` erythrocytes.
    """
    found = find_leukocytes(image, mode=mode)
    background = measure_background(image)
    if found.erythrocyte_px is None:
        return CutImage(mode=found.mode, erythrocyte_px=None, background=background, crops=())
    window_px = max(8, round(ERYTHROCYTES_A_WINDOW * found.erythrocyte_px))
    crops = []
    for cell in found.leukocytes:
        left, top = round(cell.x_px - window_px / 2), round(cell.y_px - window_px / 2)
        pixels = balance_white(_window(image, left, top, window_px, background), background)
        pixels.flags.writeable = False
        box = CellBox(
            x0=max(0, left),
            y0=max(0, top),
            x1=min(image.shape[1], left + window_px),
            y1=min(image.shape[0], top + window_px),
        )
        crops.append(CellCrop(image=pixels, box=box, nucleus_px=cell.nucleus_px))
    return CutImage(
        mode=found.mode,
        erythrocyte_px=found.erythrocyte_px,
        background=background,
        crops=tuple(crops),
    )


def _window(
    image: RgbImage, left: int, top: int, side_px: int, background: tuple[float, float, float]
) -> RgbImage:
    """A square of the image at crop size; what lies outside the image is empty background."""
    height, width = image.shape[:2]
    square = np.empty((side_px, side_px, 3), np.uint8)
    square[:] = np.asarray(background, np.uint8)
    rows = slice(max(0, top), min(height, top + side_px))
    columns = slice(max(0, left), min(width, left + side_px))
    square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = image[
        rows, columns
    ]
    interpolation = cv2.INTER_AREA if side_px > CROP_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (CROP_PX, CROP_PX), interpolation=interpolation), np.uint8)


__all__ = ["CellBox", "CellCrop", "CutImage", "cut_cells"]
