import time

import numpy as np
import pytest

from leukapp.imaging.overlay import draw_heat_layer, draw_overlay, upsample_heatmap

WHITE_HOT_INFERNO = (252, 255, 164)


@pytest.fixture
def smear() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def constant_map(value: float) -> np.ndarray:
    return np.full((4, 5), value, np.float32)


def test_a_zero_map_leaves_every_pixel(smear):
    overlay = draw_overlay(smear, constant_map(0.0), opacity=1.0)
    assert np.array_equal(overlay, smear)
    assert not np.shares_memory(overlay, smear)


def test_opacity_zero_leaves_every_pixel(smear):
    assert np.array_equal(draw_overlay(smear, constant_map(1.0), opacity=0.0), smear)


def test_full_heat_at_full_opacity_is_the_hottest_color(smear):
    overlay = draw_overlay(smear, constant_map(1.0), opacity=1.0)
    assert np.array_equal(overlay, np.broadcast_to(WHITE_HOT_INFERNO, smear.shape))


def test_half_opacity_is_the_mean_of_image_and_color():
    black, gray = np.zeros((6, 6, 3), np.uint8), np.full((6, 6, 3), 100, np.uint8)
    # 252, 255, 164 halved; OpenCV divides by the weights' sum plus 1e-5, so 127.5 falls to 127.
    assert draw_overlay(black, constant_map(1.0))[2, 3].tolist() == [126, 127, 82]
    assert draw_overlay(gray, constant_map(1.0))[2, 3].tolist() == [176, 177, 132]


def test_opacity_scales_with_heat():
    white = np.full((6, 6, 3), 255, np.uint8)
    warm = draw_overlay(white, constant_map(0.2), opacity=1.0)
    # Heat 0.2 is level 51: kept are 0.8 * 255 = 204 of the white; inferno's level 51 adds at most
    # a fifth of its color.
    assert np.all(warm >= 204)
    hot = draw_overlay(white, constant_map(0.6), opacity=1.0)
    assert hot.sum() < warm.sum()


def test_pixels_below_the_threshold_are_untouched_and_those_at_it_are_not(smear):
    assert np.array_equal(draw_overlay(smear, constant_map(0.39), threshold=0.4), smear)
    assert not np.array_equal(draw_overlay(smear, constant_map(0.4), threshold=0.4), smear)


def test_threshold_one_draws_only_full_heat(smear):
    assert np.array_equal(draw_overlay(smear, constant_map(0.99), threshold=1.0), smear)
    assert not np.array_equal(draw_overlay(smear, constant_map(1.0), threshold=1.0), smear)


def test_color_is_where_the_planted_hot_corner_is():
    image = np.full((70, 140, 3), 200, np.uint8)
    values = np.zeros((7, 7), np.float32)
    values[6, 0] = 1.0
    overlay = draw_overlay(image, values, opacity=1.0)
    assert overlay[69, 0].tolist() == list(WHITE_HOT_INFERNO)
    is_changed = (overlay != image).any(axis=2)
    # The cubic reaches two cells: 20 px of height and 40 px of width beyond the hot cell's center.
    rows, columns = np.nonzero(is_changed)
    assert rows.min() >= 65 - 20
    assert columns.max() < 10 + 40


@pytest.mark.parametrize(
    ("color_map", "hottest"),
    [("inferno", WHITE_HOT_INFERNO), ("viridis", (253, 231, 37)), ("turbo", (122, 4, 3))],
)
def test_color_maps_are_rgb(color_map, hottest):
    image = np.zeros((4, 4, 3), np.uint8)
    overlay = draw_overlay(image, constant_map(1.0), opacity=1.0, color_map=color_map)
    assert np.abs(overlay[0, 0].astype(int) - hottest).max() <= 1


def test_a_layer_laid_over_the_image_is_the_overlay(smear):
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    height, width = smear.shape[:2]
    layer = draw_heat_layer(values, height_px=height, width_px=width, threshold=0.3)
    share = 0.6 * layer[..., 3:].astype(np.float32) / 255
    laid = layer[..., :3] * share + smear * (1 - share)
    expected = draw_overlay(smear, values, opacity=0.6, threshold=0.3)
    assert np.abs(laid - expected).max() <= 2


def test_neither_argument_is_modified(smear):
    values = np.random.default_rng(1).random((7, 7), dtype=np.float32)
    image_before, values_before = smear.copy(), values.copy()
    smear.flags.writeable = values.flags.writeable = False
    draw_overlay(smear, values)
    assert np.array_equal(smear, image_before)
    assert np.array_equal(values, values_before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"opacity": 1.5}, "opacity must be 0-1, got 1.5"),
        ({"threshold": -0.1}, "threshold must be 0-1, got -0.1"),
        ({"threshold": float("nan")}, "threshold must be 0-1, got nan"),
        ({"color_map": "jet"}, "color_map must be one of inferno, viridis, turbo, got jet"),
    ],
)
def test_wrong_settings_are_named(smear, arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_overlay(smear, constant_map(1.0), **arguments)


def test_upsampling_keeps_a_constant_and_the_size():
    upsampled = upsample_heatmap(constant_map(0.25), 33, 47)
    assert upsampled.shape == (33, 47)
    assert upsampled.dtype == np.float32
    assert upsampled == pytest.approx(0.25, abs=1e-6)


def test_upsampling_passes_through_the_centers_and_clips_the_overshoot():
    values = np.array([[0, 0, 0], [0, 1, 1], [0, 1, 1]], np.float32)
    upsampled = upsample_heatmap(values, 27, 27)
    centers = np.array([4, 13, 22])
    assert upsampled[np.ix_(centers, centers)] == pytest.approx(values, abs=1e-6)
    assert upsampled.min() == 0.0
    assert upsampled.max() == 1.0


def test_upsampling_is_smooth():
    values = np.array([[0, 1]], np.float32)
    row = upsample_heatmap(values, 1, 64)[0]
    assert np.abs(np.diff(row)).max() < 0.06


def test_one_cell_fills_the_image():
    assert upsample_heatmap(np.ones((1, 1), np.float32), 3, 4).tolist() == [[1.0] * 4] * 3


def test_a_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="at least 1 x 1 px, got 0 x 5"):
        upsample_heatmap(constant_map(1.0), 0, 5)


def test_a_full_field_takes_well_under_a_second():
    image = np.zeros((1944, 2592, 3), np.uint8)
    durations = []
    for _ in range(3):
        # Of the processor: another process that is busy does not count.
        start = time.process_time()
        draw_overlay(image, constant_map(0.5))
        durations.append(time.process_time() - start)
    assert min(durations) < 0.5
