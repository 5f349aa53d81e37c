"""What the page's address says: which image, which leukocyte, and which folded parts are open.

A drawing is named by its kind, an image by the start of its hash: one that this browser did not
bring is not shown, whatever the address says.
"""

import hashlib
from enum import StrEnum
from typing import Final

import streamlit as st

from leukapp.ui.address import LIST_SIGN, AddressValues, changed_address, write_address
from leukapp.ui.diagnose.chosen_cell import choose_cell
from leukapp.ui.image_choice import SELECTED_KEY
from leukapp.ui.kept_session import KeptSession
from leukapp.ui.samples import SAMPLES

HASH_LETTERS: Final = 12
SAMPLE, IMAGE, CELL, OPEN = "sample", "image", "cell", "open"


class Section(StrEnum):
    """What can be unfolded below the picture."""

    HEAT = "heat"
    NUMBERS = "numbers"
    QUALITY = "quality"
    DETAILS = "details"


def section_key(section: Section) -> str:
    """Where Streamlit keeps whether a part is open."""
    return f"open-{section}"


def follow_address(session: KeptSession) -> None:
    """Show what the address asks for, where the reader and not the page changed it.

    Args:
        session: of this browser.
    """
    asked = changed_address()
    if asked is None:
        return
    is_first_run = SELECTED_KEY not in st.session_state
    key = _key_of(asked, session)
    opened = asked.choices(OPEN, list(Section))
    for section in Section:
        st.session_state[section_key(section)] = section in opened
    if key is None:
        # "Back" to the address without an image closes the drawing; a reload shows what was kept.
        if not is_first_run:
            session.sample = None
        return
    st.session_state[SELECTED_KEY] = session.selected = key
    number = asked.number(CELL)
    choose_cell(key, None if number is None else number - 1)


def write_place(*, sample: str | None, image_sha256: str, cell: int | None) -> None:
    """Let the address say what is on the screen.

    Args:
        sample: kind of the drawing; None for an image that the reader brought.
        image_sha256: hash of the image.
        cell: index of the chosen leukocyte, or None.
    """
    values = {SAMPLE: sample} if sample else {IMAGE: image_sha256[:HASH_LETTERS]}
    if cell is not None:
        values[CELL] = str(cell + 1)
    opened = [section for section in Section if st.session_state.get(section_key(section))]
    if opened:
        values[OPEN] = LIST_SIGN.join(opened)
    write_address(values)


def _key_of(asked: AddressValues, session: KeptSession) -> str | None:
    """Key of the image that is asked for; opens a drawing on the way. None where there is none."""
    kinds = asked.choices(SAMPLE, [sample.kind for sample in SAMPLES])
    for sample in SAMPLES:
        if sample.kind in kinds:
            session.sample = sample.kind
            return sample.key
    if IMAGE not in st.query_params:
        return None
    keys = {
        hashlib.sha256(image.data).hexdigest()[:HASH_LETTERS]: key
        for key, image in session.images.items()
    }
    return next((keys[start] for start in asked.choices(IMAGE, keys)), None)
