"""The limits between smears and what is none, or what cannot be judged.

They lie a stated way beyond what real smears of all laboratories at hand have. Run
``python -m experiments.quality`` to set them anew: it also judges the way of setting them, on each
laboratory that took no part in it (docs/quality.md).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """Beyond one of these an image is not judged.

    Attributes:
        min_brightness: mean grey level.
        max_brightness: likewise.
        max_noise_ratio: variance of the Laplacian over that of the grey levels; white noise has 15
            to 20.
        min_contrast: standard deviation of the grey level.
        min_stained_fraction: share of pixels with nuclear stain; photographs of a house and of a
            flower have 0.001.
        min_nucleus_fraction: largest connected stained area, share of the image.
        min_focus: variance of the Laplacian, grey levels squared; smears blurred by 4 px of 224
            have at most 3.8.
        min_glass: weakest color of the glass, grey levels.
        max_glass_cast: red over blue of the glass, grey levels.
        max_glass_red: red over green of the glass; stains and lamps make it yellow, not red.
        max_glass_violet: red and blue of the glass over its green, grey levels.
        max_green_fraction: share of green pixels.
        max_red_fraction: share of glaring red pixels.
        max_flat_fraction: share of pixels, but for black and white ones, that equal their neighbor.
    """

    min_brightness: float
    max_brightness: float
    max_noise_ratio: float
    min_contrast: float
    min_stained_fraction: float
    min_nucleus_fraction: float
    min_focus: float
    min_glass: float
    max_glass_cast: float
    max_glass_red: float
    max_glass_violet: float
    max_green_fraction: float
    max_red_fraction: float
    max_flat_fraction: float


LIMITS: Final = QualityLimits(
    min_brightness=38.0,
    max_brightness=252.0,
    max_noise_ratio=9.3,
    min_contrast=5.0,
    min_stained_fraction=0.0027,
    min_nucleus_fraction=0.00029,
    min_focus=4.0,
    min_glass=59.0,
    max_glass_cast=180.0,
    max_glass_red=75.0,
    max_glass_violet=59.0,
    max_green_fraction=0.21,
    max_red_fraction=0.32,
    max_flat_fraction=0.682,
)
"""As ``python -m experiments.quality`` sets them on all laboratories; a test compares them."""
