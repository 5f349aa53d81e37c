"""Bytes of unknown origin to a flat table, or to the one exception that readers reword."""

from io import BytesIO
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

MAX_TABLE_BYTES: Final = 200_000_000
MAX_CELLS: Final = 50_000_000
MAX_DESCRIBED: Final = 10_000
MAX_NAME_BYTES: Final = 10_000_000
ROWS_AT_ONCE: Final = 65_536

# Beside its documented ArrowInvalid (a ValueError), pyarrow raises these on damaged files.
TABLE_ERRORS: Final = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    pa.ArrowException,
)


class TableError(ValueError):
    """The bytes are no flat table; readers say so in words of their own."""


def parse_flat_table(data: bytes, *, is_parquet: bool) -> pd.DataFrame:
    """Read a CSV in UTF-8 or a Parquet file whose cells are texts, numbers or truth values.

    Args:
        data: the file's bytes, of any origin; a table in CSV is never unpacked or fetched.
        is_parquet: which of the two it is.

    Returns:
        The table; every cell of a CSV is text, an empty one the empty text.

    Raises:
        TableError: damage of any kind, rows with more cells than the header, nested or repeated
            columns, or a table too large to be one of samples.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise TableError(f"more than {MAX_TABLE_BYTES / 1e6:g} MB")
    try:
        frame = _parse_parquet(data) if is_parquet else _parse_csv(data)
    except TABLE_ERRORS as error:
        raise TableError(str(error)) from error
    return frame


def _parse_csv(data: bytes) -> pd.DataFrame:
    frame = pd.read_csv(BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not isinstance(frame.index, pd.RangeIndex):
        # pandas took the surplus cells of each row for an index, and shifted every column.
        raise TableError("rows have more cells than the header")
    return frame.fillna("")


def _parse_parquet(data: bytes) -> pd.DataFrame:
    # A damaged length in the file's description would be allocated before it is missed.
    file = pq.ParquetFile(
        BytesIO(data),
        thrift_string_size_limit=MAX_NAME_BYTES,
        thrift_container_size_limit=MAX_DESCRIBED,
    )
    described = file.metadata
    rows_of_groups = sum(
        described.row_group(index).num_rows for index in range(described.num_row_groups)
    )
    if max(described.num_rows, rows_of_groups) * max(described.num_columns, 1) > MAX_CELLS:
        # Repeated values take next to no room in the file and all of it in memory.
        raise TableError(f"more than {MAX_CELLS:,} cells")
    # Piece by piece, so that a page cannot claim more values than the description has rows.
    table = pa.Table.from_batches(file.iter_batches(ROWS_AT_ONCE), schema=file.schema_arrow)
    table.validate(full=True)
    names = [str(name) for name in table.column_names]
    if len(set(names)) != len(names):
        raise TableError("two columns have one name")
    if any(not _is_plain(field.type) for field in table.schema):
        raise TableError("a column holds neither texts, numbers nor truth values")
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)
