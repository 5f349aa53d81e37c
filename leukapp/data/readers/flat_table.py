"""Bytes of unknown origin to a flat table, or to the one exception that readers reword."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

MAX_TABLE_BYTES: Final = 200_000_000
MAX_CELLS: Final = 50_000_000
MAX_DESCRIBED: Final = 10_000
MAX_NAME_BYTES: Final = 10_000_000
MAX_UNPACKED_BYTES: Final = 1_000_000_000
ROWS_AT_ONCE: Final = 8_192

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
    schema = _open_parquet(data).schema_arrow
    names = [str(name) for name in schema.names]
    if len(set(names)) != len(names):
        raise TableError("two columns have one name")
    if any(not _is_plain(field.type) for field in schema):
        raise TableError("a column holds neither texts, numbers nor truth values")
    texts = [str(field.name) for field in schema if _is_text(_values_of(field.type))]
    # A text that many rows repeat stays one text, in Arrow's memory and in pandas'.
    file = _open_parquet(data, read_dictionary=texts)
    table = pa.Table.from_batches(_unpack(file), schema=file.schema_arrow)
    table.validate(full=True)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame.astype(dict.fromkeys(texts, object))


def _open_parquet(data: bytes, *, read_dictionary: Sequence[str] = ()) -> pq.ParquetFile:
    # A damaged length in the file's description would be allocated before it is missed.
    file = pq.ParquetFile(
        BytesIO(data),
        thrift_string_size_limit=MAX_NAME_BYTES,
        thrift_container_size_limit=MAX_DESCRIBED,
        read_dictionary=list(read_dictionary),
    )
    described = file.metadata
    groups = [described.row_group(index) for index in range(described.num_row_groups)]
    n_rows = max(described.num_rows, sum(group.num_rows for group in groups))
    if n_rows * max(described.num_columns, 1) > MAX_CELLS:
        # Repeated values take next to no room in the file and all of it in memory.
        raise TableError(f"more than {MAX_CELLS:,} cells")
    if sum(group.total_byte_size for group in groups) > MAX_UNPACKED_BYTES:
        raise TableError(f"more than {MAX_UNPACKED_BYTES / 1e6:g} MB unpacked")
    return file


def _unpack(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Read piece by piece: pages cannot claim more values or bytes than the limits allow."""
    n_unpacked = 0
    for batch in file.iter_batches(ROWS_AT_ONCE):
        n_unpacked += batch.nbytes
        if n_unpacked > MAX_UNPACKED_BYTES:
            raise TableError(f"more than {MAX_UNPACKED_BYTES / 1e6:g} MB unpacked")
        yield batch


def _is_plain(kind: pa.DataType) -> bool:
    tests = (
        _is_text,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_null,
    )
    return any(test(_values_of(kind)) for test in tests)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _values_of(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
