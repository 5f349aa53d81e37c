from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukapp.imaging.enhance import EnhancementConfig, enhance_image

STRETCH_ONLY = EnhancementConfig(sharpen=False)
SCALE_FIRST = EnhancementConfig(order="scale_then_add", sharpen=False)
SHARPEN_ONLY = EnhancementConfig(offset=0, gain=1.0)


def constant(level: int) -> np.ndarray:
    return np.full((5, 6, 3), level, np.uint8)


# (0+30)*1.4 = 42; (10+30)*1.4 = 56; (100+30)*1.4 = 182; (152+30)*1.4 = 254.8 -> 255
@pytest.mark.parametrize(
    ("level", "expected"), [(0, 42), (10, 56), (100, 182), (151, 253), (152, 255)]
)
def test_adding_then_scaling(level, expected):
    assert np.array_equal(enhance_image(constant(level), STRETCH_ONLY), constant(expected))


# 0*1.4+30 = 30; 10*1.4+30 = 44; 100*1.4+30 = 170; 161*1.4 = 225.4 -> 225, +30 = 255
@pytest.mark.parametrize(
    ("level", "expected"), [(0, 30), (10, 44), (100, 170), (160, 254), (161, 255)]
)
def test_scaling_then_adding(level, expected):
    assert np.array_equal(enhance_image(constant(level), SCALE_FIRST), constant(expected))


def test_adding_saturates_before_the_scaling():
    # 240 + 30 saturates at 255, and half of that is 127.5 -> 128; unsaturated it would be 135.
    config = EnhancementConfig(gain=0.5, sharpen=False)
    assert np.array_equal(enhance_image(constant(240), config), constant(128))
    # 20 - 30 saturates at 0, and 0 it stays.
    config = EnhancementConfig(offset=-30, sharpen=False)
    assert np.array_equal(enhance_image(constant(20), config), constant(0))


def test_scaling_saturates_before_the_adding():
    # 200 * 1.4 = 280 saturates at 255, minus 30 is 225; unsaturated it would be 250.
    config = EnhancementConfig(order="scale_then_add", offset=-30, sharpen=False)
    assert np.array_equal(enhance_image(constant(200), config), constant(225))


def test_halves_round_to_even():
    # 1 * 0.5 = 0.5 -> 0, 3 * 0.5 = 1.5 -> 2, 5 * 0.5 = 2.5 -> 2
    config = EnhancementConfig(offset=0, gain=0.5, sharpen=False)
    levels = [int(enhance_image(constant(level), config)[0, 0, 0]) for level in (1, 3, 5)]
    assert levels == [0, 2, 2]


def test_the_filter_by_hand():
    image = constant(100)
    image[2, 3] = (110, 90, 200)
    expected = constant(100)
    # 5 * center - 4 * 100 at the pixel itself, 5 * 100 - 3 * 100 - center beside it.
    expected[2, 3] = (150, 50, 255)
    expected[1, 3] = expected[3, 3] = expected[2, 2] = expected[2, 4] = (90, 110, 0)
    assert np.array_equal(enhance_image(image, SHARPEN_ONLY), expected)


def test_the_filter_sees_the_image_mirrored_at_the_border():
    image = constant(100)
    image[0, 1] = 110
    # Above row 0 lies row 1 again: 5 * 110 - 3 * 100 - 100 = 150; the corner sees 110 twice:
    # 5 * 100 - 2 * 100 - 2 * 110 = 80.
    enhanced = enhance_image(image, SHARPEN_ONLY)
    assert enhanced[0, 1].tolist() == [150] * 3
    assert enhanced[0, 0].tolist() == [80] * 3


def test_the_filter_follows_the_saturation_of_the_stretch():
    image = constant(255)
    image[2, 3] = 130
    # 130 becomes 224, and 5 * 224 - 4 * 255 = 100; beside it 2 * 255 - 224 = 286 -> 255.
    enhanced = enhance_image(image)
    assert enhanced[2, 3].tolist() == [100] * 3
    assert enhanced[2, 2].tolist() == [255] * 3


def test_off_is_a_copy():
    image = constant(7)
    untouched = enhance_image(image, EnhancementConfig(is_on=False))
    assert np.array_equal(untouched, image)
    assert not np.shares_memory(untouched, image)


def test_a_read_only_image_is_taken_and_not_modified():
    image = constant(100)
    image.flags.writeable = False
    assert enhance_image(image).flags.writeable
    assert np.array_equal(image, constant(100))


@given(st.integers(0, 255), st.integers(0, 255))
def test_brighter_stays_brighter(first, second):
    low, high = sorted((first, second))
    for order in get_args(EnhancementConfig.__annotations__["order"]):
        config = EnhancementConfig(order=order, sharpen=False)
        assert (
            enhance_image(constant(low), config).max()
            <= enhance_image(constant(high), config).min()
        )
