"""Boxes around cells, and how they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from leukapp.imaging.arrays import RgbImage


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBox:
    """Where a cell or its crop lies in an image, in its pixels; x1 and y1 are just outside."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBox:
    """A box and how it looks.

    Attributes:
        corners: left, upper, right and lower edge in pixels of the image.
        color: red, green, blue, 0-255.
        number: written at its upper left corner.
        is_chosen: drawn with a heavier line.
    """

    corners: tuple[int, int, int, int]
    color: tuple[int, int, int]
    number: int
    is_chosen: bool = False


def draw_boxes(image: RgbImage, boxes: Sequence[DrawnBox]) -> RgbImage:
    """Draw numbered boxes.

    Args:
        image: uint8 (height, width, 3); not modified.
        boxes: what to draw, the later over the earlier.

    Returns:
        A new image of the same size.
    """
    drawn = np.array(image)
    unit = max(image.shape[:2]) / 600
    for box in sorted(boxes, key=lambda one: one.is_chosen):
        left, top, right, bottom = box.corners
        width = max(1, round((4 if box.is_chosen else 2) * unit))
        cv2.rectangle(drawn, (left, top), (right - 1, bottom - 1), (255, 255, 255), width + 2)
        cv2.rectangle(drawn, (left, top), (right - 1, bottom - 1), box.color, width)
        text, scale = str(box.number), 0.6 * unit
        (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, width)
        corner = (left + text_width + 6, top + text_height + 8)
        cv2.rectangle(drawn, (left, top), corner, box.color, -1)
        at = (left + 3, top + text_height + 3)
        cv2.putText(
            drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), width, cv2.LINE_AA
        )
    return drawn
