"""The answers of cells put together."""

import numpy as np
import pytest

from leukapp.fields.crops import CellBox
from leukapp.inference.cell_heatmaps import paste_heatmaps
from leukapp.inference.field_rule import cell_shares, combine_cells
from leukapp.inference.fit_decision import fit_sharpness
from leukapp.inference.heatmap import Heatmap
from leukapp.model.fusion import softmax

BLAST = np.log([0.90, 0.05, 0.05])
NORMAL = np.log([0.04, 0.06, 0.90])


@pytest.mark.parametrize("sharpness", [0.05, 1.0, 4.0])
def test_one_cell_keeps_its_probabilities(sharpness):
    combined = softmax(combine_cells(BLAST[None] + 3.7, sharpness))
    np.testing.assert_allclose(combined, [0.9, 0.05, 0.05], atol=1e-6)


def test_sharpness_moves_from_the_mean_to_the_most_suspicious_cell():
    field = np.array([BLAST, NORMAL, NORMAL, NORMAL])
    soft, sharp = (softmax(combine_cells(field, s))[0] for s in (0.02, 4.0))
    assert soft < 0.2
    assert sharp > 0.4
    # Near 0 it is the mean of the logarithms.
    np.testing.assert_allclose(combine_cells(field, 1e-4), field.mean(axis=0), atol=1e-2)


def test_order_of_the_cells_does_not_matter():
    field = np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_allclose(
        combine_cells(field, 0.7), combine_cells(field[::-1], 0.7), rtol=1e-5
    )


@pytest.mark.parametrize("few_blasts_matter", [True, False])
def test_fit_finds_how_much_a_few_blasts_matter(few_blasts_matter):
    diseased = np.array([BLAST, NORMAL, NORMAL, NORMAL, NORMAL])
    label = 0 if few_blasts_matter else 2
    healthy = np.array([NORMAL] * 5)
    fields, labels = [diseased, healthy] * 10, np.array([label, 2] * 10)
    sharpness = fit_sharpness(fields, labels)
    assert (sharpness > 1) == few_blasts_matter


def test_single_cells_leave_the_sharpness_alone():
    assert fit_sharpness([BLAST[None], NORMAL[None]], np.array([0, 2])) == 1.0


def test_shares_are_the_gradient_of_the_combination():
    field = np.random.default_rng(1).normal(size=(4, 3))
    evidence = field - np.log(np.exp(field).sum(axis=1, keepdims=True))
    step = 1e-5
    for class_index in range(3):
        shares = cell_shares(field, 0.8, class_index)
        assert shares.sum() == pytest.approx(1, abs=1e-5)
        for cell in range(4):
            moved = evidence[:, class_index].copy()
            moved[cell] += step

            def soft_maximum(values):
                return np.log(np.exp(0.8 * values).mean()) / 0.8

            slope = (soft_maximum(moved) - soft_maximum(evidence[:, class_index])) / step
            assert slope == pytest.approx(shares[cell], abs=1e-3)


def test_maps_are_drawn_into_their_boxes_as_hot_as_the_cells_count():
    hot = np.zeros((7, 7), np.float32)
    hot[3, 3] = 1
    heatmaps = [Heatmap(source="a", class_name="ALL", values=hot, is_blank=False)] * 2
    boxes = [CellBox(x0=0, y0=0, x1=70, y1=70), CellBox(x0=100, y0=100, x1=170, y1=170)]
    pasted = paste_heatmaps(heatmaps, boxes, np.array([0.8, 0.2], np.float32), (200, 300))
    assert pasted.values.shape == (200, 300)
    assert pasted.values.max() == 1
    assert pasted.values[35, 35] == pytest.approx(1, abs=0.05)
    assert pasted.values[135, 135] == pytest.approx(0.25, abs=0.05)
    assert pasted.values[:, 200:].max() == 0


def test_maps_without_heat_stay_blank():
    cold = Heatmap(source="a", class_name="ALL", values=np.zeros((7, 7), np.float32), is_blank=True)
    box = CellBox(x0=0, y0=0, x1=50, y1=50)
    assert paste_heatmaps([cold], [box], np.ones(1, np.float32), (50, 50)).is_blank
