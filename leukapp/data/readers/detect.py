"""Find out how a data set is laid out, and read it; a new reader is one more entry of LAYOUTS."""

from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog
from leukapp.data.readers import (
    all_idb1,
    all_idb2,
    ash,
    cnmc,
    combined,
    folder_per_class,
    manifest,
)
from leukapp.data.readers.files import require_folder
from leukapp.data.readers.layout import Layout
from leukapp.errors import CatalogError, EmptyCatalogError

LAYOUTS: Final = (
    manifest.LAYOUT,
    combined.LAYOUT,
    # A fold of C-NMC also looks like a folder for each class, which would lose its patients.
    cnmc.LAYOUT,
    folder_per_class.LAYOUT,
    all_idb1.LAYOUT,
    all_idb2.LAYOUT,
    ash.LAYOUT,
)
"""Readers in the order in which they are asked whether a path is theirs."""


def read_catalog(path: Path, layout: str = "auto") -> Catalog:
    """Read a data set into a catalogue; no image is decoded.

    Args:
        path: the data set's folder, or a table of samples.
        layout: name of how it is laid out; ``auto`` finds out from names alone.

    Returns:
        The catalogue, with what was left out as findings.

    Raises:
        CatalogError: the path is missing, the layout is not recognised, or nothing is in it.
    """
    if not path.exists():
        raise CatalogError(f"{path.name!r} is not there; check the path of the data set.")
    named = {known.name: known for known in LAYOUTS}
    if layout not in {"auto", *named}:
        raise CatalogError(f"Layout {layout!r} is not known; use one of {', '.join(named)}.")
    chosen = detect_layout(path) if layout == "auto" else named[layout]
    try:
        return chosen.read(path)
    except EmptyCatalogError as error:
        raise EmptyCatalogError(f"{error} Layouts understood: {_understood()}.") from error


def detect_layout(path: Path) -> Layout:
    """Tell the layout of a data set from its names.

    Args:
        path: the data set's folder, or a table of samples.

    Returns:
        The first layout that recognizes the path.

    Raises:
        CatalogError: no layout fits, or two do; the message lists them all.
    """
    if not manifest.LAYOUT.recognizes(path):
        require_folder(path)
    for layout in LAYOUTS:
        if layout.recognizes(path):
            return layout
    raise CatalogError(
        f"The layout of {path.name!r} is not recognised; arrange the files as one of: "
        f"{_understood()}."
    )


def _understood() -> str:
    return ", ".join(f"{layout.name} ({layout.arrangement})" for layout in LAYOUTS)
