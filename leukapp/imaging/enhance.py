"""The paper's enhancement: brighten, stretch, sharpen; one table look-up and one filter."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage

SHARPEN_KERNEL: Final = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnhancementConfig:
    """Settings of the enhancement; the defaults are the paper's.

    Attributes:
        order: the text leaves open whether the code was (x + 30) * 1.4 or 1.4 * x + 30.
        offset: added to every pixel, in grey levels.
        gain: factor of every pixel.
        sharpen: filter with the 3x3 sharpening kernel after that.
        is_on: False hands the image on as it is.
    """

    order: Literal["add_then_scale", "scale_then_add"] = "add_then_scale"
    offset: int = 30
    gain: float = 1.4
    sharpen: bool = True
    is_on: bool = True


def enhance_image(image: RgbImage, config: EnhancementConfig = EnhancementConfig()) -> RgbImage:
    """Enhance an image.

    Values saturate at 0 and 255 after each step and are rounded half to even, as OpenCV does; at
    the border the filter sees the image mirrored.

    Args:
        image: uint8 (height, width, 3), not modified.
        config: settings; a bundle records those it was trained with.

    Returns:
        A new image, uint8 (height, width, 3).

    Source:
        DESIGN section 1; Himel et al., IEEE Access 2024, preprocessing.
    """
    if not config.is_on:
        return image.copy()
    stretched = cv2.LUT(image, _level_table(config.order, config.offset, config.gain))
    if not config.sharpen:
        return np.asarray(stretched, np.uint8)
    return np.asarray(cv2.filter2D(stretched, -1, SHARPEN_KERNEL), np.uint8)


@lru_cache(maxsize=16)
def _level_table(order: str, offset: int, gain: float) -> NDArray[np.uint8]:
    levels = np.arange(256, dtype=np.float64)
    if order == "add_then_scale":
        values = _saturate(_saturate(levels + offset) * gain)
    else:
        values = _saturate(_saturate(levels * gain) + offset)
    return values.astype(np.uint8)


def _saturate(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(values), 0, 255)
