"""The one scale at which every cell is judged."""

from typing import Final

import cv2
import numpy as np

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.white_balance import BACKGROUND_LEVEL

ERYTHROCYTES_A_WINDOW: Final = 3.2
"""Side of a crop's window in erythrocyte diameters (about 24 um)."""

CROP_PX: Final = 80
"""Side of a crop in pixels (about 0.3 um each): what the coarsest source still resolves."""

CELL_RADIUS: Final = 0.42
"""Radius of the disk that holds the cell of a crop with its rim, in sides of the crop."""


def paint_cell_over(crop: RgbImage) -> RgbImage:
    """Paint the cell of a crop over with the empty background, softly at its rim.

    Args:
        crop: uint8 (side, side, 3), white-balanced.

    Returns:
        A new image of the same shape.
    """
    side_px = crop.shape[0]
    hidden = np.zeros((side_px, side_px), np.float32)
    cv2.circle(hidden, (side_px // 2, side_px // 2), round(CELL_RADIUS * side_px), 1.0, -1)
    share = np.asarray(cv2.GaussianBlur(hidden, (0, 0), side_px / 40), np.float32)[..., None]
    return np.asarray(crop * (1 - share) + BACKGROUND_LEVEL * share + 0.5, np.uint8)
