"""What readers say of single leukocytes: the box that corrects one, and the count after it."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TypeAlias

import streamlit as st

from leukapp.cells import CellAnswer, CellSummary, count_findings
from leukapp.diagnosis import Diagnosis
from leukapp.errors import LeukappError
from leukapp.labels import ANSWER_NAMES, split_answer
from leukapp.review.records import ARTIFACT, CORRECTIONS, CellCorrection
from leukapp.ui.guarded import guarded
from leukapp.ui.microscope.cell_look import answer_title, marked_answer
from leukapp.ui.review.initials import session_initials
from leukapp.ui.review.log import is_admin, open_log, reader_mail, show_log_failure
from leukapp.ui.texts import diagnose as texts
from leukapp.ui.wording import escape_markdown

Corrections: TypeAlias = Mapping[int, CellCorrection]
"""Index of a leukocyte to its correction."""


def find_corrections(diagnosis: Diagnosis) -> Corrections:
    """Give the corrections that stand for an image's leukocytes; none where the log is away.

    Args:
        diagnosis: of the image.
    """
    try:
        made = open_log().cell_corrections(diagnosis.image_sha256)
    except LeukappError as error:
        show_log_failure(error)
        return {}
    of_box = {correction.box: correction for correction in made}
    return {
        index: of_box[cell.box] for index, cell in enumerate(diagnosis.cells) if cell.box in of_box
    }


def count_corrected(cells: Sequence[CellAnswer], corrections: Corrections) -> CellSummary:
    """Count an image's leukocytes as readers corrected them; an artifact is none.

    What a reader calls reactive or other was judged and is not called leukemia.

    Args:
        cells: of the image.
        corrections: of these.
    """
    answers = [
        corrections[index].answer if index in corrections else cell.answer_name
        for index, cell in enumerate(cells)
    ]
    return count_findings(
        [
            split_answer(answer)[0] if answer is None or answer in ANSWER_NAMES else answer
            for answer in answers
            if answer != ARTIFACT
        ]
    )


def show_correction(diagnosis: Diagnosis, index: int, corrections: Corrections) -> None:
    """Write what corrects one leukocyte, or the correction that stands with its way back.

    Args:
        diagnosis: of the image.
        index: of the leukocyte.
        corrections: that stand.
    """
    initials = session_initials()
    correction = corrections.get(index)
    if correction is not None:
        _show_standing(diagnosis, correction, initials)
    # The number of corrections begins the choice anew once one was made or taken back.
    key = f"correct-{diagnosis.image_sha256}-{index}-{correction.sequence if correction else 0}"

    def correct() -> None:
        answer = st.session_state[key]
        if answer is not None and initials is not None:
            box = diagnosis.cells[index].box
            open_log().correct_cell(diagnosis, box, answer, initials=initials, user=reader_mail())

    st.pills(
        texts.CORRECT,
        [answer for answer in CORRECTIONS if correction is None or answer != correction.answer],
        format_func=marked_answer,
        disabled=initials is None,
        help=texts.CORRECT_HELP,
        on_change=guarded(correct),
        key=key,
    )
    if initials is None:
        st.caption(texts.CORRECT_NEEDS_INITIALS)


def _show_standing(diagnosis: Diagnosis, correction: CellCorrection, initials: str | None) -> None:
    moment = correction.corrected_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    words = texts.CORRECTED_BY.format(
        answer=answer_title(correction.answer),
        initials=escape_markdown(correction.initials),
        moment=moment,
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

    st.button(
        texts.TAKE_BACK_CORRECTION,
        icon=":material/undo:",
        disabled=initials is None,
        on_click=guarded(take_back),
        key="take-back-correction",
    )
