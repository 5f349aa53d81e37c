from collections import Counter

import numpy as np
import pytest

from leukapp.data.d4 import D4Element, apply_d4, distinct_d4, paper_augmentations

CORNERS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (D4Element.IDENTITY, [[1, 2], [3, 4]]),
        (D4Element.ROTATE_90, [[2, 4], [1, 3]]),
        (D4Element.ROTATE_180, [[4, 3], [2, 1]]),
        (D4Element.ROTATE_270, [[3, 1], [4, 2]]),
        (D4Element.FLIP_HORIZONTAL, [[2, 1], [4, 3]]),
        (D4Element.FLIP_VERTICAL, [[3, 4], [1, 2]]),
        (D4Element.TRANSPOSE, [[1, 3], [2, 4]]),
        (D4Element.ANTI_TRANSPOSE, [[4, 2], [3, 1]]),
    ],
)
def test_each_element_moves_the_corners(element, expected):
    assert apply_d4(CORNERS, element).tolist() == expected


def test_inverse_undoes_each_element_of_an_oblong_image():
    image = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    for element in D4Element:
        moved = apply_d4(image, element)
        assert np.array_equal(apply_d4(moved, element.inverse), image)


def test_a_new_array_is_returned():
    image = np.zeros((2, 2, 3), np.uint8)
    apply_d4(image, D4Element.IDENTITY)[0, 0] = 9
    assert image.max() == 0


def test_paper_order_is_rotation_by_flip():
    augmentations = paper_augmentations()
    named = [(a.rotation_degrees, a.flip) for a in augmentations]
    assert [a.index for a in augmentations] == list(range(16))
    assert named[:5] == [(0, "none"), (0, "horizontal"), (0, "vertical"), (0, "both"), (90, "none")]
    assert augmentations[3].element == D4Element.ROTATE_180


def test_sixteen_augmentations_give_eight_pictures_twice_each():
    image = np.arange(4 * 4).reshape(4, 4)
    pictures = Counter()
    for augmentation in paper_augmentations():
        picture = np.rot90(image, augmentation.rotation_degrees // 90)
        if augmentation.flip in {"horizontal", "both"}:
            picture = np.fliplr(picture)
        if augmentation.flip in {"vertical", "both"}:
            picture = np.flipud(picture)
        assert np.array_equal(picture, apply_d4(image, augmentation.element))
        pictures[picture.tobytes()] += 1
    assert sorted(pictures.values()) == [2] * 8


def test_distinct_d4_are_distinct():
    assert len({version.tobytes() for version in distinct_d4(CORNERS)}) == 8
