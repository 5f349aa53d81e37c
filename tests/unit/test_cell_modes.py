"""A field is judged cell by cell, and its answers are put together."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from networks import write_tiny_bundle

from leukapp.cells import add_summaries, summarize_cells
from leukapp.cli import main
from leukapp.diagnosis import Diagnoser
from leukapp.imaging.synthetic import draw_synthetic_cell, draw_synthetic_field
from leukapp.inference.field_rule import combine_cells
from leukapp.inference.gate import feature_distances
from leukapp.labels import CLASS_NAMES
from leukapp.model.fusion import softmax

pytestmark = pytest.mark.keras
N_CELLS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny").folder


@pytest.fixture(scope="module")
def diagnoser(folder):
    return Diagnoser.open(folder)


@pytest.fixture(scope="module")
def field():
    return draw_synthetic_field(n_leukocytes=N_CELLS, seed=7, height_px=960, width_px=1280)


@pytest.fixture(scope="module")
def diagnosis(diagnoser, field, encode_png):
    return diagnoser.diagnose(encode_png(field.image), mode="field")


def test_every_leukocyte_of_a_field_has_its_answer(diagnosis, field):
    assert diagnosis.mode == "field"
    assert len(diagnosis.cells) == N_CELLS
    for box in field.boxes:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        hits = [
            cell
            for cell in diagnosis.cells
            if cell.box.x0 < x < cell.box.x1 and cell.box.y0 < y < cell.box.y1
        ]
        assert hits
    assert all(sum(cell.probabilities.values) == pytest.approx(1) for cell in diagnosis.cells)


def test_field_answer_is_the_rule_over_the_counted_cells(diagnosis, diagnoser):
    counted = np.array([cell.is_counted for cell in diagnosis.cells])
    counted = counted if counted.any() else ~counted
    thresholds = diagnoser.bundle.thresholds
    logits = combine_cells(
        diagnosis.network_output.fused_logits[counted], thresholds.field_sharpness
    )
    np.testing.assert_allclose(
        diagnosis.probabilities.values, softmax(logits, thresholds.temperature), atol=1e-6
    )


def test_one_cell_of_a_field_is_explained_without_the_network(diagnosis, diagnoser, monkeypatch):
    monkeypatch.setattr(diagnoser, "engine", None)
    first, second = (
        np.concatenate(
            [
                one.values
                for name in CLASS_NAMES
                for one in diagnoser.explain_cell(diagnosis, i, name).branches
            ]
        )
        for i in range(2)
    )
    assert not np.array_equal(first, second)
    with pytest.raises(IndexError, match="12 cells"):
        diagnoser.explain_cell(diagnosis, N_CELLS, "ALL")


def test_a_marked_cell_is_judged_as_one_that_was_found_and_changes_no_answer(diagnosis, diagnoser):
    cell = diagnosis.cells[1]
    marked = diagnoser.judge_marked(diagnosis, cell.box)
    assert (marked.cell.box, marked.cell.answer_name) == (cell.box, cell.answer_name)
    assert np.array_equal(marked.cell.crop, cell.crop)
    np.testing.assert_allclose(
        marked.cell.probabilities.values, cell.probabilities.values, atol=1e-4
    )
    assert marked.explanation.class_name == cell.probabilities.top_class
    with pytest.raises(ValueError, match="has no scale"):
        diagnoser.judge_marked(replace(diagnosis, erythrocyte_px=None), cell.box)


def test_what_readers_say_is_asked_of_the_field_s_rule_without_the_network(
    diagnosis, diagnoser, monkeypatch
):
    monkeypatch.setattr(diagnoser, "engine", None)
    everything = range(len(diagnosis.cells))
    same = diagnoser.answer_as_corrected(diagnosis, kept=everything, given=())
    assert (same.finding, same.label) == (diagnosis.finding, diagnosis.label)
    only_said = diagnoser.answer_as_corrected(diagnosis, kept=(), given=("AML", "AML"))
    assert only_said.finding == "leukemia"
    places = np.stack([diagnoser.place_cell(diagnosis, index) for index in everything])
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, rtol=1e-5)
    with pytest.raises(IndexError, match="12 cells, got index 12"):
        diagnoser.place_cell(diagnosis, N_CELLS)


def test_heat_of_a_field_lies_on_its_cells(diagnosis):
    heat = diagnosis.explanation.fused.values
    height, width = diagnosis.image.shape[:2]
    on_cell = np.zeros((height, width), np.bool_)
    for cell in diagnosis.cells:
        on_cell[cell.box.y0 : cell.box.y1, cell.box.x0 : cell.box.x1] = True
    rows = (np.arange(heat.shape[0]) * height) // heat.shape[0]
    columns = (np.arange(heat.shape[1]) * width) // heat.shape[1]
    assert heat[~on_cell[np.ix_(rows, columns)]].sum() <= 0.05 * heat.sum()


def test_a_cell_that_does_not_count_in_the_answer_has_no_heat(
    diagnoser, diagnosis, field, encode_png
):
    assert all(cell.is_counted for cell in diagnosis.cells)
    features = diagnosis.network_output.features
    limit = float(np.median(feature_distances(diagnoser.bundle.gate, features)))
    thresholds = replace(diagnoser.bundle.thresholds, max_feature_distance=limit)
    strict = Diagnoser(replace(diagnoser.bundle, thresholds=thresholds), diagnoser.engine)
    found = strict.diagnose(encode_png(field.image), mode="field")

    height, width = found.image.shape[:2]
    on_counted, on_ignored = np.zeros((2, height, width), np.uint8)
    for cell in found.cells:
        part = on_counted if cell.is_counted else on_ignored
        part[cell.box.y0 : cell.box.y1, cell.box.x0 : cell.box.x1] = 1
    ignored_alone = (on_ignored == 1) & (cv2.dilate(on_counted, np.ones((9, 9))) == 0)
    assert ignored_alone.any()
    for explanation in (found.explanation, *(strict.explain(found, one) for one in CLASS_NAMES)):
        for heatmap in (*explanation.branches, explanation.fused):
            heat = cv2.resize(heatmap.values, (width, height), interpolation=cv2.INTER_NEAREST)
            assert heat[ignored_alone].max() == 0


def test_modes_that_are_asked_for(diagnoser, field, encode_png):
    png = encode_png(field.image)
    assert diagnoser.diagnose(png, mode="whole").cells == ()
    # The tiny bundle was made for whole images, so that is what ``auto`` means for it.
    assert diagnoser.diagnose(png).mode == "whole"
    cell = encode_png(draw_synthetic_cell("myeloblast", seed=3))
    one = diagnoser.diagnose(cell, mode="cell")
    assert (one.mode, len(one.cells)) == ("cell", 1)


@pytest.mark.parametrize(("asked", "mode"), [("field", "segmented"), ("whole", "whole")])
def test_a_cell_cut_out_on_black_is_judged_on_a_plain_background(
    diagnoser, encode_png, asked, mode
):
    cell = draw_synthetic_cell("myeloblast", seed=3)
    mask = np.zeros(cell.shape[:2], np.uint8)
    middle = (cell.shape[1] // 2, cell.shape[0] // 2)
    cv2.ellipse(mask, middle, (cell.shape[1] // 6, cell.shape[1] // 7), 0, 0, 360, 1, -1)
    cut_out = np.asarray(cell * (mask[..., None] * 0.4), np.uint8)
    diagnosis = diagnoser.diagnose(encode_png(cut_out), mode=asked)
    assert diagnosis.mode == mode
    assert diagnosis.quality.blocking is None
    assert "its background was replaced" in diagnosis.quality.findings[0].message
    assert diagnosis.probabilities is not None
    # The original is shown as it was sent, what the networks see has no black.
    assert np.array_equal(diagnosis.image, cut_out)
    assert (diagnosis.enhanced[0] == 255).all()


@pytest.mark.parametrize("level", [0, 128, 235])
def test_blank_field_has_no_class(diagnoser, encode_png, level):
    blank = diagnoser.diagnose(encode_png(np.full((480, 640, 3), level, np.uint8)), mode="field")
    assert blank.label is None
    assert blank.no_call_reason
    assert blank.probabilities is None
    assert blank.cells == ()
    assert diagnoser.explain(blank, "AML").fused.is_blank


def test_erythrocytes_alone_have_no_class(diagnoser, encode_png):
    empty = draw_synthetic_field(n_leukocytes=0, seed=1)
    diagnosis = diagnoser.diagnose(encode_png(empty.image), mode="field")
    assert diagnosis.label is None
    assert "leukocyte" in diagnosis.no_call_reason or diagnosis.quality.blocking


def test_case_sums_fields_up(diagnosis):
    twice = add_summaries([diagnosis.cell_summary] * 2)
    assert twice == summarize_cells((*diagnosis.cells, *diagnosis.cells))
    assert twice.n_found == 2 * N_CELLS


def test_command_line_gives_cells_and_case(capsys, folder, field, encode_png, tmp_path):
    path = tmp_path / "field.png"
    path.write_bytes(encode_png(field.image))
    arguments = ["diagnose", str(path), "--bundle", str(folder), "--mode", "field", "--case"]
    assert main([*arguments, "--json"]) == 0
    image, case = json.loads(capsys.readouterr().out)
    assert image["mode"] == "field"
    assert len(image["cells"]) == N_CELLS
    assert set(image["cells"][0]) == {
        "box",
        "finding",
        "label",
        "no_call_reason",
        "probabilities",
    }
    assert set(image["cells"][0]["probabilities"]) == set(CLASS_NAMES)
    assert case["case"]["n_found"] == N_CELLS
    assert main(arguments) == 0
    assert "judged leukocytes" in capsys.readouterr().out
