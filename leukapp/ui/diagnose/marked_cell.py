"""What the networks say of a leukocyte that a reader marked; the image's answer stays as it is."""

import streamlit as st

from leukapp.diagnosis import Diagnosis, MarkedCell
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.overlay import draw_overlay
from leukapp.ui.microscope.cell_look import marked_answer
from leukapp.ui.picture import show_picture
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as texts
from leukapp.ui.wording import escape_markdown, percent


def judge_marked(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, box: CellBox) -> MarkedCell:
    """Ask the networks about a marked leukocyte, once for each window.

    Args:
        diagnosis: of a field in which cells may be marked.
        diagnoser: that answered.
        box: window of the leukocyte.

    Raises:
        BusyError: too many wait for the networks already.
    """
    window = (box.x0, box.y0, box.x1, box.y1)
    key = f"{diagnosis.image_sha256} {diagnosis.bundle.sha256}"
    return _judged(key, window, diagnosis, diagnoser)


@st.cache_data(show_spinner=False, max_entries=32, scope="session")
def _judged(
    key: str,
    window: tuple[int, int, int, int],
    _diagnosis: Diagnosis,
    _diagnoser: SharedDiagnoser,
) -> MarkedCell:
    x0, y0, x1, y1 = window
    return _diagnoser.judge_marked(_diagnosis, CellBox(x0=x0, y0=y0, x1=x1, y1=y1))


def networks_on(marked: MarkedCell) -> str:
    """One line: what the networks say of a leukocyte that was marked by hand.

    Args:
        marked: as they judged it.
    """
    cell = marked.cell
    if cell.finding is None:
        reason = escape_markdown(cell.no_call_reason or "")
        return texts.MARKED_NO_CALL.format(reason=reason)
    answer = marked_answer(cell.answer_name)
    return texts.MARKED_ANSWER.format(answer=answer, certain=percent(cell.answer_probability))


def show_marked_cell(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, box: CellBox) -> None:
    """Write a marked leukocyte as the networks see it, with its heat and their answer.

    Args:
        diagnosis: of the field.
        diagnoser: that answered.
        box: window of the leukocyte.
    """
    marked = judge_marked(diagnosis, diagnoser, box)
    crop, heat = st.columns(2)
    with crop:
        show_picture(marked.cell.crop, caption=texts.AS_JUDGED, alt=texts.MARKED_CELL)
    with heat:
        explanation = marked.explanation
        overlay = draw_overlay(marked.cell.crop, explanation.fused.values)
        caption = texts.HEAT_FOR.format(label=explanation.class_name)
        show_picture(overlay, caption=caption, alt=caption)
    st.caption(networks_on(marked))
