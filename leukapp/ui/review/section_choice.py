"""Which part of a batch is open: its reading, worklist, agreement or export."""

from typing import Final

import streamlit as st

from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import BatchSection, go_to_section, seed, where
from leukapp.ui.texts import batch as texts

SECTION_KEY: Final = "batch-section"
TITLES: Final = {
    texts.PROGRESS: BatchSection.READING,
    texts.WORKLIST: BatchSection.WORKLIST,
    texts.AGREEMENT: BatchSection.AGREEMENT,
    texts.EXPORT: BatchSection.EXPORT,
}


def choose_section() -> BatchSection:
    """Ask which part is shown."""
    section = where().section
    seed(SECTION_KEY, next(title for title, part in TITLES.items() if part is section))

    def change() -> None:
        go_to_section(TITLES[st.session_state[SECTION_KEY]])

    st.segmented_control(
        texts.SECTION_LABEL,
        list(TITLES),
        required=True,
        label_visibility="collapsed",
        on_change=guarded(change),
        key=SECTION_KEY,
    )
    return section
