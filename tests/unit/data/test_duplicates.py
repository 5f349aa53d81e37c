import io

import numpy as np
import pytest
from PIL import Image

from leukapp.data.d4 import D4Element, apply_d4
from leukapp.data.duplicates import find_duplicates, hash_pixels


def recompress(image, quality=60):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer).convert("RGB"))


def test_pixel_hash_is_the_same_for_all_eight_versions_of_an_oblong_image(make_picture):
    image = make_picture(1)[:40]
    assert len({hash_pixels(apply_d4(image, element)) for element in D4Element}) == 1


def test_pixel_hash_sees_one_changed_value_where_first_rows_tie():
    blank = np.zeros((8, 8, 3), np.uint8)
    dotted = blank.copy()
    dotted[3, 4, 0] = 1
    assert hash_pixels(blank) != hash_pixels(dotted)
    assert hash_pixels(dotted) == hash_pixels(apply_d4(dotted, D4Element.TRANSPOSE))


def test_pixel_hash_sees_the_shape():
    assert hash_pixels(np.zeros((2, 8, 3), np.uint8)) != hash_pixels(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("element", list(D4Element))
def test_exact_copy_is_found_under_each_element(element, make_picture):
    images = [make_picture(1), make_picture(2), apply_d4(make_picture(1), element)]
    pairs = find_duplicates(images)
    assert [(p.first, p.second, p.kind, p.distance) for p in pairs] == [(0, 2, "exact", 0)]


@pytest.mark.parametrize("element", list(D4Element))
def test_recompressed_and_rescaled_copy_is_near_under_each_element(element, make_picture):
    turned = apply_d4(make_picture(1), element)
    smaller = np.array(Image.fromarray(turned).resize((40, 40), Image.Resampling.BICUBIC))
    images = [make_picture(2), recompress(turned), make_picture(1), smaller]
    pairs = find_duplicates(images)
    assert [(p.first, p.second, p.kind) for p in pairs] == [
        (1, 2, "near"),
        (1, 3, "near"),
        (2, 3, "near"),
    ]


def test_different_pictures_are_not_paired(make_picture):
    assert find_duplicates([make_picture(seed) for seed in range(300)]) == ()


def test_nothing_in_nothing_out():
    assert find_duplicates([]) == ()


def test_distance_is_checked():
    with pytest.raises(ValueError, match="near_distance must be 0-64, got 65"):
        find_duplicates([], near_distance=65)
