"""Figures and pictures built from a diagnosis."""

import numpy as np
import pytest
from fake_diagnoser import FakeDiagnoser, make_diagnosis

from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import ANSWER_NAMES
from leukapp.ui import theme
from leukapp.ui.heatmap_viewer import heatmaps_of
from leukapp.ui.picture import fit_for_screen
from leukapp.ui.probability_chart import build_probability_chart, build_probability_rows
from leukapp.ui.samples import SAMPLES, draw_sample, sample_png
from leukapp.ui.session import SharedDiagnoser


def relative_luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb`` as WCAG 2 defines it, 0-1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    bright, dim = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_chart_has_one_numbered_bar_a_class_in_fixed_order() -> None:
    figure = build_probability_chart(ClassProbabilities((0.93, 0.05, 0.02)), dark=False)
    bars = figure.data[0]

    assert list(bars.x) == [0.93, 0.05, 0.02]
    assert list(bars.y) == ["▲ ALL", "◆ AML", "● Healthy"]
    assert list(bars.text) == ["93.0 %", "5.0 %", "2.0 %"]
    assert len(set(bars.marker.color)) == 3


def test_bars_have_no_class_color_without_a_call() -> None:
    probabilities = ClassProbabilities((0.93, 0.05, 0.02))
    bars = build_probability_chart(probabilities, dark=False, is_call=False).data[0]

    assert set(bars.marker.color) == {theme.color_of(None, dark=False)}


def test_table_has_the_fused_and_every_branch_s_numbers() -> None:
    assert build_probability_rows(make_diagnosis()) == {
        "Class": ["▲ ALL", "◆ AML", "● Healthy"],
        "Fused, calibrated": ["93.0 %", "5.0 %", "2.0 %"],
        "EfficientNet-Lite2, own softmax": ["80.0 %", "10.0 %", "10.0 %"],
        "MobileNetV3-Large, own softmax": ["60.0 %", "30.0 %", "10.0 %"],
    }


def test_every_answer_has_its_own_mark() -> None:
    styles = [theme.style_of(name) for name in (*ANSWER_NAMES, None)]

    assert len({style.mark for style in styles}) == 5


@pytest.mark.parametrize(("dark", "background"), [(False, "#FBFAFC"), (True, "#16131A")])
def test_class_colors_can_be_read_on_both_backgrounds(dark: bool, background: str) -> None:
    for name in (*ANSWER_NAMES, None):
        assert contrast(theme.color_of(name, dark=dark), background) >= 4.5


def test_own_heatmaps_are_used_for_the_explained_class_and_others_are_computed() -> None:
    fake = FakeDiagnoser()
    diagnosis = make_diagnosis()

    own = heatmaps_of(diagnosis, SharedDiagnoser(fake), "ALL")
    assert own == (*diagnosis.explanation.branches, diagnosis.explanation.fused)
    assert fake.explained == []

    other = heatmaps_of(diagnosis, SharedDiagnoser(fake), "AML")
    assert [heatmap.class_name for heatmap in other] == ["AML", "AML", "AML"]
    assert [heatmap.source for heatmap in other] == [
        "efficientnet_lite2",
        "mobilenetv3large",
        "fused",
    ]
    assert fake.explained == ["AML"]


def test_large_image_is_shrunk_in_proportion_and_small_one_left_alone() -> None:
    small = np.zeros((40, 30, 3), np.uint8)
    large = np.full((1944, 2592, 3), 77, np.uint8)

    assert fit_for_screen(small) is small
    fitted = fit_for_screen(large, max_side_px=900)
    assert fitted.shape == (675, 900, 3)
    assert np.all(fitted == 77)


def test_samples_are_distinct_drawings_and_the_same_each_time() -> None:
    files = [sample_png(sample) for sample in SAMPLES]

    assert len(set(files)) == len(SAMPLES)
    draw_sample.cache_clear()
    sample_png.cache_clear()
    assert [sample_png(sample) for sample in SAMPLES] == files
    assert draw_sample(SAMPLES[0]).shape == (360, 360, 3)
