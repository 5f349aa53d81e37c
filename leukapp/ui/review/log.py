"""The review log of the server, and who is writing in it."""

import re
from typing import TYPE_CHECKING, Final

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.errors import LeukappError, StoreError
from leukapp.ui.access import READER_KEY, Reader
from leukapp.ui.texts import review as texts
from leukapp.ui.wording import escape_markdown

if TYPE_CHECKING:
    from leukapp.review.store import ReviewStore

KEPT_INITIALS: Final = "reviewer-initials"
TRAIL_FAILURE: Final = "audit-trail-failure"
_INITIALS = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .-]){0,7}")


@st.cache_resource(show_spinner=False)
def open_log() -> "ReviewStore":
    """Open the store once for the whole server; a failure is not kept, so a repair is seen.

    Raises:
        StoreError: it cannot be opened.
    """
    # The database's libraries take half a second, which the first screen does not wait for.
    from leukapp.review.store import ReviewStore

    return ReviewStore.open()


def reader_mail() -> str | None:
    """Give the mail address of who is signed in, or None where nobody signs in."""
    reader = st.session_state.get(READER_KEY)
    return reader.email if isinstance(reader, Reader) else None


def write_down(diagnosis: Diagnosis) -> None:
    """Add a diagnosis to the audit trail; a failure is kept for ``show_trail_failure``.

    Args:
        diagnosis: of one image.
    """
    st.session_state.pop(TRAIL_FAILURE, None)
    try:
        open_log().record_diagnosis(diagnosis, user=reader_mail())
    except StoreError as error:
        st.session_state[TRAIL_FAILURE] = str(error)


def show_trail_failure() -> None:
    """Say that the last answer is not in the audit trail, where that is so."""
    failure = st.session_state.get(TRAIL_FAILURE)
    if failure is not None:
        reason = escape_markdown(failure)
        st.warning(texts.NOT_RECORDED.format(reason=reason), icon=":material/database_off:")


def is_initials(text: str) -> bool:
    """Whether a text can be a reviewer's initials: 1 to 8 letters, dots, dashes or blanks."""
    return _INITIALS.fullmatch(text.strip()) is not None


def ask_initials(*, key: str) -> str | None:
    """Ask for the reviewer's initials, once a session.

    Args:
        key: of the widget.

    Returns:
        The initials, or None as long as there are none.
    """
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(KEPT_INITIALS, "")

    def keep() -> None:
        st.session_state[KEPT_INITIALS] = st.session_state[key]

    typed = st.text_input(
        texts.INITIALS_LABEL,
        max_chars=8,
        help=texts.INITIALS_HELP,
        on_change=keep,
        autocomplete="off",
        key=key,
    )
    return typed.strip() if is_initials(typed) else None


def show_log_failure(error: LeukappError) -> None:
    """Say why the review log cannot be used.

    Args:
        error: what the store raised.
    """
    reason = escape_markdown(str(error))
    st.error(texts.LOG_FAILED.format(reason=reason), icon=":material/database_off:")
