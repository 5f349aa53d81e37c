"""The one scale at which every cell is judged."""

from typing import Final

ERYTHROCYTES_A_WINDOW: Final = 3.2
"""Side of a crop's window in erythrocyte diameters (about 24 um)."""

CROP_PX: Final = 80
"""Side of a crop in pixels (about 0.3 um each): what the coarsest source still resolves."""
