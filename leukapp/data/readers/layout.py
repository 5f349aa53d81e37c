"""What a reader of data sets says of itself; each reader's file ends with its ``LAYOUT``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leukapp.data.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way to lay a data set out.

    Attributes:
        name: as ``read_catalog`` takes it.
        arrangement: which files lie where, in a few words.
        recognizes: whether names alone tell that a path, which exists, is laid out so.
        read: a path to its catalogue.
    """

    name: str
    arrangement: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path], Catalog]
