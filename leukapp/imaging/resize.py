"""From an image to what a branch takes: enhanced at full size, then squeezed to a square."""

from dataclasses import dataclass

import cv2
import numpy as np

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.enhance import EnhancementConfig, enhance_image


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedInputs:
    """An enhanced image and its inputs.

    Attributes:
        enhanced: uint8 (height, width, 3) at the size of the original.
        inputs: uint8 (size, size, 3), one for each size asked for.
    """

    enhanced: RgbImage
    inputs: tuple[RgbImage, ...]


def resize_image(image: RgbImage, size_px: int) -> RgbImage:
    """Squeeze an image to a square, as the paper does; the aspect ratio is not kept.

    Args:
        image: uint8 (height, width, 3).
        size_px: side of the result in pixels.

    Returns:
        A new image, uint8 (size_px, size_px, 3): area means when shrinking, linear when enlarging.
    """
    is_shrinking = min(image.shape[:2]) >= size_px
    interpolation = cv2.INTER_AREA if is_shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=interpolation), np.uint8)


def prepare_inputs(
    image: RgbImage, enhancement: EnhancementConfig, sizes_px: tuple[int, ...]
) -> PreparedInputs:
    """Enhance once and resize for every branch; training and diagnosing both call this.

    Args:
        image: uint8 (height, width, 3).
        enhancement: that of the preset.
        sizes_px: input side of each branch in pixels.

    Returns:
        The enhanced image and one input a size.
    """
    enhanced = enhance_image(image, enhancement)
    by_size = {size_px: resize_image(enhanced, size_px) for size_px in set(sizes_px)}
    return PreparedInputs(enhanced=enhanced, inputs=tuple(by_size[size] for size in sizes_px))
