"""White balance on the empty background, so that lamp and mounting medium tell no laboratory."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage

BACKGROUND_LEVEL: Final = 160.0
"""Where the empty background goes in each channel.

The enhancement of the paper saturates everything above 152. It was made for ALL-IDB, whose
background is about as dark as this; at a usual 220 the cytoplasm would saturate away.
"""

_LEVELS: Final = np.arange(256, dtype=np.float32)
_SHARE_OF_BACKGROUND: Final = (0.70, 0.97)
_MAX_PIXELS: Final = 40_000


def measure_background(image: RgbImage) -> tuple[float, float, float]:
    """Color of the empty background: the median of the brighter pixels without the brightest.

    Args:
        image: uint8 (height, width, 3).

    Returns:
        Red, green and blue, 0-255.
    """
    pixels = image.reshape(-1, 3)[:: max(1, image.shape[0] * image.shape[1] // _MAX_PIXELS)]
    # Counted and not sorted, channel by channel: several times faster, and the same numbers.
    channels = [np.ascontiguousarray(pixels[:, channel]) for channel in range(3)]
    brightness = channels[0].astype(np.int32) + channels[1] + channels[2]
    low, high = _quantiles(np.bincount(brightness), _SHARE_OF_BACKGROUND)
    is_background = (brightness >= low) & (brightness <= high)
    red, green, blue = (
        _quantiles(np.bincount(channel[is_background]), (0.5,))[0] for channel in channels
    )
    return red, green, blue


def _quantiles(counts: NDArray[np.integer], shares: tuple[float, ...]) -> list[float]:
    """Quantiles of whole numbers from how often each occurs, between the two nearest of them."""
    seen = np.cumsum(counts)
    quantiles = []
    for share in shares:
        position = share * (int(seen[-1]) - 1)
        rank = int(position)
        low = int(np.searchsorted(seen, rank, side="right"))
        high = int(np.searchsorted(seen, min(rank + 1, int(seen[-1]) - 1), side="right"))
        quantiles.append(low + (high - low) * (position - rank))
    return quantiles


def balance_white(image: RgbImage, background: tuple[float, float, float]) -> RgbImage:
    """Scale each channel so that the background becomes one grey.

    Args:
        image: uint8 (height, width, 3).
        background: as :func:`measure_background` gives it for the image or the field it is cut of.

    Returns:
        A new image, uint8 (height, width, 3).
    """
    gains = BACKGROUND_LEVEL / np.maximum(np.asarray(background, np.float32), 40.0)
    table = np.clip(_LEVELS[:, None] * gains + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table.reshape(1, 256, 3)), np.uint8)
