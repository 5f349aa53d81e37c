"""A reviewed batch as a table: CSV for spreadsheets, parquet for programs."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import chain
from typing import IO, Final, Self

from leukapp.labels import CLASS_NAMES, order_classes, split_answer
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.corrected_cells import (
    CORRECTION_COLUMNS,
    Corrections,
    correction_columns,
)
from leukapp.review.double_reading import (
    N_READERS,
    DoubleReading,
    read_doubly,
    reader_of,
    said,
    settled_decisions,
)
from leukapp.review.kept_images import uploaded_sha256
from leukapp.review.records import BatchItem, BatchRun, Decision
from leukapp.review.standing import standing_decisions
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, reviewer_answer
from leukapp.spreadsheet import Cell, write_csv_rows

DECISION_COLUMNS: Final = (
    *("decision", "reviewer_finding", "reviewer_label", "reason", "initials"),
    *("reviewer", "decided_at_utc", "blinded"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTable:
    """One row an image, in the order of the batch.

    Attributes:
        columns: names.
        rows: cells of each image, as many as there are columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What the columns are: of which classes and branches, and what else is told."""

    classes: tuple[str, ...]
    branches: tuple[str, ...]
    has_readers: bool
    has_files: bool

    @classmethod
    def of(cls, items: Sequence[BatchItem], *, has_readers: bool, has_files: bool) -> Self:
        return cls(
            classes=answered_classes(items),
            branches=_branch_names(items),
            has_readers=has_readers,
            has_files=has_files,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        return (
            "position",
            *(("file_name",) if self.has_files else ()),
            *("image_sha256", "state", "error", "mode", "finding"),
            *("label", "no_call_reason", "confidence"),
            *(f"p_{name}" for name in self.classes),
            *(f"p_{name}_{branch}" for branch in self.branches for name in self.classes),
            *("branches_agree", "quality", *DECISION_COLUMNS, *CORRECTION_COLUMNS),
            *(_readers(None) if self.has_readers else ()),
            *("run", "bundle_sha256", "software_version", "notice"),
        )


def build_review_table(
    run: BatchRun,
    items: Sequence[BatchItem],
    decisions: Sequence[Decision],
    *,
    with_file_names: bool = False,
    readings: Mapping[int, DoubleReading] | None = None,
    corrections: Corrections | None = None,
) -> ReviewTable:
    """Put answers and decisions side by side, images in every state.

    Args:
        run: the batch.
        items: its images.
        decisions: its review log, oldest first.
        with_file_names: also give the files' names, which may hold a patient's.
        readings: what two readers signed on each image, by the item's id, where a batch asks for
            two; an image that one of them alone has signed shows nothing.
        corrections: of leukocytes, by the image's hash; None where there are none.
    """
    names = _Names.of(items, has_readers=readings is not None, has_files=with_file_names)
    signed = _Signed(decisions=decisions, readings=readings, corrections=corrections or {})
    return _table(run, items, signed, names)


def stream_review_tables(
    store: ReviewStore, run_id: int, *, with_file_names: bool = False
) -> Iterator[ReviewTable]:
    """Give the table of a batch a page of rows at a time, however many images it has.

    One bundle judged all of them, so the first answer names the columns of every page.

    Args:
        store: keeps the batch.
        run_id: of the batch.
        with_file_names: also give the files' names, which may hold a patient's.

    Yields:
        Tables of the same columns; at least one.

    Raises:
        StoreError: there is no such batch, or the store cannot be read.
    """
    run, first = store.run(run_id), store.first_answer(run_id)
    is_double = run.n_readers == N_READERS
    known = () if first is None else (first,)
    names = _Names.of(known, has_readers=is_double, has_files=with_file_names)
    corrections = store.all_cell_corrections()
    yield _table(run, (), _Signed(decisions=(), readings=None, corrections={}), names)
    for page in store.item_pages(run_id):
        lines = store.decisions_on(page)
        signed = _Signed(
            decisions=settled_decisions(lines) if is_double else lines,
            readings=read_doubly(lines) if is_double else None,
            corrections=corrections,
        )
        yield _table(run, page, signed, names)


def build_review_csv(table: ReviewTable) -> bytes:
    """Write the table as CSV in UTF-8; see :func:`write_review_csv`.

    Args:
        table: of a batch.
    """
    buffer = io.StringIO()
    write_review_csv(buffer, [table])
    return buffer.getvalue().encode()


def write_review_csv(stream: IO[str], tables: Iterable[ReviewTable]) -> None:
    """Write tables of the same columns below each other as CSV; missing values are empty.

    Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Args:
        stream: takes text.
        tables: at least one.
    """
    for number, table in enumerate(tables):
        write_csv_rows(stream, table.rows if number else [table.columns, *table.rows])


def build_review_parquet(table: ReviewTable) -> bytes:
    """Write the table as parquet; see :func:`write_review_parquet`.

    Args:
        table: of a batch.
    """
    sink = io.BytesIO()
    write_review_parquet(sink, [table])
    return sink.getvalue()


def write_review_parquet(stream: IO[bytes], tables: Iterable[ReviewTable]) -> None:
    """Write tables of the same columns below each other as parquet, without change to any text.

    Args:
        stream: takes bytes.
        tables: at least one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rest = iter(tables)
    first = next(rest)
    schema = pa.schema([(name, _arrow_type(name)) for name in first.columns])
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in chain([first], rest):
            arrays = [
                pa.array([row[place] for row in table.rows], field.type)
                for place, field in enumerate(schema)
            ]
            writer.write_table(pa.table(arrays, schema=schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What readers signed on images."""

    decisions: Sequence[Decision]
    readings: Mapping[int, DoubleReading] | None
    corrections: Corrections


def _table(
    run: BatchRun, items: Sequence[BatchItem], signed: _Signed, names: _Names
) -> ReviewTable:
    standing, readings = standing_decisions(signed.decisions), signed.readings
    records = [
        {
            **_answer(item, names),
            **_decision(item, standing.get(item.id)),
            **correction_columns(signed.corrections.get(file_sha256(item) or "", ())),
            **({} if readings is None else _readers(readings.get(item.id))),
            "run": run.name,
            "bundle_sha256": run.bundle_sha256,
            "software_version": run.software_version,
            "notice": RESEARCH_USE_NOTICE,
        }
        for item in sorted(items, key=lambda item: item.position)
    ]
    rows = tuple(tuple(record[name] for name in names.columns) for record in records)
    return ReviewTable(columns=names.columns, rows=rows)


def _arrow_type(name: str) -> object:
    """Type of a column by its name, so that an empty column has the type of a full one."""
    import pyarrow as pa

    if name in {"position", "n_corrected_cells"}:
        return pa.int64()
    if name in {"branches_agree", "blinded", "independent"}:
        return pa.bool_()
    if name == "confidence" or name.startswith("p_"):
        return pa.float64()
    return pa.string()


def _answer(item: BatchItem, names: _Names) -> dict[str, Cell]:
    probabilities = item.probabilities or {}
    of_branches = item.branch_probabilities or {}
    return {
        "position": item.position,
        "file_name": item.name,
        "image_sha256": file_sha256(item),
        "state": item.state.value,
        "error": item.error,
        "mode": item.mode,
        "finding": item.finding,
        "label": item.label,
        "no_call_reason": item.no_call_reason,
        "confidence": item.confidence,
        **{f"p_{name}": probabilities.get(name) for name in names.classes},
        **{
            f"p_{name}_{branch}": of_branches.get(branch, {}).get(name)
            for branch in names.branches
            for name in names.classes
        },
        "branches_agree": item.branches_agree,
        "quality": " ".join(item.quality),
    }


def _decision(item: BatchItem, decision: Decision | None) -> dict[str, Cell]:
    if decision is None:
        return dict.fromkeys(DECISION_COLUMNS)
    finding, label = split_answer(reviewer_answer(WorklistEntry(item=item, decision=decision)))
    return {
        "decision": decision.kind.value,
        "reviewer_finding": finding,
        "reviewer_label": label,
        "reason": decision.reason,
        "initials": decision.initials,
        "reviewer": decision.user,
        "decided_at_utc": decision.decided_at.astimezone(UTC).isoformat(timespec="seconds"),
        "blinded": decision.is_blinded,
    }


def file_sha256(item: BatchItem) -> str | None:
    """Hash of the reader's file, also where its pixels alone were kept; None before it was read."""
    return uploaded_sha256(item.source) or item.image_sha256


def _readers(reading: DoubleReading | None) -> dict[str, Cell]:
    """What each of two readers said, once both have signed."""
    cells: dict[str, Cell] = {}
    signed = reading.readings if reading is not None and reading.is_complete else ()
    for place in range(N_READERS):
        one = signed[place] if signed else None
        cells[f"reader_{place + 1}"] = reader_of(one) if one else None
        cells[f"said_{place + 1}"] = said(one) or "no call" if one else None
    cells["independent"] = reading.is_independent if signed and reading is not None else None
    settling = reading.adjudication if reading is not None else None
    cells["adjudicated_by"] = reader_of(settling) if settling else None
    return cells


def answered_classes(items: Sequence[BatchItem]) -> tuple[str, ...]:
    """Classes of the bundle that answered a batch; every class where no image has an answer."""
    return order_classes(name for item in items for name in item.probabilities or {}) or CLASS_NAMES


def _branch_names(items: Sequence[BatchItem]) -> tuple[str, ...]:
    """Names of every branch that answered, in the order of the first answer that has them."""
    names: dict[str, None] = {}
    for item in items:
        names.update(dict.fromkeys(item.branch_probabilities or {}))
    return tuple(names)
