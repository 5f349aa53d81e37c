from typing import get_args

import cv2
import numpy as np
import pytest

from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell, draw_synthetic_field

KINDS = get_args(CellKind)


def is_nucleus(image: np.ndarray) -> np.ndarray:
    """Dark and blue-violet, as only stained nuclei are here."""
    red, green, blue = (image[..., channel].astype(int) for channel in range(3))
    return (green < 115) & (blue > red + 5) & (red > green)


def nucleus_fraction_of_middle(kind: str, seed: int) -> float:
    image = draw_synthetic_cell(kind, seed=seed, size_px=180)
    return float(is_nucleus(image)[30:150, 30:150].mean())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_cell_and_another_seed_another(kind):
    first = draw_synthetic_cell(kind, seed=5, size_px=120)
    assert np.array_equal(first, draw_synthetic_cell(kind, seed=5, size_px=120))
    assert not np.array_equal(first, draw_synthetic_cell(kind, seed=6, size_px=120))


@pytest.mark.parametrize("size_px", [64, 257])
def test_cell_has_the_size_asked_for(size_px):
    image = draw_synthetic_cell("lymphoblast", seed=0, size_px=size_px)
    assert image.shape == (size_px, size_px, 3)
    assert image.dtype == np.uint8
    assert image.flags.writeable


def test_default_size_is_360():
    assert draw_synthetic_cell("neutrophil", seed=0).shape == (360, 360, 3)


def test_drawing_does_not_depend_on_the_global_random_state():
    first = draw_synthetic_cell("myeloblast", seed=1, size_px=96)
    np.random.seed(123)  # noqa: NPY002, RUF100
    assert np.array_equal(first, draw_synthetic_cell("myeloblast", seed=1, size_px=96))


def test_nucleus_size_tells_the_kinds_apart():
    share = {
        kind: np.mean([nucleus_fraction_of_middle(kind, seed) for seed in range(4)])
        for kind in KINDS
    }
    assert share["myeloblast"] > 1.15 * share["lymphoblast"]
    assert share["lymphoblast"] > 1.3 * share["lymphocyte"]
    assert share["neutrophil"] < share["lymphoblast"]


@pytest.mark.parametrize("seed", range(3))
def test_a_neutrophil_has_holes_or_bays_in_its_nucleus_and_a_lymphocyte_has_none(seed):
    def solidity(kind: str) -> float:
        image = draw_synthetic_cell(kind, seed=seed, size_px=240)
        mask = cv2.medianBlur(is_nucleus(image).astype(np.uint8), 5)
        n_labels, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        large = [i for i in range(1, n_labels) if stats[i, cv2.CC_STAT_AREA] > 60]
        points = np.argwhere(np.isin(labels, large)).astype(np.int32)
        return len(points) / cv2.contourArea(cv2.convexHull(points))

    assert solidity("neutrophil") < 0.88
    assert solidity("lymphocyte") > 0.93


@pytest.mark.parametrize("n_leukocytes", [0, 1, 4])
def test_field_has_one_box_a_leukocyte(n_leukocytes):
    field = draw_synthetic_field(n_leukocytes=n_leukocytes, seed=2, height_px=240, width_px=320)
    assert field.image.shape == (240, 320, 3)
    assert len(field.boxes) == n_leukocytes


@pytest.mark.parametrize("seed", range(2))
def test_nuclei_are_in_the_boxes_and_nowhere_else(seed):
    field = draw_synthetic_field(n_leukocytes=4, seed=seed)
    nucleus = is_nucleus(field.image)
    for left, top, right, bottom in field.boxes:
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 480
        assert nucleus[top:bottom, left:right].mean() > 0.15
        nucleus[top:bottom, left:right] = False
    # What is left are platelets and single noisy pixels.
    assert nucleus.mean() < 0.002


def test_boxes_are_tight():
    field = draw_synthetic_field(n_leukocytes=3, seed=1)
    for left, top, right, bottom in field.boxes:
        # Radii are 1.28 to 2.15 erythrocytes of 28.8 px, give or take the outline's waves.
        assert 60 < right - left < 150
        assert 60 < bottom - top < 150


def test_fields_are_deterministic_and_read_only():
    first = draw_synthetic_field(n_leukocytes=2, seed=9, height_px=128, width_px=160)
    second = draw_synthetic_field(n_leukocytes=2, seed=9, height_px=128, width_px=160)
    assert np.array_equal(first.image, second.image)
    assert first.boxes == second.boxes
    assert not first.image.flags.writeable


def test_background_is_brighter_than_erythrocytes_and_cream():
    image = draw_synthetic_field(n_leukocytes=0, seed=4).image
    brightest = image[image[..., 1] >= np.quantile(image[..., 1], 0.7)].mean(axis=0)
    assert brightest[0] > brightest[1] > brightest[2]
    assert brightest.min() > 180
    darkest = image[image[..., 1] <= np.quantile(image[..., 1], 0.2)].mean(axis=0)
    assert darkest[1] < brightest[1] - 60


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="kind must be one of lymphoblast"):
        draw_synthetic_cell("monocyte", seed=0)
    with pytest.raises(ValueError, match="size_px must be at least 64, got 63"):
        draw_synthetic_cell("neutrophil", seed=0, size_px=63)
    with pytest.raises(ValueError, match="width_px must be at least 64, got 10"):
        draw_synthetic_field(n_leukocytes=0, seed=0, width_px=10)
    with pytest.raises(ValueError, match="n_leukocytes must be at least 0, got -1"):
        draw_synthetic_field(n_leukocytes=-1, seed=0)
    with pytest.raises(ValueError, match="n_leukocytes must fit into 64 x 64 px, got 30"):
        draw_synthetic_field(n_leukocytes=30, seed=0, height_px=64, width_px=64)
