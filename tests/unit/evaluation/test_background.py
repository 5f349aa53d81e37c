import numpy as np
import pytest

from leukapp.evaluation.background import (
    background_balanced_accuracy,
    background_mask,
    edge_features,
)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(100, 100, 3), dtype=np.uint8)


def test_the_ring_and_its_missing_corner():
    mask = background_mask(100, 100)
    # A ring of 8 px is 100^2 - 84^2 = 2,944 px; the 12 x 25 corner holds 8 x 25 + 4 x 8 of them.
    assert mask.sum() == 2944 - 232
    assert mask[7, 50]
    assert not mask[8, 50]
    assert mask[50, 92]
    assert not mask[50, 91]
    assert mask[87, 99]
    assert not mask[88, 99]
    assert mask[99, 74]
    assert not mask[99, 75]


def test_a_ring_scales_with_each_side():
    mask = background_mask(100, 200)
    assert mask[50, 15]
    assert not mask[50, 16]
    assert background_mask(3, 3).any()


def test_cell_and_scale_bar_are_not_seen(image):
    before = edge_features(image)
    image[8:92, 8:92] = 0
    image[88:, 75:] = 255
    assert np.array_equal(edge_features(image), before)


@pytest.mark.parametrize("place", [(0, 0), (0, 99), (87, 99), (99, 0), (50, 3)])
def test_the_ring_is_seen(image, place):
    before = edge_features(image)
    image[place] = 255 - image[place]
    assert not np.array_equal(edge_features(image), before)


def test_features_of_a_flat_image_are_its_color():
    features = edge_features(np.full((50, 60, 3), (10, 20, 30), np.uint8))
    assert features.dtype == np.float32
    expected = [10, 20, 30, 0, 0, 0, *[10, 20, 30] * 5, 0, 0, 0]
    assert features.tolist() == expected


def test_correlation_of_channels():
    image = np.zeros((50, 50, 3), np.uint8)
    image[:25] = (200, 200, 0)
    image[25:] = (0, 0, 200)
    assert edge_features(image)[-3:].tolist() == pytest.approx([1, -1, -1])


def test_balanced_accuracy_is_a_mean_over_classes():
    train = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    test = np.array([[-1.0], [-1.0], [-1.0], [1.0], [1.0]])
    labels = np.array([0, 0, 0, 0, 2])
    # Class 0: 3 of 4, class 2: 1 of 1.
    accuracy = background_balanced_accuracy(train, np.array([0, 0, 2, 2]), test, labels)
    assert accuracy == pytest.approx((0.75 + 1) / 2)


def test_a_class_that_only_the_training_has_is_no_class_of_the_mean():
    train = np.array([[-2.0], [0.0], [2.0]])
    accuracy = background_balanced_accuracy(
        train, np.array([0, 1, 2]), np.array([[-2.0], [0.0]]), np.array([0, 0])
    )
    assert accuracy == 0.5


def test_one_class_cannot_be_learned():
    with pytest.raises(ValueError, match="two classes"):
        background_balanced_accuracy(
            np.zeros((2, 1)), np.zeros(2, int), np.zeros((1, 1)), np.zeros(1, int)
        )
