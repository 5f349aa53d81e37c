"""A table in Parquet takes the room of what differs in it, however often it is repeated."""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leukapp.data.readers import flat_table
from leukapp.data.readers.flat_table import TableError, parse_flat_table

N_ROWS = 20_000


def parquet_of(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


@pytest.fixture(params=[pa.string(), pa.large_string()], ids=str)
def repeating(request: pytest.FixtureRequest) -> bytes:
    """A file of a few kB that would unpack to more than a gigabyte."""
    where = pa.array([0] * N_ROWS, pa.int32())
    texts = pa.DictionaryArray.from_arrays(where, pa.array(["x" * 60_000]))
    typed = pa.schema([("path", request.param)])
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, typed) as writer:
        for start in range(0, N_ROWS, 500):
            piece = texts[start : start + 500].cast(request.param)
            writer.write_table(pa.table({"path": piece}), row_group_size=N_ROWS)
    return buffer.getvalue()


def test_a_long_text_that_all_rows_repeat_is_held_once(repeating: bytes) -> None:
    assert len(repeating) < 200_000
    pool = pa.default_memory_pool()
    before = pool.max_memory()
    frame = parse_flat_table(repeating, is_parquet=True)
    assert pool.max_memory() - before < 200_000_000
    assert len(frame) == N_ROWS
    assert len({id(text) for text in frame["path"]}) <= 100


def test_more_than_the_limit_is_refused_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet_of(pd.DataFrame({"path": [f"{row}.png" for row in range(N_ROWS)]}))
    monkeypatch.setattr(flat_table, "MAX_UNPACKED_BYTES", 150_000)
    with pytest.raises(TableError, match="MB unpacked"):
        parse_flat_table(data, is_parquet=True)


def test_texts_numbers_and_gaps_are_those_of_the_frame() -> None:
    written = pd.DataFrame(
        {
            "path": [f"{row}.png" for row in range(N_ROWS)],
            "label": ["ALL", None] * (N_ROWS // 2),
            "p_ALL": [0.25, 0.5] * (N_ROWS // 2),
        }
    )
    read = parse_flat_table(parquet_of(written), is_parquet=True)
    pd.testing.assert_frame_equal(read, written, check_dtype=False)
    assert read["label"].isna().sum() == N_ROWS // 2
