"""The changes that must not change an answer."""

from collections.abc import Callable
from functools import partial
from typing import Final

import cv2
import numpy as np

from leukapp.imaging.arrays import RgbImage

FRAME: Final = 0.1
"""Of each side, how much frame is taken away or added."""


def change_size(image: RgbImage, factor: float) -> bytes:
    """The image at another pixel size, as PNG."""
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image, None, fx=factor, fy=factor, interpolation=interpolation)
    return encode(np.asarray(resized, np.uint8))


def compress(image: RgbImage, quality: int) -> bytes:
    """The image as JPEG."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def take_frame(image: RgbImage) -> bytes:
    """The image with less around its middle, as PNG."""
    rows, columns = _frame_px(image)
    return encode(image[rows : image.shape[0] - rows, columns : image.shape[1] - columns])


def add_frame(image: RgbImage) -> bytes:
    """The image with more around it, mirrored at its border, as PNG."""
    rows, columns = _frame_px(image)
    wider = cv2.copyMakeBorder(image, rows, rows, columns, columns, cv2.BORDER_REFLECT_101)
    return encode(np.asarray(wider, np.uint8))


def encode(image: RgbImage) -> bytes:
    """The image as PNG, without a loss."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))[1].tobytes())


CHANGES: Final[dict[str, Callable[[RgbImage], bytes]]] = {
    "JPEG 60": partial(compress, quality=60),
    "JPEG 80": partial(compress, quality=80),
    "JPEG 100": partial(compress, quality=100),
    "0.5x": partial(change_size, factor=0.5),
    "0.7x": partial(change_size, factor=0.7),
    "1.4x": partial(change_size, factor=1.4),
    "2x": partial(change_size, factor=2.0),
    "10 % less frame": take_frame,
    "10 % more frame": add_frame,
}


def _frame_px(image: RgbImage) -> tuple[int, int]:
    """Half of the frame above and left."""
    return round(FRAME / 2 * image.shape[0]), round(FRAME / 2 * image.shape[1])
