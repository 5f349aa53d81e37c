"""The limits of the quality check are those that its study set, and the study's rule is sound."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from experiments.quality.measuring import MeasuredImage, blur, shrink_and_compress
from experiments.quality.page import QualityStudy, write_page
from experiments.quality.setting import set_limits
from leukapp.imaging.quality import assess_quality, find_blocking, measure_quality
from leukapp.imaging.quality_limits import LIMITS
from leukapp.imaging.synthetic import draw_synthetic_cell

SMEAR = measure_quality(draw_synthetic_cell("lymphoblast", seed=2, size_px=360))


@pytest.fixture(scope="module")
def study(repository):
    text = (repository / "experiments" / "quality" / "result.json").read_bytes()
    return msgspec.json.decode(text, type=QualityStudy)


def measured(laboratory, **changes):
    return MeasuredImage(
        image_sha256="0",
        laboratory=laboratory,
        source=laboratory,
        variant="as_it_is",
        measures=replace(SMEAR, **changes),
    )


def test_the_limits_and_the_page_are_those_of_the_study(study, repository):
    assert study.limits == LIMITS
    assert (repository / "docs" / "quality.md").read_text() == write_page(study)


def test_real_smears_of_a_laboratory_left_out_are_hardly_refused(study):
    assert len(study.laboratories) == 10
    for row in study.laboratories:
        assert row.left_out.n_refused / row.left_out.n_images < 0.01, row.laboratory
        assert row.half_size.n_refused / row.half_size.n_images < 0.01, row.laboratory
        assert row.shipped.n_refused == 0, row.laboratory
        # The outline of a cell cut out on black stays sharp, however soft the cell.
        is_cut_out = row.laboratory == "aiims"
        assert row.blurred.n_refused == (0 if is_cut_out else row.blurred.n_images), row.laboratory


def test_the_most_extreme_laboratory_sets_a_limit():
    bright = [measured("bright", brightness=200.0, focus=50.0)] * 10
    dark = [measured("dark", brightness=90.0, focus=20.0)] * 10
    limits = set_limits([*bright, *dark])
    assert limits.min_brightness == pytest.approx(0.5 * 90)
    assert limits.max_brightness == pytest.approx(200 + 0.75 * 55, abs=1)
    assert limits.min_focus == pytest.approx(0.8 * 20)
    assert set_limits(bright).min_brightness == pytest.approx(0.5 * 200)


def test_cells_cut_out_on_black_do_not_set_the_limit_of_the_focus():
    sharp = [measured("smears", focus=50.0)] * 10
    cut_out = [measured("cut out", focus=4.0, is_cut_out=True)] * 10
    assert set_limits([*sharp, *cut_out]).min_focus == pytest.approx(0.8 * 50)
    assert find_blocking(replace(SMEAR, focus=0.1, is_cut_out=True)) is None
    assert find_blocking(replace(SMEAR, focus=0.1)).kind == "out_of_focus"


@pytest.mark.parametrize("size_px", [120, 360])
def test_a_smaller_compressed_copy_passes_and_a_blurred_one_does_not(size_px):
    image = draw_synthetic_cell("lymphoblast", seed=2, size_px=size_px)
    smaller = shrink_and_compress(image)
    assert smaller.shape == (size_px // 2, size_px // 2, 3)
    assert assess_quality(smaller).blocking is None
    assert assess_quality(np.ascontiguousarray(blur(image))).blocking.kind == "out_of_focus"


def test_a_reddish_background_is_no_glass():
    # A yellow rapid stain stays a smear; the red ground of an eye photograph is none.
    assert find_blocking(replace(SMEAR, glass=(255, 250, 140))) is None
    assert find_blocking(replace(SMEAR, glass=(236, 109, 81))).kind == "no_glass"
