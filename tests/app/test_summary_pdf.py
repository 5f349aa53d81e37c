"""A reviewed batch on paper: counts, agreement, overridden answers; no file name."""

import io
from dataclasses import replace
from datetime import UTC, datetime

from pypdf import PdfReader
from review_records import make_decision, make_item

from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import BatchItem, BatchRun, Decision, DecisionKind, RunState
from leukapp.ui.review.summary_pdf import MAX_OVERRIDDEN, build_summary_pdf
from leukapp.ui.texts import batch as texts

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_run(n: int) -> BatchRun:
    return BatchRun(
        id=1, name="<i>May</i> 細胞", state=RunState.FINISHED, created_at=MOMENT,
        bundle_sha256="cd" * 32, software_version="0.1.0", total=n + 1, done=n, unreadable=1,
    )  # fmt: skip


def pages_of(items: list[BatchItem], decisions: list[Decision]) -> list[str]:
    data = build_summary_pdf(make_run(len(items)), items, decisions, moment=MOMENT)
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages]


def test_summary_counts_answers_and_agreement_and_names_no_file() -> None:
    items = [
        make_item(n, name=f"Jane Doe {n}.png", label=label)
        for n, label in enumerate(("ALL", "AML", "Healthy", None, "ALL"), start=1)
    ]
    decisions = [
        make_decision(1, 1, DecisionKind.AGREE, "ALL"),
        make_decision(2, 2, DecisionKind.AGREE, "AML"),
        replace(make_decision(3, 3, DecisionKind.OVERRIDE, "AML"), reason="<b>rods</b>"),
    ]
    [page] = pages_of(items, decisions)

    assert page.count(RESEARCH_USE_NOTICE) == 2
    assert "<i>May</i> ??" in page
    assert "5 images read, 1 unreadable, 6 in all" in page
    assert "ALL AML Healthy No call 2 1 1 1" in page
    assert "Reviewed: 3 of 5 images, 0 of them before the verdict." in page
    assert "Same class: 66.7% of 3 images" in page
    assert "Cohen's kappa: 0.50" in page
    assert f"{items[2].image_sha256 or ''}"[:16] in page
    assert "<b>rods</b>" in page
    assert "cd" * 32 in page
    assert "2026-03-01T12:00:00+00:00" in page
    assert "Jane" not in page


def test_nothing_reviewed_is_said() -> None:
    [page] = pages_of([make_item(1)], [])

    assert texts.PDF_NOTHING in page


def test_many_overridden_answers_go_on_over_pages_and_end() -> None:
    n = MAX_OVERRIDDEN + 5
    items = [make_item(number) for number in range(1, n + 1)]
    decisions = [
        replace(make_decision(number, number, DecisionKind.OVERRIDE, "AML"), reason="word " * 90)
        for number in range(1, n + 1)
    ]
    pages = pages_of(items, decisions)

    assert len(pages) > 1
    assert all(page.count(RESEARCH_USE_NOTICE) == 2 for page in pages)
    assert texts.PDF_MORE.format(n=5) in pages[-1]


def test_leukemias_of_no_determined_type_are_counted_apart() -> None:
    items = [make_item(1), make_item(2, label=None, finding="leukemia")]
    decisions = [
        make_decision(1, 1, DecisionKind.OVERRIDE, None, "leukemia"),
        make_decision(2, 2, DecisionKind.AGREE, None, "leukemia"),
    ]
    [page] = pages_of(items, decisions)

    assert "ALL AML Healthy Leukemia, type not determined No call 1 0 0 1 0" in page
    assert "Same finding, Healthy or leukemia: 100.0% of 2 images" in page
