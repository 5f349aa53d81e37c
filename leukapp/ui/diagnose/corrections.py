"""What readers say of single leukocytes: what corrects one, and what stands."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from leukapp.diagnosis import Diagnosis
from leukapp.errors import LeukappError
from leukapp.inference.corrected_items import READER_CERTAINTY
from leukapp.inference.decision import Answer
from leukapp.labels import name_answer
from leukapp.review.corrected_cells import (
    CorrectedCell,
    corrected_minute,
    count_corrected,
    n_corrected,
)
from leukapp.review.records import CORRECTIONS, REMOVED, CellCorrection
from leukapp.review.reference_cells import encode_features
from leukapp.ui.cell_table import show_summary
from leukapp.ui.diagnose.references import read_signed_anew
from leukapp.ui.guarded import guarded
from leukapp.ui.microscope.cell_look import answer_title, marked_answer
from leukapp.ui.review.initials import session_initials
from leukapp.ui.review.log import is_admin, open_log, reader_mail, show_log_failure
from leukapp.ui.texts import diagnose as texts
from leukapp.ui.wording import escape_markdown


def find_corrections(diagnosis: Diagnosis) -> tuple[CellCorrection, ...]:
    """Give the corrections that stand for an image; none where the log is away.

    Args:
        diagnosis: of the image.
    """
    try:
        return open_log().cell_corrections(diagnosis.image_sha256)
    except LeukappError as error:
        show_log_failure(error)
        return ()


def show_corrected(cells: tuple[CorrectedCell, ...], verdict: Answer | None) -> None:
    """Write count, blast share and verdict of a field as readers corrected it, if they did.

    Args:
        cells: of the field.
        verdict: as corrected; None where the rule cannot be asked.
    """
    n = n_corrected(cells)
    if not n:
        return
    st.caption(texts.CORRECTED_COUNT.format(n=n))
    show_summary(count_corrected(cells))
    if verdict is None:
        st.caption(texts.NO_CELL_LEFT)
        return
    name = marked_answer(name_answer(verdict.finding, verdict.label))
    st.markdown(
        texts.CORRECTED_VERDICT.format(answer=name),
        help=texts.CORRECTED_VERDICT_HELP.format(certain=READER_CERTAINTY),
    )


def show_correction(
    diagnosis: Diagnosis, index: int, cell: CorrectedCell, *, place: NDArray[np.float32] | None
) -> None:
    """Write what corrects one leukocyte, or the correction that stands with its way back.

    Args:
        diagnosis: of the image.
        index: of the leukocyte.
        cell: the leukocyte, with the correction that stands.
        place: where the networks place it, which makes it a reference for others; None for one
            that is none.
    """
    initials = session_initials()
    correction = cell.correction
    if correction is not None:
        _show_standing(diagnosis, correction, initials)
    # The number of corrections begins the choice anew once one was made or taken back.
    key = f"correct-{diagnosis.image_sha256}-{index}-{correction.sequence if correction else 0}"

    def write(answer: str) -> None:
        if initials is not None:
            open_log().correct_cell(
                diagnosis,
                cell.box,
                answer,
                initials=initials,
                user=reader_mail(),
                is_marked=cell.cell is None,
                features=None if place is None else encode_features(place),
            )
            read_signed_anew()

    def correct() -> None:
        answer = st.session_state[key]
        if answer is not None:
            write(answer)

    def remove() -> None:
        write(REMOVED)

    st.pills(
        texts.CORRECT,
        [answer for answer in CORRECTIONS if correction is None or answer != correction.answer],
        format_func=marked_answer,
        disabled=initials is None,
        help=texts.CORRECT_HELP,
        on_change=guarded(correct),
        key=key,
    )
    if cell.answer != REMOVED:
        st.button(
            texts.REMOVE,
            icon=":material/delete:",
            type="tertiary",
            disabled=initials is None,
            on_click=guarded(remove),
            key="remove-cell",
        )
    if initials is None:
        st.caption(texts.CORRECT_NEEDS_INITIALS)


def _show_standing(diagnosis: Diagnosis, correction: CellCorrection, initials: str | None) -> None:
    words = texts.CORRECTED_BY.format(
        answer=answer_title(correction.answer),
        initials=escape_markdown(correction.initials),
        moment=corrected_minute(correction),
    )
    st.markdown(words)

    def take_back() -> None:
        if initials is not None:
            open_log().take_back_correction(
                diagnosis,
                correction,
                initials=initials,
                user=reader_mail(),
                is_admin=is_admin(),
            )
            read_signed_anew()

    st.button(
        texts.TAKE_BACK_CORRECTION,
        icon=":material/undo:",
        disabled=initials is None,
        on_click=guarded(take_back),
        key="take-back-correction",
    )
