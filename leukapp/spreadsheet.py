"""Text in CSV files: a spreadsheet that opens one runs nothing that stands in it."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Cell: TypeAlias = str | int | float | bool | None

FORMULA_SIGNS: Final = frozenset("=+-@\N{MINUS SIGN}")
_LEADING_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*")


def make_inert(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet may take for a formula.

    It may do so whatever blanks and line breaks stand before the sign, and takes a full-width or
    small sign for the plain one.

    Args:
        text: of a cell, from anybody.

    Returns:
        The text, or the text after an apostrophe; :func:`restore` gives the text back.

    Example:
        >>> make_inert("=1+1"), make_inert("A=B"), make_inert("'=1+1")
        ("'=1+1", 'A=B', "''=1+1")
    """
    return f"'{text}" if _begins_like_a_formula(text.lstrip("'")) else text


def restore(text: str) -> str:
    """Undo :func:`make_inert`.

    Args:
        text: of a cell.

    Example:
        >>> restore("'=1+1"), restore("'t Hooft")
        ('=1+1', "'t Hooft")
    """
    is_marked = text.startswith("'") and _begins_like_a_formula(text.lstrip("'"))
    return text[1:] if is_marked else text


def write_csv_rows(stream: IO[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows as CSV with inert texts; None becomes an empty cell.

    Args:
        stream: takes text.
        rows: the heading among them.
    """
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([_inert_cell(cell) for cell in row])


def inert_table(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table whose texts and column names are inert.

    Args:
        table: not modified.
    """
    inert = table.copy()
    for name in table.select_dtypes(exclude=["number", "bool"]):
        inert[name] = table[name].map(_inert_cell)
    return inert.rename(columns=make_inert)


def restored_table(table: "pd.DataFrame") -> "pd.DataFrame":
    """Undo :func:`inert_table`.

    Args:
        table: of texts; not modified.
    """
    return table.map(lambda cell: restore(cell) if isinstance(cell, str) else cell).rename(
        columns=restore
    )


def _inert_cell(cell: object) -> object:
    return make_inert(cell) if isinstance(cell, str) else cell


def _begins_like_a_formula(text: str) -> bool:
    blanks = _LEADING_BLANKS.match(text)
    first = text[blanks.end() if blanks else 0 :][:1]
    return unicodedata.normalize("NFKC", first) in FORMULA_SIGNS
