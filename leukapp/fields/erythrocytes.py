"""The scale of an image, read from its erythrocytes: they are about 7.5 um wide in every smear."""

from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from leukapp.fields.outline_arcs import Arcs, find_arcs, trace_outlines
from leukapp.fields.stain import StainMaps, otsu_level

MIN_DIAMETER_FRACTION: Final = 0.04
"""Erythrocytes narrower than this share of the image's long side are not looked for."""

MAX_DIAMETER_FRACTION: Final = 0.36

MIN_COVERED_FRACTION: Final = 0.06
"""Share of the image that erythrocytes must cover, or the scale comes from the leukocyte."""

CROWDED_FRACTION: Final = 0.35
"""Where bodies cover more of the image than this, erythrocytes touch leukocytes everywhere."""

TYPICAL_SHARE: Final = 0.65
"""Share of the covered area below the typical diameter; cut and hollow bodies look smaller."""

MIN_TURNS: Final = 0.5
"""Circles that outlines must fill together, or the scale comes from the nucleus."""

MIN_SHARE_OF_NUCLEUS: Final = 0.25
"""Circles that together cover less than this share of the widest nucleus are debris."""

STARTS: Final = (2.0, 1.0, 0.5, 0.25)
"""Where circles are looked for, in diameters of the disks that fit into the bodies."""

MAX_NUCLEUS_SHARE: Final = 0.12
"""A circle that holds more nuclear stain than this is a leukocyte's."""

MIN_STAINED_SHARE: Final = 0.6
"""A circle that is stained less than this is none of a body."""

NUCLEUS_DIAMETER: Final = 1.35
"""Usual width of a nucleus in erythrocyte diameters."""

USUAL_NUCLEUS_DIAMETERS: Final = (0.8, 1.9)
"""The widest disk inside a nucleus, in erythrocyte diameters, where no erythrocyte is seen."""

LEUKOCYTE_DIAMETER: Final = 1.75
"""Usual diameter of a leukocyte in erythrocyte diameters."""

_GRID: Final = np.mgrid[-0.8:0.81:0.1, -0.8:0.81:0.1].reshape(2, -1)
_PROBES: Final = _GRID[:, np.hypot(*_GRID) < 0.85]
"""Where a circle is looked at, float (2, n), in radii from its middle."""


def estimate_erythrocyte_diameter(stain: StainMaps) -> float | None:
    """Typical diameter of the round bodies that are stained, but not like a nucleus.

    Args:
        stain: maps of the image.

    Returns:
        Pixels of the map; None where neither erythrocytes nor a leukocyte give a scale.
    """
    bodies = _bodies(stain)
    nucleus_px = _widest_nucleus(stain.is_nucleus)
    seen_px = _expected_diameter(bodies, stain.is_nucleus)
    expected_px = seen_px or nucleus_px / NUCLEUS_DIAMETER
    if expected_px == 0:
        return None
    diameter_px = _from_outlines(bodies, stain.is_nucleus, expected_px, nucleus_px)
    if diameter_px is not None or nucleus_px == 0:
        return diameter_px
    guess_px = seen_px or _from_leukocyte(bodies | stain.is_nucleus, stain.is_nucleus)
    smallest, largest = USUAL_NUCLEUS_DIAMETERS
    return float(np.clip(guess_px, nucleus_px / largest, nucleus_px / smallest))


def _expected_diameter(bodies: NDArray[np.uint8], is_nucleus: NDArray[np.uint8]) -> float | None:
    """About how wide the erythrocytes are, from the disks that fit into them."""
    n_labels, labels = cv2.connectedComponents(bodies | is_nucleus)
    is_free = np.ones(n_labels, np.uint8)
    is_free[labels[is_nucleus > 0]] = 0
    diameter_px = _typical_diameter(bodies * is_free[labels])
    if diameter_px is None and bodies.mean() > CROWDED_FRACTION:
        outside = cv2.dilate(is_nucleus, _disk(max(bodies.shape) / 120)) == 0
        diameter_px = _typical_diameter(bodies * outside)
    return diameter_px


def _from_outlines(
    bodies: NDArray[np.uint8],
    is_nucleus: NDArray[np.uint8],
    expected_px: float,
    nucleus_px: float,
) -> float | None:
    """Typical diameter of the circles that outlines of erythrocytes lie on; None for too few."""
    stained = bodies | is_nucleus
    outlines = trace_outlines(stained)

    def look(diameter_px: float) -> Arcs:
        found = find_arcs(outlines, diameter_px)
        return found.only(_are_erythrocytes(found, stained, is_nucleus))

    # By area, so that debris does not outvote the few erythrocytes around a single cell.
    arcs = max((look(start * expected_px) for start in STARTS), key=_area)
    if len(arcs):
        arcs = look(2 * _median_radius(arcs))
    is_debris = _area(arcs) < MIN_SHARE_OF_NUCLEUS * (nucleus_px / 2) ** 2
    if is_debris or arcs.turns.sum() < MIN_TURNS:
        return None
    return 2 * _median_radius(arcs)


def _area(arcs: Arcs) -> float:
    return float((arcs.turns * arcs.radius_px**2).sum())


def _are_erythrocytes(
    arcs: Arcs, stained: NDArray[np.uint8], is_nucleus: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Which circles are stained inside, but not like a nucleus; bool (n,)."""
    height, width = stained.shape
    x = np.rint(arcs.x_px[:, None] + arcs.radius_px[:, None] * _PROBES[0]).astype(int)
    y = np.rint(arcs.y_px[:, None] + arcs.radius_px[:, None] * _PROBES[1]).astype(int)
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    seen = np.maximum(is_inside.sum(axis=1), 1)
    stained_share = (stained[y, x] * is_inside).sum(axis=1) / seen
    nucleus_share = (is_nucleus[y, x] * is_inside).sum(axis=1) / seen
    return np.asarray(
        (stained_share >= MIN_STAINED_SHARE) & (nucleus_share <= MAX_NUCLEUS_SHARE), np.bool_
    )


def _median_radius(arcs: Arcs) -> float:
    """Median radius; an arc counts by its length."""
    order = np.argsort(arcs.radius_px)
    lengths = np.cumsum((arcs.turns * arcs.radius_px)[order])
    return float(arcs.radius_px[order][np.searchsorted(lengths, lengths[-1] / 2)])


def _widest_nucleus(is_nucleus: NDArray[np.uint8]) -> float:
    """Diameter of the widest disk inside a nucleus whose texture is closed, pixels; 0 for none."""
    side_px = max(is_nucleus.shape)
    # A frame, because a nucleus that the edge cuts must not look deeper than it is.
    framed = cv2.copyMakeBorder(is_nucleus, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, _disk(side_px / 60))
    if closed.all():
        # Specks everywhere, as in noise: closed they fill the frame too, and there is no outline.
        return 0.0
    return float(2 * cv2.distanceTransform(closed, cv2.DIST_L2, 5).max())


def _typical_diameter(bodies: NDArray[np.uint8]) -> float | None:
    """A diameter that most of the covered area lies below; None where too little is covered."""
    side_px = max(bodies.shape)
    distance = np.asarray(cv2.distanceTransform(bodies, cv2.DIST_L2, 5), np.float32)
    radii = _peak_values(distance, MIN_DIAMETER_FRACTION * side_px / 2)
    radii = np.sort(radii[radii <= MAX_DIAMETER_FRACTION * side_px / 2])
    covered = np.cumsum(np.pi * radii**2)
    if len(radii) == 0 or covered[-1] < MIN_COVERED_FRACTION * bodies.size:
        return None
    # By area, so that platelets, fragments and a ragged outline do not count.
    typical = radii[np.searchsorted(covered, TYPICAL_SHARE * covered[-1])]
    return float(2 * typical)


def _from_leukocyte(stained: NDArray[np.uint8], is_nucleus: NDArray[np.uint8]) -> float:
    """Scale from the stained body that holds most of the nuclear stain."""
    n_labels, labels, stats, _ = cv2.connectedComponentsWithStats(stained)
    with_nucleus = np.bincount(labels[is_nucleus > 0], minlength=n_labels)
    with_nucleus[0] = 0
    area = float(stats[int(with_nucleus.argmax()), cv2.CC_STAT_AREA])
    return float(np.sqrt(4 * area / np.pi)) / LEUKOCYTE_DIAMETER


def _bodies(stain: StainMaps) -> NDArray[np.uint8]:
    """What is stained but no nucleus, uint8 0/1, with pale centers filled."""
    side_px = max(stain.density.shape)
    density = cv2.GaussianBlur(stain.density, (0, 0), max(0.8, side_px / 400))
    scaled = np.clip(density * 160, 0, 255).astype(np.uint8)
    level = otsu_level(scaled[stain.is_nucleus == 0])
    bodies = (scaled > max(0.8 * level, 12.0)).astype(np.uint8)
    contours, hierarchy = cv2.findContours(bodies, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    largest_hole_px = (0.12 * side_px) ** 2
    if hierarchy is not None:
        for contour, (_, _, _, parent) in zip(contours, hierarchy[0], strict=True):
            if parent >= 0 and _is_pale_center(contour, largest_hole_px):
                cv2.drawContours(bodies, [contour], -1, 1, -1)
    return np.asarray(bodies, np.uint8)


def _is_pale_center(contour: MatLike, largest_px: float) -> bool:
    """Whether a hole is round; the gaps between touching erythrocytes are pointed."""
    area = cv2.contourArea(contour)
    roundness = 4 * np.pi * area / max(cv2.arcLength(contour, True), 1.0) ** 2
    return bool(area < largest_px and (roundness > 0.65 or area < largest_px / 100))


def _disk(radius_px: float) -> NDArray[np.uint8]:
    side_px = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px)), np.uint8)


def _peak_values(distance: NDArray[np.float32], min_radius_px: float) -> NDArray[np.float32]:
    """Local maxima of a distance map, each once."""
    window = int(2 * min_radius_px) | 1
    highest = cv2.dilate(distance, np.ones((window, window), np.uint8))
    is_peak = (distance >= highest) & (distance >= min_radius_px)
    n_labels, found = cv2.connectedComponents(is_peak.astype(np.uint8))
    labels = np.asarray(found, np.int32)
    values = np.zeros(n_labels, np.float32)
    np.maximum.at(values, labels[is_peak], distance[is_peak])
    return values[1:]
