"""Which keys there are: a button shows them, and so does the key ``?``."""

from typing import Final

import streamlit as st

from leukapp.ui.texts import batch as texts

HELP_KEY: Final = "batch-keys"
"""The script of ``keyboard`` presses the button of this key."""


def show_key_help() -> None:
    """Write the button that lists the keys."""
    with st.popover(texts.KEYS, icon=":material/keyboard:", key=HELP_KEY):
        rows = [f"| **{key}** | {what} |" for key, what in texts.KEY_LIST]
        st.markdown("\n".join([f"| {texts.KEYS} | |", "|---|---|", *rows]))
