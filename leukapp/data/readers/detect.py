"""Find out how a data set is laid out, and read it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from leukapp.data.catalog import Catalog
from leukapp.data.readers.all_idb1 import read_all_idb1
from leukapp.data.readers.all_idb2 import IDB_NAME, read_all_idb2
from leukapp.data.readers.ash import read_ash
from leukapp.data.readers.cnmc import CNMC_NAME, read_cnmc
from leukapp.data.readers.combined import (
    find_combined_folders,
    find_paper_sets,
    read_combined_parent,
)
from leukapp.data.readers.files import LAYOUTS_UNDERSTOOD, list_images, require_folder
from leukapp.data.readers.folder_per_class import label_of_folder, read_folder_per_class
from leukapp.data.readers.manifest import TABLE_NAME, read_manifest
from leukapp.errors import CatalogError

Layout: TypeAlias = Literal[
    "manifest", "all_idb1", "all_idb2", "combined", "ash", "cnmc", "folder_per_class"
]

READERS: Final[dict[Layout, Callable[[Path], Catalog]]] = {
    "manifest": read_manifest,
    "all_idb1": read_all_idb1,
    "all_idb2": read_all_idb2,
    "combined": read_combined_parent,
    "ash": read_ash,
    "cnmc": read_cnmc,
    "folder_per_class": read_folder_per_class,
}

_TABLE_SUFFIXES: Final = frozenset({".csv", ".parquet"})
_LAST_NUMBER_OF_IDB1: Final = 108


def read_catalog(path: Path, layout: Layout | Literal["auto"] = "auto") -> Catalog:
    """Read a data set into a catalogue; no image is decoded.

    Args:
        path: the data set's folder, or a table of samples.
        layout: how it is laid out; ``auto`` finds out from names alone.

    Returns:
        The catalogue, with what was left out as findings.

    Raises:
        CatalogError: the path is missing, the layout is not recognised, or nothing is in it.
    """
    if not path.exists():
        raise CatalogError(f"{path.name!r} is not there; check the path of the data set.")
    chosen = detect_layout(path) if layout == "auto" else layout
    if chosen not in READERS:
        raise CatalogError(f"Layout {chosen!r} is not known; use one of {', '.join(READERS)}.")
    return READERS[chosen](path)


def detect_layout(path: Path) -> Layout:
    """Tell the layout of a data set from its names.

    Args:
        path: the data set's folder, or a table of samples.

    Returns:
        The layout.

    Raises:
        CatalogError: no layout fits, or two do; the message lists them all.
    """
    if path.is_file() and path.suffix.lower() in _TABLE_SUFFIXES:
        return "manifest"
    require_folder(path)
    if (path / TABLE_NAME).is_file():
        return "manifest"
    if find_combined_folders(path) is not None:
        return "combined"
    _refuse_to_pool(path)
    images = list_images(path)
    # A fold of C-NMC also looks like a folder for each class, which would lose its patients.
    if any(CNMC_NAME.fullmatch(image.stem) for image in images):
        return "cnmc"
    if any(child.is_dir() and label_of_folder(child.name) for child in path.iterdir()):
        return "folder_per_class"
    if any(IDB_NAME.fullmatch(image.stem) for image in images):
        return _tell_idb1_from_idb2(path, images)
    if images and path.resolve().name.lower().startswith("ash"):
        return "ash"
    raise CatalogError(
        f"The layout of {path.name!r} is not recognised; arrange the files as one of: "
        f"{LAYOUTS_UNDERSTOOD}."
    )


def _refuse_to_pool(path: Path) -> None:
    """Refuse several of the paper's sets without ASH: ALL-IDB2 is cut out of ALL-IDB1's fields."""
    sets = find_paper_sets(path)
    if len(sets) > 1:
        names = " and ".join(folder.name for folder in sets.values())
        raise CatalogError(
            f"{path.name!r} holds {names}, which are not one data set: cells of one are cut out of "
            "fields of the other, or they share no healthy cells. Give one of these folders, or "
            "add ASH to ALL-IDB2 for the paper's three classes."
        )


def _tell_idb1_from_idb2(path: Path, images: tuple[Path, ...]) -> Layout:
    """ALL-IDB1 is 108 JPEG fields in ``im/``; ALL-IDB2 is TIFF or numbered beyond 108."""
    plain_name = path.resolve().name.lower().replace("-", "").replace("_", "")
    if "idb1" in plain_name or (path / "xyc").is_dir() or (path / "im").is_dir():
        return "all_idb1"
    numbers = [int(match["number"]) for image in images if (match := IDB_NAME.match(image.stem))]
    has_tiff = any(image.suffix.lower() in {".tif", ".tiff"} for image in images)
    if "idb2" in plain_name or has_tiff or max(numbers) > _LAST_NUMBER_OF_IDB1:
        return "all_idb2"
    if len(numbers) == _LAST_NUMBER_OF_IDB1:
        return "all_idb1"
    raise CatalogError(
        f"{path.name!r} may be part of ALL-IDB1 or of ALL-IDB2; rename the folder ALL_IDB1 or "
        "ALL_IDB2, whichever it is."
    )
