"""Cells read out of a network's answer, and each of them once."""

import numpy as np
import pytest

from leukapp.fields.found_cells import (
    FoundCell,
    each_once,
    find_peaks,
    measure_diameter,
    measure_squash,
)


def cell_at(x_px: float, score: float, *, side_px: float = 20.0, y_px: float = 0.0) -> FoundCell:
    return FoundCell(x_px=x_px, y_px=y_px, width_px=side_px, height_px=side_px, score=score)


def test_a_peak_is_read_in_pixels_of_the_image() -> None:
    logit = np.full((8, 8), -6, np.float32)
    logit[2, 5] = 3
    log_size = np.full((8, 8, 2), np.log(16), np.float32)

    (cell,) = find_peaks(logit, log_size, scale=(0.5, 0.25), min_score=0.3, sizes_px=(10.0, 30.0))

    assert (cell.x_px, cell.y_px) == (44, 40)
    assert (cell.width_px, cell.height_px) == (pytest.approx(32), pytest.approx(64))
    assert cell.score == pytest.approx(1 / (1 + np.exp(-3)))
    assert not find_peaks(logit, log_size, scale=(1, 1), min_score=0.3, sizes_px=(20.0, 30.0))


def test_a_cell_seen_twice_counts_once_and_neighbors_both() -> None:
    near, far = cell_at(0, 0.9), cell_at(18, 0.8)

    assert each_once([cell_at(4, 0.5), far, near, cell_at(0, 0.3, side_px=60)]) == (near, far)


def test_lobes_go_with_their_cell() -> None:
    cell = cell_at(0, 0.6, side_px=60)
    lobes = [cell_at(-12, 0.8), cell_at(12, 0.7)]

    assert each_once([cell, *lobes], erythrocyte_px=30) == (cell,)


def test_a_box_around_touching_cells_goes_for_them() -> None:
    cells = (cell_at(0, 0.6, side_px=40), cell_at(38, 0.5, side_px=40))
    around_both = cell_at(19, 0.9, side_px=78)

    assert each_once([around_both, *cells], erythrocyte_px=30) == cells


def test_the_scale_is_that_of_most_of_the_area() -> None:
    specks = [cell_at(100.0 * index, 0.9, side_px=4) for index in range(20)]
    cells = [cell_at(100.0 * index, 0.9, side_px=50) for index in range(3)]

    assert measure_diameter([*specks, *cells], least=3) == 50
    assert measure_diameter(cells, least=4) is None


def test_squashed_erythrocytes_are_noticed() -> None:
    squashed = [
        FoundCell(x_px=50.0 * index, y_px=0, width_px=30, height_px=50, score=0.9)
        for index in range(6)
    ]

    assert measure_squash(squashed, least=6) == pytest.approx(0.6)
    assert measure_squash(squashed[:5], least=6) == 1
