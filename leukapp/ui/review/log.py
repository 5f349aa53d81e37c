"""The review log of the server, and who is signed in while it is written."""

from typing import TYPE_CHECKING, Final

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.errors import LeukappError, StoreError
from leukapp.ui.access import reader_now
from leukapp.ui.texts import review as texts
from leukapp.ui.wording import escape_markdown

if TYPE_CHECKING:
    from leukapp.review.store import ReviewStore

TRAIL_FAILURE: Final = "audit-trail-failure"


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
    """Give the mail address of who is signed in now, or None where nobody signs in.

    Raises:
        AccessError: the reader may not use the open page any more, so nothing is written.
    """
    return reader_now().email


def is_admin() -> bool:
    """Whether the reader is an administrator now, as everyone is without sign-in.

    Raises:
        AccessError: the reader may not use the open page any more.
    """
    return "admin" in reader_now().roles


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


def show_log_failure(error: LeukappError) -> None:
    """Say why the review log cannot be used.

    Args:
        error: what the store raised.
    """
    reason = escape_markdown(str(error))
    st.error(texts.LOG_FAILED.format(reason=reason), icon=":material/database_off:")
