"""What the page shows stands in its address: a reload, a link, back and forward show it again.

Streamlit adds one step to the browser's history for each time that the address is written, so it is
written whole, and not at all while the page is as it opens by itself.
"""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from leukapp.ui.texts import evaluation as texts

WRITTEN_KEY: Final = "evaluation-address"
SECTION_KEY: Final = "section"
FIRST_KEY, SECOND_KEY = "set-A", "set-B"
FIRST_SOURCE_KEY, SECOND_SOURCE_KEY = "source-A", "source-B"
KEYS: Final = {
    "set": FIRST_KEY,
    "source": FIRST_SOURCE_KEY,
    "compare": SECOND_KEY,
    "compare_source": SECOND_SOURCE_KEY,
    "section": SECTION_KEY,
}
"""Names in the address, and the keys of the widgets that they set."""


def take_address(sections: tuple[str, ...]) -> None:
    """Set the page's widgets where the reader changed the address; must come before them.

    What the address says may be anything: whoever asks for a set or a source checks it.

    Args:
        sections: of the page.
    """
    now = st.query_params.to_dict()
    # A page that was left and is opened again has lost its widgets' choices.
    if SECTION_KEY in st.session_state and now == st.session_state.get(WRITTEN_KEY):
        return
    for name, key in KEYS.items():
        st.session_state.pop(key, None)
        if name in now:
            st.session_state[key] = now[name]
    if st.session_state.get(SECTION_KEY) not in sections:
        st.session_state[SECTION_KEY] = texts.OVERVIEW


def write_address(values: Mapping[str, str]) -> None:
    """Make the address say these values and no others.

    Args:
        values: by name in the address.
    """
    if st.query_params.to_dict() != values:
        st.query_params.from_dict(values)
    st.session_state[WRITTEN_KEY] = dict(values)
