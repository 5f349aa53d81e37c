"""Single cells that were cut out and laid on black, as some data sets publish them.

No erythrocyte, no glass and no light can be read off such an image. The black is therefore replaced
by a plain smear background, which is as bright as the stain of the cell's own nucleus lets expect.
Training, app and quality check see the same image, since all of them call this.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.white_balance import BACKGROUND_LEVEL

NEARLY_BLACK: Final = 20
"""A pixel whose strongest color is at most this, in grey levels, is black; JPEG blurs a pure 0."""

MIN_BLACK_BORDER: Final = 0.7
"""Share of the image's outermost pixels that is black."""

MIN_BLACK_SHARE: Final = 0.15
"""Share of the image that is black and touches its border; a disk in its square leaves 0.21."""

MIN_CELL_SHARE: Final = 0.01
"""Share of the image that the cell takes."""

MAX_REST: Final = 0.1
"""Area of everything else that is not black, in areas of the cell: there is one cell."""

MIN_STAINED_SHARE: Final = 0.35
"""Share of the cell with nuclear stain."""

MAX_DISK: Final = 0.975
"""Share of its smallest circle that the cell fills at most: an eyepiece's field fills it all."""

MAX_RECTANGLE: Final = 0.93
"""Share of its smallest rectangle, likewise: a picture in a black frame fills it all."""

STAIN_MARGIN: Final = 0.1
"""How much less green than red and blue a stained pixel has, in shares of its strongest color."""

MIN_BLUE_OVER_RED: Final = 0.85
"""Blue over red of a stained pixel; erythrocytes and eosin are redder."""

NUCLEUS_TRANSMITTANCE: Final = 0.49
"""Brightness of a nucleus over that of the empty background: median over ten laboratories."""

RIM: Final = 0.01
"""How far the cell's rim is blended into the new background, in diameters of the cell."""

_LOOK_SIDE_PX: Final = 512
_LEAST_SIDE_PX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutOutCell:
    """A cell on black.

    Attributes:
        mask: bool (height, width) of the image, read-only: the cell, without holes.
        box: the cell's outline, in pixels of the image.
    """

    mask: NDArray[np.bool_]
    box: CellBox

    @property
    def diameter_px(self) -> float:
        """Diameter of a disk of the cell's area, in pixels of the image."""
        return float(2 * np.sqrt(np.count_nonzero(self.mask) / np.pi))


def find_cut_out_cell(image: RgbImage) -> CutOutCell | None:
    """Recognize a single stained cell that was laid on black.

    Args:
        image: uint8 (height, width, 3), of any size.

    Returns:
        The cell; None for any other image, among them fields seen through a round eyepiece.
    """
    if min(image.shape[:2]) < _LEAST_SIDE_PX or not _has_black_border(image):
        return None
    scale = min(1.0, _LOOK_SIDE_PX / max(image.shape[:2]))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    if min(size) < _LEAST_SIDE_PX:
        return None
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    outside = _outside(small)
    cell = _largest_part(~outside)
    n_cell, n_rest = np.count_nonzero(cell), np.count_nonzero(~outside & ~cell)
    if (
        outside.mean() < MIN_BLACK_SHARE
        or n_cell < MIN_CELL_SHARE * cell.size
        or n_rest > MAX_REST * n_cell
        or _is_stained(small[cell]).mean() < MIN_STAINED_SHARE
        or _is_cut_to_shape(cell)
    ):
        return None
    mask = cell if scale == 1 else _largest_part(~_outside(image))
    mask.flags.writeable = False
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = CellBox(
        x0=int(columns[0]), y0=int(rows[0]), x1=int(columns[-1]) + 1, y1=int(rows[-1]) + 1
    )
    return CutOutCell(mask=mask, box=box)


def replace_background(image: RgbImage, cut_out: CutOutCell) -> RgbImage:
    """Lay a cut-out cell on a plain smear background, at the brightness of a balanced smear.

    The cell is brightened as a whole, so that its nucleus takes as much light out of the new
    background as nuclei usually do; its hue stays.

    Args:
        image: uint8 (height, width, 3), as :func:`find_cut_out_cell` took it; not modified.
        cut_out: the cell.

    Returns:
        A new image of the same size. Its background is :data:`BACKGROUND_LEVEL` in each channel.
    """
    pixels = image[cut_out.mask]
    brightness = pixels.mean(axis=1)
    stained = brightness[_is_stained(pixels)]
    nucleus = float(np.median(stained if stained.size else brightness))
    # No part of a cell lets more light through than the glass beside it.
    glass = max(nucleus / NUCLEUS_TRANSMITTANCE, float(np.quantile(brightness, 0.99)), 1.0)
    rim_px = max(1, round(RIM * cut_out.diameter_px))
    # The outermost pixels are mixed with black wherever the image was reduced or compressed.
    inner = cv2.erode(
        np.pad(cut_out.mask.astype(np.float32), rim_px + 1),
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim_px + 3, 2 * rim_px + 3)),
    )
    share = cv2.GaussianBlur(inner, (0, 0), rim_px)[
        rim_px + 1 : -rim_px - 1, rim_px + 1 : -rim_px - 1
    ]
    cell = np.minimum(image * np.float32(BACKGROUND_LEVEL / glass), 255)
    laid = cell * share[..., None] + np.float32(BACKGROUND_LEVEL) * (1 - share[..., None])
    return np.asarray(laid + 0.5, np.uint8)


def lay_on_smear(image: RgbImage) -> RgbImage:
    """The image itself, or the cut-out cell that it shows on a plain smear background.

    Args:
        image: uint8 (height, width, 3), of any kind; not modified.
    """
    cut_out = find_cut_out_cell(image)
    return image if cut_out is None else replace_background(image, cut_out)


def _has_black_border(image: RgbImage) -> bool:
    """Whether enough of the outermost pixels is black; all that most images cost."""
    lines = (image[0], image[-1], image[:, 0], image[:, -1])
    border = np.concatenate(lines).max(axis=1)
    return float((border <= NEARLY_BLACK).mean()) >= MIN_BLACK_BORDER


def _outside(image: RgbImage) -> NDArray[np.bool_]:
    """Black pixels that hang together with the border of the image."""
    first, second, third = cv2.split(image)
    is_black = cv2.max(cv2.max(first, second), third) <= NEARLY_BLACK
    _, parts = cv2.connectedComponents(is_black.astype(np.uint8), connectivity=4)
    at_border = np.unique(np.concatenate((parts[0], parts[-1], parts[:, 0], parts[:, -1])))
    return np.isin(parts, at_border[at_border > 0])


def _largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    n_parts, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if n_parts < 2:
        return np.zeros_like(mask)
    return np.asarray(parts == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()), np.bool_)


def _is_cut_to_shape(cell: NDArray[np.bool_]) -> bool:
    """Whether the outline is a circle or a rectangle, which an instrument draws and no cell has."""
    outlines, _ = cv2.findContours(
        cell.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    area = np.count_nonzero(cell)
    _, radius = cv2.minEnclosingCircle(outlines[0])
    _, (width, height), _ = cv2.minAreaRect(outlines[0])
    is_disk = area > MAX_DISK * np.pi * radius**2
    return bool(is_disk or area > MAX_RECTANGLE * (width + 1) * (height + 1))


def _is_stained(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels, uint8 (pixels, 3), have the blue-violet of stained nuclei, however dark."""
    red, green, blue = (pixels[:, channel].astype(np.float32) for channel in range(3))
    is_violet = np.minimum(red, blue) - green > STAIN_MARGIN * np.maximum(red, blue)
    return np.asarray(is_violet & (blue > MIN_BLUE_OVER_RED * red), np.bool_)
