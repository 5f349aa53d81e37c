"""How a case is called on the screen, and the field in which a reader names one."""

from typing import TYPE_CHECKING

import streamlit as st

from leukapp.errors import StoreError
from leukapp.review.records import MAX_CASE_NAME, Case
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown

if TYPE_CHECKING:
    from leukapp.review.store import ReviewStore


def case_title(case: Case) -> str:
    """Give a case's name as a heading, or its number where it has none; plain text.

    Args:
        case: of the review store.
    """
    if case.name is None:
        return texts.UNNAMED.format(number=case.id)
    return texts.NAMED.format(name=case.name)


def ask_for_case(*, key: str, label: str = texts.FIELD, value: str = "") -> str:
    """Ask for the name of a case, which may be empty.

    Args:
        key: of the field.
        label: of the field.
        value: what stands in it at first.

    Returns:
        What was typed.
    """
    typed = st.text_input(
        label,
        value=value,
        max_chars=MAX_CASE_NAME,
        placeholder=texts.FIELD_PLACEHOLDER,
        help=texts.FIELD_HELP,
        autocomplete="off",
        key=key,
    )
    return str(typed or "")


def show_named_case(typed: str, store: "ReviewStore") -> None:
    """Say which case images will be put into, before they are.

    Args:
        typed: as the field has it; nothing is written where it is blank.
        store: of the server.

    Raises:
        StoreError: a case cannot be called so, or there is none of this number.
    """
    from leukapp.review.case_rows import NO_SUCH_CASE, is_number, plain_name

    if not typed.strip():
        return
    found = store.cases.find(typed)
    if found is not None:
        name = escape_markdown(case_title(found))
        st.caption(texts.JOINS.format(case=name, n=found.n_images))
        return
    if is_number(typed):
        raise StoreError(NO_SUCH_CASE)
    plain_name(typed)
    st.caption(texts.BEGINS)
