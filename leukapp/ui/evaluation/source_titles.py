"""Sources by the names that people know them by."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from leukapp.evaluation.source_names import NAMES_FILE, read_source_names
from leukapp.resources import weights_dir


def source_title(source: str) -> str:
    """Give a source's name for people; its name in tables where nobody gave it another.

    Args:
        source: as tables name it, of any origin; what is given is plain text.

    Raises:
        HeldOutError: the file of names is damaged.
    """
    file = weights_dir() / NAMES_FILE
    changed_ns = file.stat().st_mtime_ns if file.is_file() else 0
    return _names(str(file.parent), changed_ns).get(source, source)


@st.cache_data(show_spinner=False, max_entries=4)
def _names(folder: str, changed_ns: int) -> Mapping[str, str]:
    """Read the file once for the whole server, until it changes."""
    return read_source_names(Path(folder))
