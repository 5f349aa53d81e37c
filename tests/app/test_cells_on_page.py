"""A field on page "Diagnose": its cells, their count, and fields of one patient together."""

from collections.abc import Callable

from fake_diagnoser import EMPTY_FIELD, FIELD, make_cell, make_field
from streamlit.testing.v1 import AppTest

from leukapp.labels import CLASS_NAMES
from leukapp.ui.cell_table import build_cell_rows
from leukapp.ui.result_pdf import build_result_pdf
from leukapp.ui.texts import cells as cell_texts

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


def test_field_shows_its_cells_and_says_that_they_are_few(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    shown = words(app)
    assert cell_texts.HEADING in shown
    assert cell_texts.FIELD.format(n=4) in shown
    assert "**2 of 3** judged leukocytes" in shown
    assert "Too few cells" in shown


def test_another_cell_is_explained_without_a_new_diagnosis(start_app: StartApp) -> None:
    app = upload(start_app(), ("field.png", FIELD))
    (chooser,) = [one for one in app.number_input if one.label == cell_texts.CHOOSE]
    chooser.set_value(2).run()
    assert not app.exception
    assert "● Healthy" in words(app)


def test_field_without_leukocyte_is_no_call_with_its_reason(start_app: StartApp) -> None:
    app = upload(start_app(), ("blank.png", EMPTY_FIELD))
    assert "No leukocyte was found" in words(app)
    assert cell_texts.HEADING not in words(app)


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
