"""The exported table: every image once, decisions beside answers, nothing that runs."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from review_records import make_correction, make_decision, make_item

from leukapp.imaging.cell_boxes import CellBox
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.double_reading import read_doubly, settled_decisions
from leukapp.review.export import build_review_csv, build_review_parquet, build_review_table
from leukapp.review.records import BatchRun, DecisionKind, ItemState, RunState

RUN = BatchRun(
    id=1, name="=slides of May", state=RunState.FINISHED,
    created_at=datetime(2026, 3, 1, tzinfo=UTC), bundle_sha256="cd" * 32,
    software_version="0.1.0", total=4, done=3, unreadable=1,
)  # fmt: skip
VOTES = {"lite2": {"ALL": 0.8, "AML": 0.1, "Healthy": 0.1}}
ITEMS = [
    make_item(2, label=None, no_call_reason="Out of focus.", quality=("Out of focus.",)),
    make_item(1, branch_probabilities=VOTES, source=f"upload:{'0' * 16}/000001-{'ef' * 32}.png"),
    make_item(3, state=ItemState.UNREADABLE, label=None, error="\n=1+1", image_sha256=None,
              confidence=None, probabilities=None, branches_agree=None, name="=1+1.png"),
    make_item(4, label=None, confidence=None, probabilities=None, branches_agree=None),
]  # fmt: skip
DECISIONS = [
    replace(make_decision(1, 1, DecisionKind.OVERRIDE, "AML"), reason="=HYPERLINK(0)"),
    make_decision(2, 2, DecisionKind.AGREE),
    make_decision(3, 4, DecisionKind.UNSURE),
    make_decision(4, 4, DecisionKind.UNDONE),
]


def csv_rows(**options: bool) -> list[dict[str, str]]:
    data = build_review_csv(build_review_table(RUN, ITEMS, DECISIONS, **options))
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_each_image_is_one_row_in_the_order_of_the_batch_with_its_decision() -> None:
    rows = csv_rows()

    assert [row["position"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["decision"] for row in rows] == ["override", "agree", "", ""]
    assert [row["reviewer_label"] for row in rows] == ["AML", "", "", ""]
    assert rows[0]["p_ALL_lite2"] == "0.8"
    assert rows[1]["p_ALL_lite2"] == ""
    assert rows[0]["decided_at_utc"] == "2026-03-01T12:00:00+00:00"
    assert {row["notice"] for row in rows} == {RESEARCH_USE_NOTICE}
    assert {row["bundle_sha256"] for row in rows} == {RUN.bundle_sha256}


def test_an_upload_is_named_by_the_hash_of_the_reader_s_file() -> None:
    assert csv_rows()[0]["image_sha256"] == "ef" * 32


def test_corrected_leukocytes_stand_beside_the_answer_with_who_and_when() -> None:
    made = (make_correction(CellBox(x0=0, y0=5, x1=8, y1=13), "AML"),)
    table = build_review_table(RUN, ITEMS, DECISIONS, corrections={"ef" * 32: made})
    first, second, *_ = csv.DictReader(io.StringIO(build_review_csv(table).decode()))
    assert first["label"] == "ALL"
    assert first["n_corrected_cells"] == "1"
    assert first["cells_corrected_by"] == "KM"
    assert first["cells_corrected_at_utc"] == "2026-03-01T13:00:00+00:00"
    [cell] = json.loads(first["corrected_cells"])
    assert (cell["box"], cell["answer"]) == ([0, 5, 8, 13], "AML")
    assert second["n_corrected_cells"] == ""
    read = pq.read_table(io.BytesIO(build_review_parquet(table)))
    assert read.column("n_corrected_cells").to_pylist() == [1, None, None, None]


def test_file_names_leave_only_on_demand() -> None:
    assert "file_name" not in csv_rows()[0]
    assert "cell-1.png" not in str(csv_rows())
    assert csv_rows(with_file_names=True)[0]["file_name"] == "cell-1.png"


def test_a_spreadsheet_runs_nothing_that_someone_typed() -> None:
    rows = csv_rows(with_file_names=True)

    assert rows[0]["reason"] == "'=HYPERLINK(0)"
    assert rows[2]["file_name"] == "'=1+1.png"
    assert rows[0]["run"] == "'=slides of May"
    assert rows[2]["error"] == "'\n=1+1"


def test_parquet_holds_the_same_with_types() -> None:
    table = build_review_table(RUN, ITEMS, DECISIONS, with_file_names=True)
    read = pq.read_table(io.BytesIO(build_review_parquet(table)))

    assert tuple(read.column_names) == table.columns
    assert read.column("p_ALL").to_pylist() == [0.9, 0.9, None, None]
    assert read.column("branches_agree").to_pylist() == [True, True, None, None]
    assert read.column("reason").to_pylist()[0] == "=HYPERLINK(0)"
    assert str(read.schema.field("blinded").type) == "bool"


@pytest.mark.parametrize("build", [build_review_csv, build_review_parquet])
def test_a_batch_without_any_answer_is_written_too(build) -> None:
    items = [make_item(1, state=ItemState.WAITING, label=None, probabilities=None)]

    assert build(build_review_table(RUN, items, []))


def test_a_batch_of_a_two_class_bundle_has_the_columns_of_its_classes() -> None:
    two = {"ALL": 0.8, "Healthy": 0.2}
    items = [make_item(1, probabilities=two, branch_probabilities={"lite2": two})]
    (row,) = csv.DictReader(
        io.StringIO(build_review_csv(build_review_table(RUN, items, [])).decode())
    )
    columns = [name for name in row if name.startswith("p_")]
    assert columns == ["p_ALL", "p_Healthy", "p_ALL_lite2", "p_Healthy_lite2"]


def test_a_leukemia_of_no_determined_type_has_a_finding_and_no_label() -> None:
    items = [
        make_item(1, label=None, finding="leukemia"),
        make_item(2),
        make_item(3, label=None, no_call_reason="Not sure."),
    ]
    decisions = [
        make_decision(1, 1, DecisionKind.AGREE, None, "leukemia"),
        make_decision(2, 2, DecisionKind.OVERRIDE, None, "leukemia"),
    ]
    table = build_review_table(RUN, items, decisions)
    rows = list(csv.DictReader(io.StringIO(build_review_csv(table).decode())))
    assert [(row["finding"], row["label"]) for row in rows] == [
        ("leukemia", ""),
        ("leukemia", "ALL"),
        ("", ""),
    ]
    assert [(row["reviewer_finding"], row["reviewer_label"]) for row in rows] == [
        ("leukemia", ""),
        ("leukemia", ""),
        ("", ""),
    ]


def test_what_two_readers_said_is_written_once_both_have_signed() -> None:
    first = make_decision(1, 1, DecisionKind.OVERRIDE, "AML")
    second = replace(make_decision(2, 1, DecisionKind.UNSURE), initials="KM")
    settling = replace(
        make_decision(3, 1, DecisionKind.AGREE, "ALL"), initials="XY", is_adjudication=True
    )
    alone = make_decision(4, 2, DecisionKind.AGREE)
    lines = [first, second, settling, alone]
    table = build_review_table(RUN, ITEMS, settled_decisions(lines), readings=read_doubly(lines))
    rows = list(csv.DictReader(io.StringIO(build_review_csv(table).decode())))
    names = ("reader_1", "said_1", "reader_2", "said_2", "adjudicated_by", "reviewer_label")
    assert [rows[0][name] for name in names] == ["AB", "AML", "KM", "unsure", "XY", "ALL"]
    assert rows[0]["independent"] == "True"
    assert [rows[1][name] for name in names] == [""] * 6
    assert "reader_1" not in csv_rows()[0]
    assert pq.read_table(io.BytesIO(build_review_parquet(table))).num_rows == len(ITEMS)
