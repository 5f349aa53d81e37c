"""A reviewed batch as a table: CSV for spreadsheets, parquet for programs."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from leukapp.labels import CLASS_NAMES, order_classes, split_answer
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.double_reading import N_READERS, DoubleReading, reader_of, said
from leukapp.review.kept_images import uploaded_sha256
from leukapp.review.records import BatchItem, BatchRun, Decision
from leukapp.review.standing import standing_decisions
from leukapp.review.worklist import WorklistEntry, reviewer_answer
from leukapp.spreadsheet import Cell, write_csv_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTable:
    """One row an image, in the order of the batch.

    Attributes:
        columns: names.
        rows: cells of each image, as many as there are columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def build_review_table(
    run: BatchRun,
    items: Sequence[BatchItem],
    decisions: Sequence[Decision],
    *,
    with_file_names: bool = False,
    readings: Mapping[int, DoubleReading] | None = None,
) -> ReviewTable:
    """Put answers and decisions side by side, images in every state.

    Args:
        run: the batch.
        items: its images, at least one.
        decisions: its review log, oldest first.
        with_file_names: also give the files' names, which may hold a patient's.
        readings: what two readers signed on each image, by the item's id, where a batch asks for
            two; an image that one of them alone has signed shows nothing.
    """
    standing = standing_decisions(decisions)
    class_names, branches = answered_classes(items), _branch_names(items)
    records = [
        {
            **_answer(item, class_names, branches),
            **_decision(item, standing.get(item.id)),
            **({} if readings is None else _readers(readings.get(item.id))),
            "run": run.name,
            "bundle_sha256": run.bundle_sha256,
            "software_version": run.software_version,
            "notice": RESEARCH_USE_NOTICE,
        }
        for item in sorted(items, key=lambda item: item.position)
    ]
    columns = tuple(name for name in records[0] if with_file_names or name != "file_name")
    rows = tuple(tuple(record[name] for name in columns) for record in records)
    return ReviewTable(columns=columns, rows=rows)


def build_review_csv(table: ReviewTable) -> bytes:
    """Write the table as CSV in UTF-8; missing values are empty.

    Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Args:
        table: of a batch.
    """
    buffer = io.StringIO()
    write_csv_rows(buffer, [table.columns, *table.rows])
    return buffer.getvalue().encode()


def build_review_parquet(table: ReviewTable) -> bytes:
    """Write the table as parquet, with types and without change to any text.

    Args:
        table: of a batch.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {
        name: pa.array([row[place] for row in table.rows], _arrow_type(name))
        for place, name in enumerate(table.columns)
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, compression="zstd")
    return sink.getvalue()


def _arrow_type(name: str) -> object:
    """Type of a column by its name, so that an empty column has the type of a full one."""
    import pyarrow as pa

    if name == "position":
        return pa.int64()
    if name in {"branches_agree", "blinded", "independent"}:
        return pa.bool_()
    if name == "confidence" or name.startswith("p_"):
        return pa.float64()
    return pa.string()


def _answer(
    item: BatchItem, class_names: tuple[str, ...], branches: tuple[str, ...]
) -> dict[str, Cell]:
    probabilities = item.probabilities or {}
    of_branches = item.branch_probabilities or {}
    return {
        "position": item.position,
        "file_name": item.name,
        "image_sha256": uploaded_sha256(item.source) or item.image_sha256,
        "state": item.state.value,
        "error": item.error,
        "mode": item.mode,
        "finding": item.finding,
        "label": item.label,
        "no_call_reason": item.no_call_reason,
        "confidence": item.confidence,
        **{f"p_{name}": probabilities.get(name) for name in class_names},
        **{
            f"p_{name}_{branch}": of_branches.get(branch, {}).get(name)
            for branch in branches
            for name in class_names
        },
        "branches_agree": item.branches_agree,
        "quality": " ".join(item.quality),
    }


def _decision(item: BatchItem, decision: Decision | None) -> dict[str, Cell]:
    if decision is None:
        names = ("decision", "reviewer_finding", "reviewer_label", "reason", "initials")
        return dict.fromkeys((*names, "reviewer", "decided_at_utc", "blinded"))
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
