"""CSV and Parquet tables as text, every cell a stripped string."""

from pathlib import Path

import pandas as pd

from leukapp.data.readers.flat_table import TableError, parse_flat_table
from leukapp.errors import CatalogError


def read_text_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """Read a table with every value as text; a missing value is the empty string.

    Args:
        path: a ``.csv`` or ``.parquet`` file.
        required: columns that must be there.

    Returns:
        The table; column names and values are stripped of outer blanks.

    Raises:
        CatalogError: the file is missing, is no such table or lacks a column.
    """
    try:
        frame = parse_flat_table(path.read_bytes(), is_parquet=path.suffix.lower() == ".parquet")
    except (OSError, TableError) as error:
        raise CatalogError(
            f"{path.name!r} cannot be read as a table; save it as CSV in UTF-8 or as Parquet."
        ) from error
    frame.columns = pd.Index([str(column).strip() for column in frame.columns])
    if frame.columns.has_duplicates:
        raise CatalogError(f"{path.name!r} has two columns of one name; keep one of them.")
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise CatalogError(f"{path.name!r} lacks the columns {', '.join(missing)}; add them.")
    return frame.astype(object).where(frame.notna(), "").map(lambda value: str(value).strip())


def column_values(frame: pd.DataFrame, column: str) -> list[str]:
    """One column as text, empty strings where the table lacks it."""
    if column not in frame.columns:
        return [""] * len(frame)
    return [str(value) for value in frame[column]]
