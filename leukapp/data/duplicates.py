"""Copies of an image among others, also when rotated, mirrored, recompressed or rescaled."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from leukapp.data.d4 import D4Element, apply_d4, distinct_d4, view_d4
from leukapp.imaging.arrays import RgbImage

NEAR_DISTANCE: Final = 8
"""Largest number of differing hash bits, of 64, of a near copy."""

NEAR_CORRELATION: Final = 0.925
"""Least correlation of two 32x32 RGB thumbnails of a near copy; tells two round cells apart."""

_HASH_BITS: Final = 64
_SIDE_PX: Final = 32
_FREQUENCIES_A_SIDE: Final = 8
_IMAGES_AT_ONCE: Final = 256
_GREY_OF_RGB: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePair:
    """Two images that show the same thing.

    Attributes:
        first: index of the earlier image.
        second: index of the later image.
        kind: ``exact`` if the pixels agree after a rotation or mirror, else ``near``.
        distance: differing bits of the perceptual hash, 0-64; 0 for an exact copy.
    """

    first: int
    second: int
    kind: Literal["exact", "near"]
    distance: int


def hash_pixels(image: RgbImage) -> str:
    """Hash of an image's pixels that rotations and mirrors do not change.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255.

    Returns:
        SHA-256, hexadecimal, of the smallest of the eight versions compared as bytes.
    """
    versions = [view_d4(image, element) for element in D4Element]
    keys = [(version.shape, version[0].tobytes()) for version in versions]
    smallest = min(keys)
    # Only versions that tie in their first row need to be compared whole.
    tied = [v.tobytes() for v, key in zip(versions, keys, strict=True) if key == smallest]
    return hashlib.sha256(repr(smallest[0]).encode() + min(tied)).hexdigest()


def find_duplicates(
    images: Iterable[RgbImage], *, near_distance: int = NEAR_DISTANCE
) -> tuple[DuplicatePair, ...]:
    """Find pairs that show the same picture, up to rotation, mirror, recompression and scale.

    A near copy has a similar 64-bit DCT hash and a similar thumbnail. Each image is read once and
    not kept, so that a generator may decode them one by one.

    Args:
        images: sRGB pixels, uint8 (height, width, 3), 0-255, of any sizes.
        near_distance: largest number of differing hash bits, 0-64, of a near copy.

    Returns:
        Pairs in the order of their indices; every pair of a larger set of copies is listed.

    Raises:
        ValueError: ``near_distance`` is not 0-64.
    """
    if not 0 <= near_distance <= _HASH_BITS:
        raise ValueError(f"near_distance must be 0-{_HASH_BITS}, got {near_distance}")
    pixel_hashes: list[str] = []
    thumbnails: list[NDArray[np.float32]] = []
    for image in images:
        pixel_hashes.append(hash_pixels(image))
        thumbnails.append(shrink_image(image))
    if not thumbnails:
        return ()
    exact = _find_exact(pixel_hashes)
    pairs = [
        DuplicatePair(first=first, second=second, kind="exact", distance=0)
        for first, second in exact
    ]
    pairs += [
        DuplicatePair(first=first, second=second, kind="near", distance=distance)
        for first, second, distance in _find_near(np.stack(thumbnails), near_distance)
        if (first, second) not in exact
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair.first, pair.second)))


def _find_exact(pixel_hashes: Sequence[str]) -> set[tuple[int, int]]:
    """All pairs of indices with the same hash, the smaller index first."""
    indices_of_hash = defaultdict(list)
    for index, pixel_hash in enumerate(pixel_hashes):
        indices_of_hash[pixel_hash].append(index)
    return {
        (first, second)
        for indices in indices_of_hash.values()
        for place, first in enumerate(indices)
        for second in indices[place + 1 :]
    }


def _find_near(
    thumbnails: NDArray[np.float32], near_distance: int
) -> Iterable[tuple[int, int, int]]:
    """Pairs of indices and their distance, from float32 (images, 32, 32, 3), 0-255."""
    packed = hash_versions(thumbnails, _FREQUENCIES_A_SIDE)
    hashes = packed.view(np.uint64)[..., 0]
    for start in range(0, len(thumbnails), _IMAGES_AT_ONCE):
        rows = hashes[start : start + _IMAGES_AT_ONCE, 0]
        distances = np.full((len(rows), len(hashes)), _HASH_BITS, np.uint8)
        for version in range(len(D4Element)):
            differing = np.bitwise_count(rows[:, None] ^ hashes[None, :, version])
            np.minimum(distances, differing, out=distances)
        for row, second in np.argwhere(distances <= near_distance).tolist():
            first = start + row
            if first < second and _are_alike(thumbnails[first], thumbnails[second]):
                yield first, second, int(distances[row, second])


def shrink_image(image: RgbImage) -> NDArray[np.float32]:
    """Mean colors of an image on a grid, float32 (32, 32, 3), 0-255."""
    small = Image.fromarray(image).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def hash_versions(thumbnails: NDArray[np.float32], frequencies_a_side: int) -> NDArray[np.uint8]:
    """DCT hash of each thumbnail in each of its eight versions.

    Args:
        thumbnails: as :func:`shrink_image` gives them, float32 (images, 32, 32, 3).
        frequencies_a_side: a bit for each of this many squared, a multiple of 8, at most 1024.

    Returns:
        Uint8 (images, 8, bytes), bits packed; versions in the order of ``D4Element``.
    """
    n_bits = frequencies_a_side**2
    places = np.arange(_SIDE_PX)
    waves = np.cos(np.pi * (2 * places + 1) * places[:frequencies_a_side, None] / (2 * _SIDE_PX))
    grey = thumbnails @ _GREY_OF_RGB
    # (height, width, images), so that one call turns all thumbnails at once.
    stacked = np.moveaxis(grey, 0, -1)
    hashes = []
    for element in D4Element:
        version = np.moveaxis(apply_d4(stacked, element), -1, 0)
        coefficients = (waves @ version @ waves.T).reshape(len(grey), n_bits)
        bits = coefficients > np.median(coefficients[:, 1:], axis=1, keepdims=True)
        bits[:, 0] = False  # the mean brightness says nothing of the picture
        hashes.append(np.packbits(bits, axis=1))
    return np.stack(hashes, axis=1)


def _are_alike(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    """Whether two thumbnails correlate in the best of the eight versions."""
    centered = _center(first)
    return any(
        float((centered * version).sum()) >= NEAR_CORRELATION
        for version in distinct_d4(_center(second))
    )


def _center(thumbnail: NDArray[np.float32]) -> NDArray[np.float32]:
    """The thumbnail with mean 0 and length 1; all 0 if it is one color."""
    centered: NDArray[np.float32] = thumbnail - thumbnail.mean()
    length = float(np.sqrt((centered**2).sum()))
    centered /= length or 1.0
    return centered
