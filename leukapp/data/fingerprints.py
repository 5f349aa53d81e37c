"""What a bundle recognises its training images by: hashes, from which no pixel can be had back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from leukapp.data.duplicates import hash_pixels, hash_versions, shrink_image
from leukapp.imaging.arrays import RgbImage

LOOK_FREQUENCIES: Final = 16
"""Frequencies along each side of the perceptual hash: 256 bits tell cells apart, 64 do not."""

NEAR_DISTANCE: Final = 24
"""Largest number of differing bits of a near copy. Recompressed and rescaled copies of 1,300 images
of eleven laboratories differed in at most 20 bits, other cells in at least 30."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprints:
    """Hashes of images, one row an image.

    Attributes:
        pixels: SHA-256 of each image's pixels, hexadecimal; rotations and mirrors do not change it.
        looks: perceptual hash of each image as it is, uint8 (images, 32); read-only.
    """

    pixels: tuple[str, ...]
    looks: NDArray[np.uint8]

    @classmethod
    def of(cls, images: Iterable[RgbImage]) -> Self:
        """Hash images, each read once and not kept.

        Args:
            images: sRGB pixels, uint8 (height, width, 3), 0-255.
        """
        pixels: list[str] = []
        looks = [np.zeros((0, LOOK_FREQUENCIES**2 // 8), np.uint8)]
        for image in images:
            pixels.append(hash_pixels(image))
            looks.append(_look_versions(image)[:1])
        joined = np.concatenate(looks)
        joined.flags.writeable = False
        return cls(pixels=tuple(pixels), looks=joined)

    def __len__(self) -> int:
        return len(self.pixels)

    def has_copy_of(self, image: RgbImage) -> bool:
        """Whether an image is among them, also turned, mirrored, recompressed or rescaled.

        Args:
            image: sRGB pixels, uint8 (height, width, 3), 0-255.
        """
        if not len(self):
            return False
        if hash_pixels(image) in self.pixels:
            return True
        differing = np.bitwise_count(_look_versions(image)[:, None] ^ self.looks[None])
        return bool((differing.sum(axis=2) <= NEAR_DISTANCE).any())


def _look_versions(image: RgbImage) -> NDArray[np.uint8]:
    """Perceptual hash of each of the eight versions of an image, uint8 (8, 32)."""
    versions: NDArray[np.uint8] = hash_versions(shrink_image(image)[None], LOOK_FREQUENCIES)[0]
    return versions
