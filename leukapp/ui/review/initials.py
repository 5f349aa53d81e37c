"""The reviewer's initials: asked once a session, shown beside each decision, changeable."""

import re
from typing import Final

import streamlit as st

from leukapp.ui.guarded import guarded
from leukapp.ui.review.log import reader_mail
from leukapp.ui.texts import review as texts
from leukapp.ui.wording import escape_markdown

KEPT_INITIALS: Final = "reviewer-initials"
CHANGING: Final = "reviewer-initials-changing"
MAX_LETTERS: Final = 8
_INITIALS = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .-]){0,7}")


def is_initials(text: str) -> bool:
    """Whether a text can be a reviewer's initials: 1 to 8 letters, dots, dashes or blanks."""
    return _INITIALS.fullmatch(text.strip()) is not None


def initials_of(name: str) -> str:
    """Give the first letter of each part of a name or of a mail address before its ``@``.

    Example:
        >>> initials_of("Kim Müller-Stein"), initials_of("jane.doe@lab.example"), initials_of("7")
        ('KMS', 'JD', '')
    """
    parts = re.findall(r"[^\W\d_]+", name.partition("@")[0])
    return "".join(part[0] for part in parts).upper()[:MAX_LETTERS]


def session_initials() -> str | None:
    """Give the initials of this session: those that were typed, else those of the sign-in name."""
    kept = st.session_state.get(KEPT_INITIALS)
    mail = reader_mail()
    if kept is None and mail is not None:
        kept = initials_of(str(st.user.get("name") or "")) or initials_of(mail)
    return kept or None


def ask_initials(*, key: str) -> str | None:
    """Show the reviewer's initials with a button to change them, or ask for them.

    No field is left open behind them, so that no key that decides is typed into it.

    Args:
        key: of the place on the page.

    Returns:
        The initials, or None as long as there are none.
    """
    initials = session_initials()
    if initials is None or st.session_state.get(CHANGING, False):
        _ask(initials, key)
        return None
    with st.container(key=f"{key}-shown", gap=None):
        st.markdown(texts.SIGNING_AS.format(initials=escape_markdown(initials)))
        st.button(
            texts.INITIALS_CHANGE, on_click=guarded(_change), type="tertiary", key=f"{key}-change"
        )
    return initials


def _change() -> None:
    st.session_state[CHANGING] = True


def _ask(initials: str | None, key: str) -> None:
    """Write the field; what is in it counts once it is submitted, by Enter or its button."""
    field_key = f"{key}-field"

    def keep() -> None:
        typed = str(st.session_state.get(field_key) or "").strip()
        if is_initials(typed):
            st.session_state[KEPT_INITIALS] = typed
            st.session_state[CHANGING] = False

    with (
        st.form(f"{key}-form", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        st.text_input(
            texts.INITIALS_LABEL,
            value=initials or "",
            max_chars=MAX_LETTERS,
            help=texts.INITIALS_HELP,
            autocomplete="off",
            width=140,
            key=field_key,
        )
        st.form_submit_button(texts.INITIALS_USE, on_click=guarded(keep), key=f"{key}-use")
    st.caption(texts.INITIALS_WRONG)
