"""Which leukocyte of an image is chosen: by a click, or by the page's address."""

import streamlit as st


def chosen_cell(key: str, n_cells: int) -> int | None:
    """Give the index of the chosen leukocyte of an image.

    Args:
        key: of the image in the session.
        n_cells: of the image; where there is one, it is always chosen.

    Returns:
        The index, or None where none is chosen.
    """
    if n_cells == 1:
        return 0
    index = st.session_state.get(_state_key(key))
    return index if isinstance(index, int) and 0 <= index < n_cells else None


def choose_cell(key: str, index: int | None) -> None:
    """Choose a leukocyte of an image, or none.

    Args:
        key: of the image in the session.
        index: of the leukocyte, or None.
    """
    st.session_state[_state_key(key)] = index


def _state_key(key: str) -> str:
    return f"chosen-cell-{key}"
