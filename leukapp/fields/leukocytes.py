"""Finding the leukocytes of an image by their nuclei."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.fields.erythrocytes import estimate_erythrocyte_diameter
from leukapp.fields.stain import measure_stain
from leukapp.imaging.arrays import RgbImage

FindMode: TypeAlias = Literal["auto", "cell", "field"]
"""Whether one leukocyte in the middle is wanted, all of them, or what the image looks like."""

FINDER_VERSION: Final = 4
"""Raise it with every change of what is found, so that features of other crops are not taken."""

WORK_SIDE_PX: Final = 1024
"""Longest side at which the scale is read, at most."""

LEAST_WORK_SIDE_PX: Final = 320
"""Smaller images are enlarged before: their outlines are too coarse to tell a circle."""

WORK_ERYTHROCYTE_PX: Final = 24.0
"""Erythrocyte diameter at which nuclei are looked for: enough for their outline."""

FIELD_SIDE: Final = 5.7
"""From this long side on, in erythrocyte diameters, an image is a field and not a single cell."""

MIDDLE: Final = 0.22
"""A photograph of one cell has it this near to its middle, in long sides of the image."""

MIN_NUCLEUS_AREA: Final = 0.30
"""Smaller nuclei, in erythrocyte areas, are platelets or debris."""

JOIN_GAP: Final = 0.50
"""Lobes of one nucleus lie closer than this, in erythrocyte diameters."""

MIN_PART_AREA: Final = 1.5
"""A nucleus is parted only into nuclei of at least this many erythrocyte areas."""

SPLIT_DISTANCE: Final = 0.95
"""Middles of touching nuclei lie at least this far apart, in erythrocyte diameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leukocyte:
    """One leukocyte.

    Attributes:
        x_px: middle of its nucleus from the left edge, in pixels of the image.
        y_px: middle of its nucleus from the upper edge.
        nucleus_px: diameter of a disk of the nucleus' area, in pixels of the image.
    """

    x_px: float
    y_px: float
    nucleus_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLeukocytes:
    """The leukocytes of an image and its scale.

    Attributes:
        mode: ``cell`` for a photograph of one cell, ``field`` for more of the smear.
        erythrocyte_px: erythrocyte diameter in pixels; None where nothing gives a scale.
        leukocytes: from left to right; in mode ``cell`` at most the one in the middle.
        squash: how much wider than high round cells are; 1 in an image that was not squashed.
    """

    mode: Literal["cell", "field"]
    erythrocyte_px: float | None
    leukocytes: tuple[Leukocyte, ...]
    squash: float = 1.0


def find_leukocytes(image: RgbImage, *, mode: FindMode = "auto") -> FoundLeukocytes:
    """Find leukocytes of any kind; what they are is for the network to say.

    Args:
        image: uint8 (height, width, 3), of any size.
        mode: ``cell`` takes the leukocyte in the middle alone, ``field`` takes all, ``auto``
            decides by how many erythrocytes the image is wide.

    Returns:
        Scale and leukocytes; none in an image without nuclear stain.
    """
    height, width = image.shape[:2]
    side_px = max(height, width)
    coarse = float(np.clip(side_px, LEAST_WORK_SIDE_PX, WORK_SIDE_PX)) / side_px
    stain = measure_stain(_scaled(image, coarse))
    diameter_px = estimate_erythrocyte_diameter(stain)
    if diameter_px is None:
        return FoundLeukocytes(mode="field", erythrocyte_px=None, leukocytes=())
    erythrocyte_px = diameter_px / coarse
    fine = min(1.0, WORK_ERYTHROCYTE_PX / erythrocyte_px)
    if fine != coarse:
        stain = measure_stain(_scaled(image, fine))
    unit = erythrocyte_px * fine
    nuclei = _nuclei(stain.is_nucleus, unit)
    leukocytes = tuple(
        Leukocyte(
            x_px=(x + 0.5) / fine,
            y_px=(y + 0.5) / fine,
            nucleus_px=2 * np.sqrt(area / np.pi) / fine,
        )
        for x, y, area in sorted(nuclei)
    )
    return choose_leukocytes(leukocytes, erythrocyte_px, size_px=(height, width), mode=mode)


def choose_leukocytes(
    leukocytes: tuple[Leukocyte, ...],
    erythrocyte_px: float,
    *,
    size_px: tuple[int, int],
    mode: FindMode,
    squash: float = 1.0,
) -> FoundLeukocytes:
    """Take the leukocyte in the middle of a photograph of one cell, or all of a field.

    Args:
        leukocytes: all that were found, from left to right.
        erythrocyte_px: scale of the image.
        size_px: height and width of the image.
        mode: as :func:`find_leukocytes` takes it.
        squash: of the image.
    """
    height, width = size_px
    is_field = mode == "field" or (mode == "auto" and max(size_px) >= FIELD_SIDE * erythrocyte_px)
    middle = () if is_field else _in_the_middle(leukocytes, width, height)
    return FoundLeukocytes(
        mode="cell" if middle else "field",
        erythrocyte_px=erythrocyte_px,
        leukocytes=middle or leukocytes,
        squash=squash,
    )


def _scaled(image: RgbImage, factor: float) -> RgbImage:
    if factor == 1:
        return image
    size = (max(8, round(image.shape[1] * factor)), max(8, round(image.shape[0] * factor)))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _in_the_middle(
    leukocytes: tuple[Leukocyte, ...], width_px: int, height_px: int
) -> tuple[Leukocyte, ...]:
    """The leukocyte that a photograph of one cell shows."""

    def distance(cell: Leukocyte) -> float:
        return float(np.hypot(cell.x_px - width_px / 2, cell.y_px - height_px / 2))

    near = [cell for cell in leukocytes if distance(cell) < MIDDLE * max(width_px, height_px)]
    return (min(near, key=distance),) if near else ()


def _nuclei(is_nucleus: NDArray[np.uint8], unit_px: float) -> list[tuple[float, float, float]]:
    """Middle (x, y) and area of each nucleus, in pixels of the mask."""
    opened = cv2.morphologyEx(is_nucleus, cv2.MORPH_OPEN, _disk(0.08 * unit_px))
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disk(JOIN_GAP * unit_px / 2))
    labels = _split_touching(np.asarray(joined, np.uint8), unit_px)
    # The closing bridges the lobes of one nucleus; only what is stained counts.
    rows, columns = np.nonzero((labels > 0) & (opened > 0))
    label = labels[rows, columns]
    areas = np.bincount(label)
    large = np.flatnonzero(areas >= MIN_NUCLEUS_AREA * np.pi * (unit_px / 2) ** 2)
    x = np.bincount(label, columns)[large] / areas[large]
    y = np.bincount(label, rows)[large] / areas[large]
    return list(zip(x.tolist(), y.tolist(), areas[large].astype(float).tolist(), strict=True))


def _split_touching(joined: NDArray[np.uint8], unit_px: float) -> NDArray[np.int32]:
    """Label nuclei, int32: 0 background; touching ones are parted by a watershed on distance."""
    # Half a second of imports, which the app's first screen does not wait for.
    from skimage.segmentation import watershed

    # Outside the image is no stain: the border must not make a cut nucleus look deep.
    padded = cv2.copyMakeBorder(joined, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    smooth = cv2.GaussianBlur(distance, (0, 0), 0.12 * unit_px)
    highest = cv2.dilate(smooth, _disk(SPLIT_DISTANCE * unit_px / 2))
    is_peak = (smooth >= highest) & (smooth > 0.2 * unit_px)
    n_markers, markers = cv2.connectedComponents(is_peak.astype(np.uint8))
    labels = watershed(-smooth, markers, mask=joined > 0)
    # Lobes of one nucleus make small parts: without their own marker they join their neighbor.
    areas = np.bincount(labels.ravel(), minlength=n_markers)
    too_small = np.flatnonzero(areas < MIN_PART_AREA * np.pi * (unit_px / 2) ** 2)
    n_components, components = cv2.connectedComponents(joined)
    is_kept = np.ones(max(n_markers, len(areas)), np.bool_)
    is_kept[0] = is_kept[too_small] = False
    keep = is_kept[markers]
    is_whole = np.ones(n_components, np.bool_)
    is_whole[0] = is_whole[components[keep]] = False
    whole = is_whole[components]
    seeds = np.where(keep, markers, 0)
    seeds[whole] = components[whole] + n_markers
    return np.asarray(watershed(-smooth, seeds, mask=joined > 0), np.int32)


def _disk(radius_px: float) -> NDArray[np.uint8]:
    side_px = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px)), np.uint8)
