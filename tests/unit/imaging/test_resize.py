import numpy as np
import pytest

from leukapp.data.d4 import D4Element, apply_d4
from leukapp.imaging.enhance import EnhancementConfig, enhance_image
from leukapp.imaging.resize import prepare_inputs, resize_image


def test_shrinking_takes_means():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = [[[10, 0, 0], [20, 0, 0]], [[30, 0, 0], [40, 0, 0]]]
    image[2:, 2:, 1] = 255
    expected = np.zeros((2, 2, 3), np.uint8)
    expected[0, 0, 0], expected[1, 1, 1] = 25, 255
    assert np.array_equal(resize_image(image, 2), expected)


def test_enlarging_is_linear():
    # Centers of the four new columns lie at -0.25, 0.25, 0.75 and 1.25 of the old ones.
    image = np.repeat(np.array([[0, 100], [0, 100]], np.uint8)[..., None], 3, axis=2)
    assert resize_image(image, 4)[:, :, 0].tolist() == [[0, 25, 75, 100]] * 4


def test_the_aspect_ratio_is_not_kept():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, 4:] = 200
    resized = resize_image(image, 4)
    assert resized.shape == (4, 4, 3)
    assert resized[:, :, 0].tolist() == [[0, 0, 200, 200]] * 4


def test_enhanced_at_full_size_and_resized_then():
    image = np.random.default_rng(5).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    config = EnhancementConfig()
    prepared = prepare_inputs(image, config, (20, 8, 20))
    assert np.array_equal(prepared.enhanced, enhance_image(image, config))
    assert [each.shape for each in prepared.inputs] == [(20, 20, 3), (8, 8, 3), (20, 20, 3)]
    assert np.array_equal(prepared.inputs[1], resize_image(prepared.enhanced, 8))


@pytest.mark.parametrize("element", D4Element)
@pytest.mark.parametrize("side_px", [32, 100])
def test_turning_and_mirroring_commute_with_the_preparation(element, side_px):
    # Steps of 8 pixels and a whole factor, so that each mean has the same pixels either way.
    blocks = np.random.default_rng(7).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
    config = EnhancementConfig()
    moved_first = prepare_inputs(apply_d4(image, element), config, (side_px,))
    moved_last = prepare_inputs(image, config, (side_px,))
    assert np.array_equal(moved_first.enhanced, apply_d4(moved_last.enhanced, element))
    difference = moved_first.inputs[0].astype(int) - apply_d4(moved_last.inputs[0], element)
    # OpenCV rounds means and fractions in fixed point, which may move a value by one.
    assert np.abs(difference).max() <= 1
