"""The one handler around all that runs in an open page: the page, its fragments, its callbacks.

Each admits the reader anew, since a page stays open while its reader signs out or loses a role, and
turns whatever goes wrong into one sentence.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import PurePath
from typing import Final, ParamSpec

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.structured_log import log_event
from leukapp.ui import access, texts
from leukapp.ui.wording import escape_markdown

P = ParamSpec("P")
FAILURE_KEY: Final = "guarded-failure"


def guarded_fragment(
    *, run_every: float | None = None
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a part of a page that is drawn anew alone, for a reader who is still admitted.

    Args:
        run_every: seconds after which it is drawn again by itself; None for never.

    Returns:
        A decorator.
    """

    def decorate(show: Callable[P, None]) -> Callable[P, None]:
        @wraps(show)
        def admit_and_show(*args: P.args, **kwargs: P.kwargs) -> None:
            if not access.is_admitted_still():
                # The whole page is drawn anew, which starts at the door.
                st.rerun()
            show_failure()
            with one_sentence():
                show(*args, **kwargs)

        return st.fragment(admit_and_show, run_every=run_every)

    return decorate


def guarded(act: Callable[P, None]) -> Callable[P, None]:
    """Make a callback that does nothing for a reader who is not admitted any more.

    Args:
        act: what a widget calls; what it raises is shown where the page is drawn next.

    Returns:
        The callback.
    """

    @wraps(act)
    def admit_and_act(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            access.reader_now()
            act(*args, **kwargs)
        except LeukappError as error:
            st.session_state[FAILURE_KEY] = str(error)
        except Exception as error:  # noqa: BLE001 - the one handler, see the module
            note_unexpected(error)
            st.session_state[FAILURE_KEY] = texts.UNEXPECTED

    return admit_and_act


@contextmanager
def one_sentence() -> Iterator[None]:
    """Show one sentence in place of what fails in the block."""
    try:
        yield
    except LeukappError as error:
        _show(str(error))
    except Exception as error:  # noqa: BLE001 - the one handler, see the module
        note_unexpected(error)
        _show(texts.UNEXPECTED)


def show_failure() -> None:
    """Show what a callback before this run could not do, once."""
    failure = st.session_state.pop(FAILURE_KEY, None)
    if failure is not None:
        _show(str(failure))


def note_unexpected(error: Exception) -> None:
    """Write kind and place of an error to the log; its words may hold names from outside.

    Args:
        error: what nobody expected.
    """
    places = traceback.extract_tb(error.__traceback__)
    at = " < ".join(f"{PurePath(place.filename).name}:{place.lineno}" for place in places[:-9:-1])
    log_event("unexpected_error", kind=type(error).__name__, at=at)


def _show(sentence: str) -> None:
    st.error(escape_markdown(sentence), icon=":material/error:")
