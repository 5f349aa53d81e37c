"""Circular arcs in the outline of a mask: a disk shows its size where others touch or cut it."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SMOOTHING: Final = 0.08
"""Standard deviation of the smoothing along an outline, in expected diameters."""

CONCAVE_CURVATURE: Final = -0.4
"""An outline ends an arc where it bends inward this much, in parts of the expected curvature."""

DIAMETER_RANGE: Final = (0.45, 2.2)
"""Arcs of other diameters are not looked for; in expected diameters."""

MIN_SPAN_DEGREES: Final = 90.0
"""A shorter piece of a circle does not tell its radius."""

MAX_RESIDUAL: Final = 0.07
"""Mean distance of an arc's points from its circle, in radii."""

MIN_POINTS: Final = 8
"""An outline or arc of fewer points has no shape."""

BORDER_PX: Final = 1
"""An outline this near to the image's border is the cut, not the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arcs:
    """Pieces of circles; all arrays are float64 (n,).

    Attributes:
        x_px: middle of each circle from the left edge.
        y_px: middle of each circle from the upper edge.
        radius_px: of each circle.
        turns: how much of its circle each is, 0-1.
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    turns: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.radius_px)

    def only(self, wanted: NDArray[np.bool_]) -> "Arcs":
        """The arcs marked in a bool array (n,)."""
        return Arcs(
            x_px=self.x_px[wanted],
            y_px=self.y_px[wanted],
            radius_px=self.radius_px[wanted],
            turns=self.turns[wanted],
        )


@dataclass(frozen=True, slots=True)
class Outlines:
    """The closed outlines of a mask, one after the other.

    Attributes:
        points: float32 (n, 2), x and y of neighboring border pixels.
        lengths: int64 (outlines,), how many points each has.
        size_px: width and height of the mask.
    """

    points: NDArray[np.float32]
    lengths: NDArray[np.int64]
    size_px: tuple[int, int]


def trace_outlines(mask: NDArray[np.uint8]) -> Outlines:
    """Outlines of the parts of a mask, and of the holes in them.

    Args:
        mask: uint8 (height, width), 0 or 1.

    Returns:
        Those long enough to have a shape.
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    kept = [contour[:, 0] for contour in contours if len(contour) >= MIN_POINTS]
    points = np.concatenate(kept) if kept else np.empty((0, 2))
    lengths = np.array([len(outline) for outline in kept], np.int64)
    height, width = mask.shape
    return Outlines(points.astype(np.float32), lengths, (width, height))


def find_arcs(outlines: Outlines, expected_diameter_px: float) -> Arcs:
    """Circular arcs in outlines that bend outward.

    Args:
        outlines: of a mask.
        expected_diameter_px: about what is looked for; disks from half to twice this are found.

    Returns:
        Arcs in the order of the outlines.
    """
    shortest = max(round(expected_diameter_px / 2), MIN_POINTS)
    is_long = outlines.lengths >= shortest
    points = outlines.points[np.repeat(is_long, outlines.lengths)]
    lengths = outlines.lengths[is_long]
    smooth, curvature = _bend(points, lengths, SMOOTHING * expected_diameter_px)
    is_end = curvature * expected_diameter_px / 2 < CONCAVE_CURVATURE
    last = np.array(outlines.size_px, np.float32) - 1 - BORDER_PX
    is_end |= ((points <= BORDER_PX) | (points >= last)).any(axis=1)
    runs, run_lengths = _runs(is_end, lengths)
    is_long = run_lengths >= shortest
    runs = runs[np.repeat(is_long, run_lengths)]
    return _fit(points[runs], smooth[runs], run_lengths[is_long], expected_diameter_px)


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(lengths) - lengths


def _bend(
    points: NDArray[np.float32], lengths: NDArray[np.int64], sigma_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed closed outlines, and their curvature in 1/px: positive where the mask bulges."""
    if len(points) == 0:
        return np.empty((0, 2)), np.empty(0)
    sigma_px = max(1.0, sigma_px)
    reach = int(3 * sigma_px) + 2
    # Each outline goes on with its own other end, so that one filter can run over them all.
    longer = lengths + 2 * reach
    along = np.arange(longer.sum()) - np.repeat(_starts(longer) + reach, longer)
    wrapped = points[np.repeat(_starts(lengths), longer) + along % np.repeat(lengths, longer)]
    blurred = cv2.GaussianBlur(wrapped, (1, 2 * reach - 1), sigmaX=0, sigmaY=sigma_px)
    blurred = np.asarray(blurred, np.float64)
    at = np.flatnonzero((along >= 0) & (along < np.repeat(lengths, longer)))
    before, smooth, after = blurred[at - 1], blurred[at], blurred[at + 1]
    slope, turn = (after - before) / 2, after - 2 * smooth + before
    cross = slope[:, 0] * turn[:, 1] - slope[:, 1] * turn[:, 0]
    # OpenCV runs around a mask so that it lies on one side of outlines and holes alike.
    return smooth, -cross / np.maximum((slope**2).sum(axis=1), 1e-9) ** 1.5


def _runs(
    is_end: NDArray[np.bool_], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs between the ends of closed outlines: indices of their points, and lengths."""
    if len(is_end) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts = np.repeat(_starts(lengths), lengths)
    whole = np.repeat(lengths, lengths)
    along = np.arange(len(is_end)) - starts
    # From an end on, so that no run goes over the seam of its outline.
    first = np.minimum.reduceat(np.where(is_end, along, whole), _starts(lengths))
    order = starts + (along + np.repeat(first, lengths)) % whole
    ends = is_end[order]
    begins = (along == 0) | np.append(True, ends[:-1])
    lengths_of_runs = np.bincount(np.cumsum(begins)[~ends])
    return order[~ends], lengths_of_runs[lengths_of_runs > 0].astype(np.int64)


def _fit(
    points: NDArray[np.float32],
    smooth: NDArray[np.float64],
    lengths: NDArray[np.int64],
    expected_diameter_px: float,
) -> Arcs:
    """Least-squares circles (Kasa 1976) through runs of points; only those that lie on them."""
    if len(points) == 0:
        return Arcs(x_px=np.empty(0), y_px=np.empty(0), radius_px=np.empty(0), turns=np.empty(0))
    starts = _starts(lengths)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, starts) / lengths, np.float64)

    x, y = points.astype(np.float64).T
    middle_x, middle_y = mean(x), mean(y)
    x, y = x - np.repeat(middle_x, lengths), y - np.repeat(middle_y, lengths)
    square = x**2 + y**2
    xx, xy, yy = mean(x * x), mean(x * y), mean(y * y)
    right_x, right_y = mean(x * square) / 2, mean(y * square) / 2
    # A straight run has no circle; its residual tells.
    determinant = np.maximum(xx * yy - xy**2, 1e-9)
    center_x = (right_x * yy - right_y * xy) / determinant
    center_y = (right_y * xx - right_x * xy) / determinant
    radius = np.sqrt(xx + yy + center_x**2 + center_y**2)
    distance = np.hypot(x - np.repeat(center_x, lengths), y - np.repeat(center_y, lengths))
    residual = mean(np.abs(distance - np.repeat(radius, lengths)))
    steps = np.hypot(*np.diff(smooth, axis=0, append=smooth[-1:]).T)
    steps[starts + lengths - 1] = 0
    turns = np.minimum(1.0, np.add.reduceat(steps, starts) / (2 * np.pi * radius))
    smallest, largest = (factor * expected_diameter_px / 2 for factor in DIAMETER_RANGE)
    is_arc = (smallest < radius) & (radius < largest)
    is_arc &= (turns >= MIN_SPAN_DEGREES / 360) & (residual <= MAX_RESIDUAL * radius)
    return Arcs(
        x_px=middle_x + center_x,
        y_px=middle_y + center_y,
        # The outline runs through the middles of the mask's outermost pixels.
        radius_px=radius + 0.5,
        turns=turns,
    ).only(is_arc)
