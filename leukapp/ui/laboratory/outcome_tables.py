"""Images of a commissioning by name: what changed, what still fails, whose label is doubtful."""

import io
from collections.abc import Sequence
from typing import Final

import streamlit as st

from leukapp.commissioning.outcomes import ImageOutcome, write_outcome_rows
from leukapp.ui.texts import laboratory as texts

FILE_NAME: Final = "commissioned-images.csv"


def show_outcomes(outcomes: Sequence[ImageOutcome], *, key: str) -> None:
    """Write the three lists that are not empty, folded, and the file of all images.

    Args:
        outcomes: of a commissioning; nothing is written where there are none.
        key: that tells it from another one on the page.
    """
    if not outcomes:
        return
    lists = (
        (texts.CHANGED, [one for one in outcomes if one.is_changed]),
        (texts.FAILING, [one for one in outcomes if one.is_wrong or one.is_silent]),
        (texts.DOUBTFUL, [one for one in outcomes if one.is_doubtful]),
    )
    shown = [(title.format(n=len(chosen)), chosen) for title, chosen in lists if chosen]
    if shown:
        parts = st.tabs([title for title, _ in shown])
        for part, (_, chosen) in zip(parts, shown, strict=True):
            part.dataframe(_columns(chosen), hide_index=True)
    stream = io.StringIO()
    write_outcome_rows(stream, outcomes)
    st.download_button(
        texts.OUTCOMES_DOWNLOAD,
        stream.getvalue(),
        FILE_NAME,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"lab-images-{key}",
    )
    st.caption(texts.OUTCOMES_NOTE)


def _columns(chosen: Sequence[ImageOutcome]) -> dict[str, list[str]]:
    image, patient, truth, before, after = texts.OUTCOME_COLUMNS
    return {
        image: [one.image for one in chosen],
        patient: [one.patient for one in chosen],
        truth: [one.truth for one in chosen],
        before: [one.before or texts.NO_CALL for one in chosen],
        after: [one.after or texts.NO_CALL for one in chosen],
    }
