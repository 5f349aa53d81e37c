"""Circles read off the outlines of disks that stand alone, touch, or are cut."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from leukapp.fields.outline_arcs import find_arcs, trace_outlines


def disks(*circles: tuple[int, int, int], size_px: int = 200) -> NDArray[np.uint8]:
    """Mask of filled (x, y, radius)."""
    mask = np.zeros((size_px, size_px), np.uint8)
    for x, y, radius in circles:
        cv2.circle(mask, (x, y), radius, 1, -1)
    return mask


@pytest.mark.parametrize("expected_px", [40.0, 60.0, 100.0])
def test_a_disk_is_one_whole_circle_whatever_was_expected(expected_px):
    arcs = find_arcs(trace_outlines(disks((80, 110, 30))), expected_px)
    assert len(arcs) == 1
    assert (arcs.x_px[0], arcs.y_px[0]) == pytest.approx((80, 110), abs=0.5)
    assert arcs.radius_px[0] == pytest.approx(30, abs=0.8)
    assert arcs.turns[0] == pytest.approx(1, abs=0.08)


def test_touching_disks_are_told_apart():
    circles = ((50, 100, 30), (102, 100, 30))
    arcs = find_arcs(trace_outlines(disks(*circles)), 60)
    assert arcs.radius_px == pytest.approx(30, abs=1.5)
    found = {min(circles, key=lambda circle: abs(circle[0] - x)) for x in arcs.x_px}
    assert found == set(circles)


def test_a_disk_cut_by_the_border_keeps_its_radius():
    arcs = find_arcs(trace_outlines(disks((8, 100, 40))), 80)
    assert len(arcs) == 1
    assert arcs.radius_px[0] == pytest.approx(40, abs=1.5)
    assert arcs.x_px[0] == pytest.approx(8, abs=2)
    assert arcs.turns[0] < 0.75


def test_a_disk_leaning_on_a_larger_body_keeps_its_radius():
    arcs = find_arcs(trace_outlines(disks((70, 100, 60), (140, 100, 25))), 50)
    small = arcs.only(arcs.radius_px < 40)
    assert len(small) == 1
    assert (small.x_px[0], small.y_px[0]) == pytest.approx((140, 100), abs=2)
    assert small.radius_px[0] == pytest.approx(25, abs=1.5)


def test_only_sizes_near_the_expected_are_found():
    mask = disks((40, 40, 12), (130, 130, 60))
    assert len(find_arcs(trace_outlines(mask), 120)) == 1
    assert len(find_arcs(trace_outlines(mask), 24)) == 1
    assert len(find_arcs(trace_outlines(mask), 54)) == 0


@pytest.mark.parametrize("mask", [np.zeros((60, 60), np.uint8), np.ones((60, 60), np.uint8)])
def test_no_outline_no_arc(mask):
    assert len(find_arcs(trace_outlines(mask), 20)) == 0


def test_a_square_is_no_circle():
    mask = np.zeros((120, 120), np.uint8)
    mask[30:90, 30:90] = 1
    assert len(find_arcs(trace_outlines(mask), 60)) == 0
