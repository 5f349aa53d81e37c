"""Pictures made ready for the large view, encoded once for each session and image."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import streamlit as st
from PIL import Image

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.overlay import ColorMap, draw_heat_layer
from leukapp.inference.heatmap import Heatmap
from leukapp.ui.microscope.mount import PictureFormat
from leukapp.ui.picture import LOSSLESS_SIDE_PX, fit_for_screen

MAX_SIDE_PX: Final = 2400
HEAT_SIDE_PX: Final = 480
JPEG_QUALITY: Final = 90
TILE_PX: Final = 112


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPicture:
    """A picture as a file.

    Attributes:
        data: the file.
        picture_format: of the file.
    """

    data: bytes
    picture_format: PictureFormat


@st.cache_data(scope="session", max_entries=8, show_spinner=False)
def encode_photo(name: str, _image: RgbImage) -> EncodedPicture:
    """Shrink and encode a photograph; small ones without a loss.

    Args:
        name: of the image and how it was changed; the same name is the same picture.
        _image: uint8 (height, width, 3).
    """
    image = fit_for_screen(_image, max_side_px=MAX_SIDE_PX)
    if max(image.shape[:2]) <= LOSSLESS_SIDE_PX:
        return EncodedPicture(data=_encode(image, "PNG"), picture_format="PNG")
    return EncodedPicture(data=_encode(image, "JPEG"), picture_format="JPEG")


def encode_heat(
    heatmap: Heatmap, size_px: tuple[int, int], *, threshold: float, color_map: ColorMap
) -> EncodedPicture:
    """Draw heat as a layer that can be faded over the picture.

    Args:
        heatmap: not blank.
        size_px: height and width of the image.
        threshold: heat below this is not drawn, 0-1.
        color_map: one of ``COLOR_MAPS``.
    """
    factor = min(1.0, HEAT_SIDE_PX / max(size_px))
    height, width = (max(1, round(side * factor)) for side in size_px)
    layer = draw_heat_layer(
        heatmap.values, height_px=height, width_px=width, threshold=threshold, color_map=color_map
    )
    return EncodedPicture(data=_encode(layer, "PNG"), picture_format="PNG")


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def encode_sheet(
    name: str, _image: RgbImage, _boxes: tuple[CellBox, ...], *, n_columns: int
) -> EncodedPicture:
    """Lay the windows of all cells out on one sheet, in the colors of the photograph.

    Args:
        name: of the image and its bundle; the same name is the same sheet.
        _image: uint8 (height, width, 3).
        _boxes: of the cells, at least one.
        n_columns: of the sheet.
    """
    n_rows = -(-len(_boxes) // n_columns)
    sheet = np.full((n_rows * TILE_PX, n_columns * TILE_PX, 3), 255, np.uint8)
    for index, box in enumerate(_boxes):
        row, column = divmod(index, n_columns)
        window = fit_for_screen(_image[box.y0 : box.y1, box.x0 : box.x1], max_side_px=TILE_PX)
        height, width = window.shape[:2]
        top, left = row * TILE_PX, column * TILE_PX
        sheet[top : top + height, left : left + width] = window
    return EncodedPicture(data=_encode(sheet, "JPEG"), picture_format="JPEG")


def _encode(image: RgbImage, picture_format: PictureFormat) -> bytes:
    """Encode RGB, or RGBA where there are four channels."""
    buffer = io.BytesIO()
    options = {"quality": JPEG_QUALITY} if picture_format == "JPEG" else {"compress_level": 1}
    Image.fromarray(image).save(buffer, format=picture_format, **options)
    return buffer.getvalue()
