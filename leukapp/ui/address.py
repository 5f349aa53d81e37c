"""What a page's address says: typed values out of it, and writing it so that back and links work.

Streamlit adds one step to the browser's history for each time that the address is written, so a
page writes it whole and once. Back and forward run the page again with the address of then.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, TypeVar

import streamlit as st

from leukapp.ui import access

WRITTEN_KEY: Final = "address-written"
MAX_DIGITS: Final = 9
LIST_SIGN: Final = ","
RANGE_SIGN: Final = "-"

OptionT = TypeVar("OptionT", bound=StrEnum)


class AddressValues:
    """Reads the values of an address; one that makes no sense is left out, and its name noted.

    Args:
        values: name to text, as the browser sent it.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.ignored: list[str] = []

    def number(self, name: str) -> int | None:
        """Give a whole number of at least 1, or None where there is none."""
        text = self._values.get(name)
        if text is None:
            return None
        is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
        if not is_number or int(text) < 1:
            self._ignore(name)
            return None
        return int(text)

    def choice(self, name: str, default: OptionT) -> OptionT:
        """Give one of the words of ``default``'s type, written with ``-`` between its parts."""
        words = {as_word(option): option for option in type(default)}
        text = self._values.get(name)
        if text is not None and text not in words:
            self._ignore(name)
        return words.get(text or "", default)

    def choices(self, name: str, options: Collection[str]) -> frozenset[str]:
        """Give those of a list of words that are among the options."""
        words = {as_word(option): option for option in options}
        asked = [word for word in self._values.get(name, "").split(LIST_SIGN) if word]
        if any(word not in words for word in asked):
            self._ignore(name)
        return frozenset(words[word] for word in asked if word in words)

    def percents(self, name: str) -> tuple[int, int]:
        """Give the two ends of a range of whole percents; 0 and 100 where there is none."""
        text = self._values.get(name)
        if text is None:
            return 0, 100
        ends = text.split(RANGE_SIGN)
        if len(ends) == 2 and all(end.isascii() and end.isdecimal() for end in ends):
            low, high = int(ends[0][:4]), int(ends[1][:4])
            if low <= high <= 100:
                return low, high
        self._ignore(name)
        return 0, 100

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        text = self._values.get(name)
        if text not in {None, "0", "1"}:
            self._ignore(name)
        return text == "1"

    def _ignore(self, name: str) -> None:
        if name not in self.ignored:
            self.ignored.append(name)


def as_word(option: str) -> str:
    """Write a choice as one word of an address.

    Example:
        >>> as_word("leukemia, type not determined")
        'leukemia-type-not-determined'
    """
    return option.replace(LIST_SIGN, "").replace(" ", "-")


def changed_address() -> AddressValues | None:
    """Give the address where the reader changed it: a link, back, forward, or a reload.

    The menu's link to a page has no values; who comes back by it finds the page as it was left.
    """
    now = st.query_params.to_dict()
    written = st.session_state.get(WRITTEN_KEY)
    is_from_menu = written is not None and not now and access.is_page_new()
    return None if now == written or is_from_menu else AddressValues(now)


def write_address(values: Mapping[str, str]) -> None:
    """Make the address say these values and no others; one step in the browser's history.

    Args:
        values: name to text; those that are as at first are left out.
    """
    if st.query_params.to_dict() != values:
        st.query_params.from_dict(values)
    st.session_state[WRITTEN_KEY] = dict(values)
