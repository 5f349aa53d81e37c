"""Optical density against the empty background: what the stain absorbs, whatever lamp or camera."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.white_balance import measure_background

NUCLEUS_WEIGHTS: Final = np.array([[0.3, 1.0, -1.0]], np.float32)
"""Nuclei absorb far more green than blue light; erythrocytes about as much of both."""

NUCLEUS_LEVELS: Final = (0.42, 0.60)
"""Range of the level from which on a pixel is nucleus: over erythrocytes, under pale nuclei."""

PEAK_SHARE: Final = 0.4
"""Within that range the level is this share of the deepest nuclear stain of the image."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StainMaps:
    """What the stain absorbs in each pixel.

    Attributes:
        density: total optical density over the background, float32 (height, width), 0 and up.
        nucleus: score of nuclear stain, float32 (height, width); erythrocytes lie near 0.
        nucleus_level: score from which on a pixel counts as nucleus.
    """

    density: NDArray[np.float32]
    nucleus: NDArray[np.float32]
    nucleus_level: float

    @property
    def is_nucleus(self) -> NDArray[np.uint8]:
        """Uint8 (height, width): 1 where the stain is that of a nucleus."""
        return (self.nucleus > self.nucleus_level).astype(np.uint8)


def measure_stain(image: RgbImage) -> StainMaps:
    """Separate nuclear stain from everything else.

    Args:
        image: uint8 (height, width, 3).

    Returns:
        Maps of the image's size.
    """
    background = np.asarray(measure_background(image), np.float32)
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = -np.log(np.clip((levels + 1) / (background + 1), 0.02, 1))
    densities = cv2.LUT(image, table.reshape(1, 256, 3).astype(np.float32))
    nucleus = np.asarray(cv2.transform(densities, NUCLEUS_WEIGHTS), np.float32)
    deepest = float(np.percentile(nucleus[::3, ::3], 99.5))
    return StainMaps(
        density=np.asarray(densities[..., 0] + densities[..., 1] + densities[..., 2], np.float32),
        nucleus=nucleus,
        nucleus_level=float(np.clip(PEAK_SHARE * deepest, *NUCLEUS_LEVELS)),
    )


def otsu_level(values: NDArray[np.uint8]) -> float:
    """Otsu's threshold of any values, 0-255; 0 where there are none."""
    if values.size == 0:
        return 0.0
    level, _ = cv2.threshold(values.reshape(1, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(level)
