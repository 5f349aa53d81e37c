"""A field on page "Diagnose": its cells, their count, and fields of one patient together."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fake_diagnoser import EMPTY_FIELD, FIELD, make_cell, make_field
from review_records import make_correction
from streamlit.testing.v1 import AppTest

from leukapp.cells import CellAnswer, CellSummary
from leukapp.inference.decision import Answer
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import CLASS_NAMES
from leukapp.review.corrected_cells import correct_cells, count_corrected
from leukapp.review.records import ARTIFACT, REACTIVE
from leukapp.ui import texts as app_texts
from leukapp.ui.cell_table import build_cell_rows
from leukapp.ui.microscope.cell_look import look_at
from leukapp.ui.microscope.gallery import group_cells
from leukapp.ui.result_download import build_result_json
from leukapp.ui.result_pdf import build_result_pdf
from leukapp.ui.texts import cells as cell_texts
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.texts import microscope as texts

StartApp = Callable[..., AppTest]


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    for name, content in files:
        app.file_uploader(key="upload").upload(name, content, "image/png")
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    html = (element.proto.body for element in app.get("html"))
    return " ".join((*html, *(one.value for one in (*app.markdown, *app.caption, *app.subheader))))


def component(app: AppTest, name: str) -> dict[str, Any]:
    """What a component of ours was given."""
    [data] = [
        json.loads(one.proto.json)
        for one in app.get("bidi_component")
        if one.proto.component_name == f"leukapp_{name}"
    ]
    return data


def test_field_shows_its_cells_and_says_that_they_are_few(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    shown = words(app)
    assert texts.GALLERY in shown
    assert "**2 of 3** judged leukocytes" in shown
    assert "Too few cells" in shown
    picture = component(app, "picture")
    assert [cell["mark"] for cell in picture["cells"]] == ["▲ 1", "● 2", "○ 3", "▲ 4"]
    assert picture["chosen"] is None
    groups = {group["title"]: len(group["cells"]) for group in component(app, "gallery")["groups"]}
    assert groups == {"▲ ALL": 2, "● Healthy": 1, "○ No call": 1}


def test_a_chosen_cell_is_shown_and_named_in_the_address(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    image = app.query_params["image"]
    app.query_params["cell"] = "2"
    app.run()
    assert not app.exception
    assert "Leukocyte 2: Healthy, 95.0 %" in words(app).replace("\\", "")
    assert component(app, "picture")["chosen"] == 1
    assert app.query_params == {"image": image, "cell": "2"}


@pytest.mark.parametrize("asked", ["0", "99", "x", "-1"])
def test_an_address_that_names_no_cell_chooses_none(start_app: StartApp, asked: str) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    app.query_params["cell"] = asked
    app.run()
    assert not app.exception
    assert component(app, "picture")["chosen"] is None
    assert "cell" not in app.query_params


def test_the_address_opens_a_drawing_and_what_is_unfolded(start_app: StartApp) -> None:
    app = start_app()
    app.query_params.update({"sample": "field", "open": "quality"})
    app.run()
    assert not app.exception
    assert app.query_params == {"sample": "field", "open": "quality"}
    assert "Brightness" in words(app)
    app.query_params.clear()
    app.run()
    assert app_texts.WELCOME_HEADING in words(app)


def test_the_most_doubtful_cells_of_a_group_come_first() -> None:
    cells = [make_cell("ALL", 0), make_cell(None, 1), make_cell("Healthy", 2)]
    sure, unlike = make_cell("ALL", 3), replace(make_cell(None, 4), is_counted=False)
    sure = replace(sure, probabilities=ClassProbabilities((0.99, 0.005, 0.005)))
    all_cells = correct_cells([sure, *cells, unlike], ())
    looks = [look_at(cell, index) for index, cell in enumerate(all_cells)]
    groups = group_cells(all_cells, looks)
    assert [(group.answer_name, group.indices) for group in groups] == [
        ("ALL", (1, 0)), ("Healthy", (3,)), (None, (2,)), (None, (4,)),
    ]  # fmt: skip
    assert groups[-1].title == texts.UNLIKE


def test_a_corrected_cell_changes_group_and_count_and_is_taken_back(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    app.query_params["cell"] = "1"
    app.run()
    [pills] = [one for one in app.button_group if one.label == own_texts.CORRECT]
    assert pills.disabled
    app.text_input(key="initials-diagnose-field").set_value("KM")
    app.button(key="initials-diagnose-use").click().run()
    [pills] = [one for one in app.button_group if one.label == own_texts.CORRECT]
    pills.set_value(ARTIFACT).run()
    assert not app.exception

    groups = {group["title"]: group["cells"] for group in component(app, "gallery")["groups"]}
    assert {title: len(cells) for title, cells in groups.items()} == {
        "▲ ALL": 1, "● Healthy": 1, "◇ Artifact": 1, "○ No call": 1,
    }  # fmt: skip
    assert groups["◇ Artifact"][0]["name"] == "Leukocyte 1: Artifact, corrected by a reader"
    assert component(app, "picture")["cells"][0]["mark"] == "◇ 1*"
    shown = words(app)
    assert "**2 of 3** judged" in shown
    assert own_texts.CORRECTED_COUNT.format(n=1) in shown
    assert "**1 of 2** judged" in shown

    assert own_texts.CORRECTED_VERDICT.format(answer="▲ ALL") in shown

    app.button(key="remove-cell").click().run()
    assert not app.exception
    assert component(app, "picture")["cells"][0]["isRemoved"]
    [*_, last] = component(app, "gallery")["groups"]
    assert last["title"] == "× Removed"
    assert "**1 of 2** judged" in words(app)

    app.button(key="take-back-correction").click().run()
    app.button(key="take-back-correction").click().run()
    assert not app.exception
    assert component(app, "picture")["cells"][0]["mark"] == "▲ 1"
    assert "**1 of 2** judged" not in words(app)


def test_a_chosen_cell_stands_beside_signed_ones_or_drawings(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    app.query_params["cell"] = "4"
    app.text_input(key="initials-diagnose-field").set_value("KM")
    app.button(key="initials-diagnose-use").click().run()
    assert own_texts.NO_REFERENCES in words(app)
    [pills] = [one for one in app.button_group if one.label == own_texts.CORRECT]
    pills.set_value("AML").run()
    assert not app.exception
    # Nothing is a reference for itself.
    assert own_texts.NO_REFERENCES in words(app)
    app.query_params["cell"] = "1"
    app.run()
    assert not app.exception
    assert own_texts.NO_REFERENCES not in words(app)
    assert own_texts.REFERENCES in words(app)
    assert [one.captions[0][:14] for one in app.image if "AML" in one.captions[0]] == [
        "◆ AML, KM, 202"
    ]


def test_a_missed_cell_is_marked_by_numbers_signed_counted_and_taken_back(
    start_app: StartApp,
) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    app.text_input(key="initials-diagnose-field").set_value("KM")
    app.button(key="initials-diagnose-use").click().run()
    assert component(app, "picture")["canMark"]
    left, top = (
        one for one in app.number_input if one.label in {own_texts.MARK_X, own_texts.MARK_Y}
    )
    left.set_value(50)
    top.set_value(40)
    [here] = [one for one in app.button if one.label == own_texts.MARK_HERE]
    here.click().run()
    assert not app.exception
    # Not signed, it does not count: the window of 3.2 erythrocytes of 8 px, its middle drawn.
    assert component(app, "picture")["pending"]["width"] == pytest.approx(26 * 0.66)
    assert len(component(app, "picture")["cells"]) == 4
    by_hand = own_texts.MARKED_ANSWER.format(answer="▲ ALL", certain="90.0 %")
    assert by_hand in words(app)
    [pills] = [one for one in app.button_group if one.label == own_texts.CORRECT]
    pills.set_value("AML").run()
    assert not app.exception
    picture = component(app, "picture")
    assert picture["pending"] is None
    assert [cell["mark"] for cell in picture["cells"]][-1] == "◆ 5*"
    assert "**3 of 4** judged" in words(app)

    app.query_params["cell"] = "5"
    app.run()
    assert not app.exception
    assert "Leukocyte 5: AML, marked by a reader" in words(app).replace("\\", "")
    assert by_hand in words(app)
    app.button(key="take-back-correction").click().run()
    assert not app.exception
    assert len(component(app, "picture")["cells"]) == 4


def test_a_photograph_of_one_cell_offers_no_mark(start_app: StartApp) -> None:
    app = upload(start_app(), ("cell.png", b"one cell"))
    assert not component(app, "picture")["canMark"]


def test_reactive_is_judged_and_no_leukemia_and_an_artifact_is_no_leukocyte() -> None:
    cells = [make_cell(label, index) for index, label in enumerate(("ALL", "ALL", None))]
    summary = summed_up(cells, {0: REACTIVE, 1: ARTIFACT})
    assert (summary.n_found, summary.n_judged, summary.n_blast_like) == (2, 1, 0)
    summary = summed_up(cells, {2: "AML"})
    assert (summary.n_found, summary.n_judged, summary.n_blast_like) == (3, 3, 3)


def test_the_record_has_corrections_beside_the_networks_answers() -> None:
    field = make_field(FIELD, ["ALL", "Healthy"])
    made = make_correction(field.cells[1].box, "AML")
    record = json.loads(
        build_result_json(field, corrections=(made,), corrected=Answer(label="AML"))
    )
    assert [cell["label"] for cell in record["cells"]] == ["ALL", "Healthy"]
    assert record["corrections"] == [
        {
            "cell": 2, "box": [10, 5, 18, 13], "answer": "AML", "marked": False, "initials": "KM",
            "user": None, "corrected_at_utc": "2026-03-01T13:00:00+00:00", "trail_row": 9,
        }
    ]  # fmt: skip
    assert record["summary"]["n_blast_like"] == 1
    assert record["corrected_summary"]["n_blast_like"] == 2
    assert (record["label"], record["corrected_label"]) == ("ALL", "AML")
    assert json.loads(build_result_json(field))["corrected_summary"] is None


def summed_up(cells: list[CellAnswer], answers: dict[int, str]) -> CellSummary:
    made = [make_correction(cells[index].box, answer) for index, answer in answers.items()]
    return count_corrected(correct_cells(cells, made))


def test_field_without_leukocyte_is_no_call_with_its_reason(start_app: StartApp) -> None:
    app = upload(start_app(), ("blank.png", EMPTY_FIELD))
    assert "No leukocyte was found" in words(app)
    assert texts.GALLERY not in words(app)


def test_fields_of_one_patient_are_counted_together(start_app: StartApp) -> None:
    app = upload(start_app(), ("a.png", FIELD), ("b.png", FIELD), ("c.png", EMPTY_FIELD))
    app.toggle(key="case").set_value(True).run()
    assert not app.exception
    assert cell_texts.CASE_SUMMARY.format(n_images=3, n_found=8, n_judged=6) in words(app)


def test_rows_of_cells() -> None:
    rows = build_cell_rows([make_cell("ALL", 0), make_cell(None, 1)])
    assert rows[cell_texts.COLUMN_NUMBER] == ["1", "2"]
    assert rows[cell_texts.COLUMN_ANSWER] == ["▲ ALL", "○ No call"]
    assert rows[cell_texts.COLUMN_REASON][1] == "The network is not sure enough."
    assert set(CLASS_NAMES) < set(rows)


def test_report_of_a_field_without_leukocyte_is_written() -> None:
    assert build_result_pdf(make_field(EMPTY_FIELD, [])).startswith(b"%PDF")
