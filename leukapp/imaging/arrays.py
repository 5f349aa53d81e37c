"""Aliases of the arrays that cross module borders."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""sRGB pixels, uint8 (height, width, 3), 0-255."""

HeatmapValues: TypeAlias = NDArray[np.float32]
"""Class activation map, float32 (map_height, map_width), 0-1."""
