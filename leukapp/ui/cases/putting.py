"""Putting the images that are ticked in the worklist into a case."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry
from leukapp.ui.cases.naming import ask_for_case, case_title
from leukapp.ui.guarded import guarded
from leukapp.ui.review.log import reader_mail
from leukapp.ui.review.thumbnails import picked_ids
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown

PUT_KEY: Final = "case-put-into"
"""Title of the case that images were put into last, until it was said."""
FIELD_KEY: Final = "case-for-picked"


def ask_to_put(ticked: Sequence[WorklistEntry], store: ReviewStore) -> None:
    """Write the way to put ticked images into a case, where there are any.

    Args:
        ticked: images of the batch.
        store: of the server.
    """
    picked = [entry.item.id for entry in ticked]

    def put() -> None:
        case = store.cases.put(st.session_state[FIELD_KEY], picked, user=reader_mail())
        st.session_state[PUT_KEY] = case_title(case)
        picked_ids().clear()

    if picked:
        title = texts.PUT_PICKED.format(n=len(picked))
        with st.popover(title, icon=":material/create_new_folder:", width="content"):
            ask_for_case(key=FIELD_KEY)
            st.caption(texts.PUT_PICKED_HELP)
            st.button(texts.PUT_SURE, type="primary", on_click=guarded(put), key="case-put-picked")
    done = st.session_state.pop(PUT_KEY, None)
    if done is not None:
        st.success(texts.PUT_DONE.format(case=escape_markdown(done)), icon=":material/task_alt:")
