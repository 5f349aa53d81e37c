"""Training images are recognised by hashes, whatever was done to them, and others are not."""

import io

import numpy as np
import pytest
from PIL import Image

from leukapp.data.d4 import D4Element, apply_d4
from leukapp.data.fingerprints import Fingerprints
from leukapp.imaging.synthetic import draw_synthetic_cell


def recompressed(image, quality=60):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer).convert("RGB"))


def draw(seed):
    return draw_synthetic_cell("lymphoblast", seed=seed, size_px=96)


@pytest.fixture(scope="module")
def known():
    return Fingerprints.of(draw(seed) for seed in range(3))


def test_no_pixel_is_kept(known):
    assert len(known) == 3
    assert known.looks.shape == (3, 32)
    assert {len(digest) for digest in known.pixels} == {64}


@pytest.mark.parametrize("element", list(D4Element))
def test_a_copy_is_recognised_under_each_element(known, element):
    turned = apply_d4(draw(1), element)
    assert known.has_copy_of(turned)
    assert known.has_copy_of(recompressed(turned))
    side_px = 2 * turned.shape[0] // 3
    smaller = Image.fromarray(turned).resize((side_px, side_px), Image.Resampling.BICUBIC)
    assert known.has_copy_of(np.array(smaller))


def test_another_cell_is_not(known):
    assert not any(known.has_copy_of(draw(seed)) for seed in range(3, 12))
    assert not Fingerprints.of([]).has_copy_of(draw(0))
