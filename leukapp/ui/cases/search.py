"""The box that finds a case, and the case that the address names."""

from dataclasses import replace
from typing import Final

import streamlit as st

from leukapp.review.records import MAX_CASE_NAME, Case
from leukapp.review.store import ReviewStore
from leukapp.ui.cases.naming import case_title
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import go_to, go_to_case, where
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown

SEARCH_KEY: Final = "case-search"


def search_cases(store: ReviewStore) -> None:
    """Write the box and what it finds; a click on a case opens it.

    Args:
        store: of the server.
    """
    words = st.text_input(
        texts.FIND,
        max_chars=MAX_CASE_NAME,
        placeholder=texts.FIND_PLACEHOLDER,
        help=texts.FIND_HELP,
        autocomplete="off",
        icon=":material/search:",
        key=SEARCH_KEY,
    ).strip()
    if not words:
        return
    found = store.cases.search(words)
    if not found:
        st.caption(texts.NONE_FOUND)
    with st.container(key="found-cases", gap=None):
        for case in found:
            name = escape_markdown(case_title(case))
            st.button(
                texts.FOUND_LINE.format(name=name, n=case.n_images),
                icon=":material/folder_shared:",
                type="tertiary",
                on_click=guarded(go_to_case),
                args=(case.id,),
                key=f"open-case-{case.id}",
            )


def open_case(store: ReviewStore) -> Case | None:
    """Give the case that is open; says so where the address names one that is not there.

    Args:
        store: of the server.
    """
    number = where().case
    if number is None:
        return None
    found = store.cases.find(f"#{number}")
    if found is None:
        st.warning(texts.NO_SUCH_CASE.format(number=number), icon=":material/link_off:")
        go_to(replace(where(), case=None))
    return found
