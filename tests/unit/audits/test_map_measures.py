"""Numbers of heatmaps, on maps whose answer is known."""

import numpy as np
import pytest

from leukapp.audits.map_measures import (
    heat_inside,
    hide,
    hot_overlap,
    hottest,
    nucleus_and_cell,
    rank_correlation,
)
from leukapp.imaging.synthetic import draw_synthetic_cell

RAMP = np.arange(49, dtype=np.float32).reshape(7, 7) / 48


def test_rank_correlation_of_a_map_with_itself_and_its_opposite() -> None:
    assert rank_correlation(RAMP, RAMP**3) == pytest.approx(1)
    assert rank_correlation(RAMP, 1 - RAMP) == pytest.approx(-1)


def test_a_map_of_one_value_has_no_correlation_and_no_overlap() -> None:
    assert np.isnan(rank_correlation(RAMP, np.zeros((7, 7), np.float32)))
    assert np.isnan(hot_overlap(RAMP, np.zeros((7, 7), np.float32)))


def test_overlap_of_the_hottest_fifths() -> None:
    assert hot_overlap(RAMP, RAMP) == 1
    assert hot_overlap(RAMP, 1 - RAMP) == 0


def test_hottest_takes_the_share_asked_for() -> None:
    chosen = hottest(RAMP, 0.2)
    assert chosen.sum() == 10
    assert RAMP[chosen].min() > RAMP[~chosen].max()


def test_only_the_hidden_part_of_an_input_changes() -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    mask = np.zeros((64, 64), np.bool_)
    mask[:20] = True
    hidden = hide(pixels, mask)
    np.testing.assert_array_equal(hidden[20:], pixels[20:])
    assert hidden[:20].std() < 0.2 * pixels[:20].std()


def test_heat_on_the_cell_of_a_drawn_smear_is_told_from_heat_beside_it() -> None:
    image = draw_synthetic_cell("lymphoblast", seed=3)
    masks = nucleus_and_cell(image)
    assert masks is not None
    nucleus, cell = masks
    assert nucleus.sum() < cell.sum() < 0.8 * cell.size
    assert not np.any(nucleus & ~cell)
    middle, corner = np.zeros((7, 7), np.float32), np.zeros((7, 7), np.float32)
    middle[3, 3], corner[0, 0] = 1, 1
    assert heat_inside(middle, nucleus) > 0.9
    assert heat_inside(corner, cell) < 0.1


def test_no_masks_without_a_leukocyte() -> None:
    assert nucleus_and_cell(np.full((100, 100, 3), 230, np.uint8)) is None
