"""Leukocytes that were not found: marked by a click, a box or numbers, signed by an answer."""

from dataclasses import dataclass

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.fields.crops import window_around
from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.records import ARTIFACT, CORRECTIONS
from leukapp.ui.diagnose.marked_cell import judge_marked, networks_on
from leukapp.ui.guarded import guarded
from leukapp.ui.microscope.cell_look import marked_answer
from leukapp.ui.picture import show_picture
from leukapp.ui.review.initials import session_initials
from leukapp.ui.review.log import open_log, reader_mail
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMark:
    """A place that a reader marked and did not sign yet.

    Attributes:
        image_sha256: of the image.
        box: window of the cell.
    """

    image_sha256: str
    box: CellBox


def can_mark(diagnosis: Diagnosis) -> bool:
    """Whether leukocytes may be marked: in a readable field whose scale is known.

    Args:
        diagnosis: of the image.
    """
    is_field = diagnosis.mode == "field" and diagnosis.erythrocyte_px is not None
    return is_field and diagnosis.quality.blocking is None


def pending_mark(diagnosis: Diagnosis) -> CellBox | None:
    """Give the window that is marked in an image and not yet signed, or None.

    Args:
        diagnosis: of the image.
    """
    mark = st.session_state.get("pending-mark")
    if not isinstance(mark, PendingMark) or mark.image_sha256 != diagnosis.image_sha256:
        return None
    return mark.box


def mark_cell(diagnosis: Diagnosis, x_px: float, y_px: float) -> None:
    """Mark a leukocyte, which counts once the reader says what it is.

    Args:
        diagnosis: of an image in which cells may be marked.
        x_px: of its middle, in pixels of the image.
        y_px: of its middle.
    """
    if diagnosis.erythrocyte_px is None:
        return
    size_px = (diagnosis.quality.height_px, diagnosis.quality.width_px)
    box = window_around(x_px, y_px, diagnosis.erythrocyte_px, size_px, squash=diagnosis.squash)
    st.session_state["pending-mark"] = PendingMark(image_sha256=diagnosis.image_sha256, box=box)


def show_marking(diagnosis: Diagnosis) -> None:
    """Write the numbers that mark a leukocyte without a pointer; nothing while one is unsigned.

    Args:
        diagnosis: of an image in which cells may be marked.
    """
    if pending_mark(diagnosis) is not None:
        return

    def mark() -> None:
        mark_cell(diagnosis, float(st.session_state["mark-x"]), float(st.session_state["mark-y"]))

    with st.popover(texts.MARK, icon=":material/add_location_alt:"):
        st.caption(texts.MARK_HELP)
        with st.form("mark-by-numbers", border=False):
            width, height = diagnosis.quality.width_px, diagnosis.quality.height_px
            st.number_input(texts.MARK_X, 0, width - 1, width // 2, key="mark-x")
            st.number_input(texts.MARK_Y, 0, height - 1, height // 2, key="mark-y")
            st.form_submit_button(texts.MARK_HERE, on_click=guarded(mark), key="mark-here")


def show_pending(diagnosis: Diagnosis, diagnoser: SharedDiagnoser) -> None:
    """Write what signs a marked leukocyte, where one is marked and not signed yet.

    Args:
        diagnosis: of the image.
        diagnoser: that answered, which judges the leukocyte, too.
    """
    box = pending_mark(diagnosis)
    if box is None:
        return
    initials = session_initials()
    key = f"mark-{diagnosis.image_sha256}-{box.x0}-{box.y0}"

    def drop() -> None:
        st.session_state.pop("pending-mark", None)

    def sign() -> None:
        answer = st.session_state[key]
        if answer is not None and initials is not None:
            open_log().correct_cell(
                diagnosis, box, answer, initials=initials, user=reader_mail(), is_marked=True
            )
            drop()

    picture, words = st.columns([1, 2.4], vertical_alignment="center")
    with picture:
        marked = judge_marked(diagnosis, diagnoser, box)
        show_picture(marked.cell.crop, caption="", alt=texts.MARKED_ALT)
    with words:
        st.markdown(f"**{texts.MARKED}**", help=texts.MARKED_HELP)
        st.caption(networks_on(marked))
    st.pills(
        texts.CORRECT,
        [answer for answer in CORRECTIONS if answer != ARTIFACT],
        format_func=marked_answer,
        disabled=initials is None,
        on_change=guarded(sign),
        key=key,
    )
    if initials is None:
        st.caption(texts.CORRECT_NEEDS_INITIALS)
    st.button(texts.MARK_DROP, type="tertiary", on_click=guarded(drop), key="drop-mark")
