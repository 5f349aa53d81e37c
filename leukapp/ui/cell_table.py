"""The leukocytes of an image: boxes on the field, a table, and one cell with its heat."""

from collections.abc import Sequence

import streamlit as st

from leukapp.cells import ENOUGH_CELLS, CellAnswer, CellSummary, add_summaries
from leukapp.diagnosis import Diagnosis
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import DrawnBox, draw_boxes
from leukapp.imaging.overlay import draw_overlay
from leukapp.ui import theme
from leukapp.ui.guarded import guarded_fragment
from leukapp.ui.picture import fit_for_screen, show_picture
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import cells as texts
from leukapp.ui.wording import percent


@guarded_fragment()
def show_cells(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, *, key: str) -> None:
    """Write the leukocytes of an image; choosing one redraws this part of the page alone.

    Args:
        diagnosis: of an image with at least one leukocyte.
        diagnoser: explains a single cell from what the diagnosis kept.
        key: of the image in the session.
    """
    st.subheader(texts.HEADING, help=texts.HEADING_HELP, anchor=False)
    n_cells = len(diagnosis.cells)
    st.caption(describe_reading(diagnosis))
    if diagnosis.mode == "field":
        show_summary(diagnosis.cell_summary)
    # One cell needs no large picture: the heatmap viewer below has it.
    field, chosen = st.columns([1.6, 1] if n_cells > 1 else [1, 2], gap="medium")
    with chosen:
        number = _choose_cell(n_cells, key)
        _show_cell(diagnosis, diagnoser, number)
    with field:
        picture = _with_boxes(diagnosis, number)
        caption = texts.FIELD_ALT.format(n=n_cells) if n_cells > 1 else texts.ONE_CELL_ALT
        show_picture(picture, caption=caption, alt=caption)
    st.dataframe(build_cell_rows(diagnosis.cells), hide_index=True, width="stretch")


def describe_reading(diagnosis: Diagnosis) -> str:
    """Say as what an image was read: a field, one cell, or a cell that was cut out."""
    if diagnosis.mode == "cell":
        return texts.ONE_CELL
    if diagnosis.mode == "segmented":
        return texts.CUT_OUT_CELL
    n_cells = len(diagnosis.cells)
    return texts.FIELD_OF_ONE if n_cells == 1 else texts.FIELD.format(n=n_cells)


def show_summary(summary: CellSummary) -> None:
    """Write the blast-like share with its interval, or why there is none."""
    if summary.share is None or summary.low is None or summary.high is None:
        st.markdown(texts.NONE_JUDGED.format(n_found=summary.n_found))
        return
    st.markdown(
        texts.SUMMARY.format(
            n_blast_like=summary.n_blast_like,
            n_judged=summary.n_judged,
            # A share of counted cells: 0 of 8 is 0 %, not "under 0.1 %" as of a probability.
            share=f"{summary.share:.0%}",
            low=f"{summary.low:.0%}",
            high=f"{summary.high:.0%}",
        )
    )
    if not summary.is_enough:
        st.caption(texts.TOO_FEW.format(enough=ENOUGH_CELLS))


def show_case(summaries: Sequence[CellSummary]) -> None:
    """Write the leukocytes of several images, counted together if they are of one patient.

    Args:
        summaries: of each image that was judged by its cells; under two there is no case.
    """
    if len(summaries) < 2:
        return
    if not st.toggle(texts.CASE, help=texts.CASE_HELP, key="case"):
        return
    summary = add_summaries(summaries)
    st.caption(
        texts.CASE_SUMMARY.format(
            n_images=len(summaries), n_found=summary.n_found, n_judged=summary.n_judged
        )
    )
    show_summary(summary)


def build_cell_rows(cells: Sequence[CellAnswer]) -> dict[str, list[str]]:
    """Give the table of cells: column heading to cells, one row a leukocyte."""
    rows = {
        texts.COLUMN_NUMBER: [str(number + 1) for number in range(len(cells))],
        texts.COLUMN_ANSWER: [theme.marked(cell.answer_name) for cell in cells],
    }
    for name in cells[0].probabilities.class_names if cells else ():
        rows[name] = [percent(cell.probabilities.of(name)) for cell in cells]
    rows[texts.COLUMN_REASON] = [cell.no_call_reason or "" for cell in cells]
    return rows


def _choose_cell(n_cells: int, key: str) -> int:
    """Ask which leukocyte is shown; gives its index."""
    if n_cells == 1:
        return 0
    number = st.number_input(texts.CHOOSE, 1, n_cells, 1, key=f"cell-{key}")
    return int(number) - 1


def _show_cell(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, index: int) -> None:
    cell = diagnosis.cells[index]
    class_name = cell.probabilities.top_class
    st.markdown(f"**{theme.marked(cell.answer_name)}**")
    if cell.no_call_reason:
        st.caption(cell.no_call_reason)
    crop, heat = st.columns(2)
    with crop:
        alt = texts.CELL_ALT.format(number=index + 1)
        show_picture(cell.crop, caption=alt, alt=alt)
    with heat:
        heatmap = diagnoser.explain_cell(diagnosis, index, class_name).fused
        alt = texts.CELL_HEAT.format(number=index + 1, label=class_name)
        show_picture(draw_overlay(cell.crop, heatmap.values), caption=alt, alt=alt)


def _with_boxes(diagnosis: Diagnosis, chosen: int) -> RgbImage:
    """Draw the boxes on a picture for the screen: on the image itself, they would copy it."""
    picture = fit_for_screen(diagnosis.image)
    factor = picture.shape[1] / diagnosis.image.shape[1]
    boxes = [
        DrawnBox(
            corners=(
                round(cell.box.x0 * factor),
                round(cell.box.y0 * factor),
                round(cell.box.x1 * factor),
                round(cell.box.y1 * factor),
            ),
            color=theme.rgb_of(cell.answer_name),
            number=index + 1,
            is_chosen=index == chosen,
        )
        for index, cell in enumerate(diagnosis.cells)
    ]
    return draw_boxes(picture, boxes)
