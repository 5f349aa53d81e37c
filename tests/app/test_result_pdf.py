"""The PDF report: one page, everything that identifies the result, nothing of the file."""

import dataclasses
import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fake_diagnoser import (
    NO_CALL_REASON,
    TYPE_NOTE,
    UNSURE_DETAIL,
    UNSURE_REASON,
    make_diagnosis,
    make_open_type,
    make_unsure,
)
from pypdf import PdfReader
from reportlab.lib.units import mm
from review_records import make_decision

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.quality import QualityFinding
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import Decision, DecisionKind
from leukapp.ui import result_pdf
from leukapp.ui import texts as app_texts
from leukapp.ui.result_pdf import MARGIN, build_result_pdf
from leukapp.ui.texts import report as texts

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def read_pdf(data: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(data))
    return reader, " ".join(reader.pages[0].extract_text().split())


def test_report_is_one_page_with_verdict_numbers_hashes_time_and_research_line() -> None:
    diagnosis = make_diagnosis(b"image")
    reader, words = read_pdf(build_result_pdf(diagnosis, moment=MOMENT))

    assert len(reader.pages) == 1
    assert words.count(RESEARCH_USE_NOTICE) == 2
    assert "Calibrated probability 93.0 %" in words
    assert "Both branches say ALL." in words
    assert "EfficientNet-Lite2, own softmax" in words
    assert "2026-03-01T12:00:05+00:00" in words
    assert diagnosis.image_sha256 in words
    assert diagnosis.bundle.sha256 in words
    assert len(reader.pages[0].images) == 2  # equal overlays are stored once
    for source in ("EfficientNet-Lite2", "MobileNetV3-Large", "Fused"):
        assert f"{source}: heat for ALL" in words
    assert texts.SYNTHETIC not in words


def test_a_no_call_gives_its_reason_and_no_class_as_verdict() -> None:
    _, words = read_pdf(build_result_pdf(make_diagnosis(label=None)))

    assert f"VERDICT {app_texts.NO_CALL} {NO_CALL_REASON}" in words
    assert "Calibrated probability" not in words
    assert f"no call: {NO_CALL_REASON}" in words
    # The quality speaks against reading it, so neither shares nor heat stand in the report.
    assert "93" not in words.split(texts.RECORD)[0]
    assert "heat for" not in words


def test_an_unsure_answer_has_its_details_and_says_that_its_numbers_are_no_verdict() -> None:
    _, words = read_pdf(build_result_pdf(make_unsure()))

    assert f"VERDICT {app_texts.NO_CALL} {UNSURE_REASON} {UNSURE_DETAIL}" in words
    assert app_texts.NO_CALL_NOTE in words
    assert "agree" not in words.split(texts.SIGNATURE)[0]


def test_a_synthetic_image_is_said_to_be_one() -> None:
    _, words = read_pdf(build_result_pdf(make_diagnosis(), is_synthetic=True))

    assert texts.SYNTHETIC in words


def test_report_names_no_file_and_holds_no_foreign_metadata() -> None:
    reader, _ = read_pdf(build_result_pdf(make_diagnosis(b"Jane Doe")))
    about = {name: str(value) for name, value in (reader.metadata or {}).items()}

    assert about["/Author"] == "LeukApp"
    assert about["/Subject"] == RESEARCH_USE_NOTICE
    assert set(about) <= {
        "/Author",
        "/CreationDate",
        "/Creator",
        "/Keywords",
        "/ModDate",
        "/Producer",
        "/Subject",
        "/Title",
        "/Trapped",
    }
    for picture in reader.pages[0].images:
        assert "exif" not in (picture.image.info if picture.image else {})


def crowded(diagnosis: Diagnosis) -> Diagnosis:
    """A diagnosis that fills the page: a tall image and as many long findings as are written."""
    finding = QualityFinding(
        kind="out_of_focus", message="A long finding. " * 12, blocks_call=False
    )
    quality = dataclasses.replace(diagnosis.quality, findings=(finding,) * 9)
    tall = np.full((900, 300, 3), 200, np.uint8)
    return dataclasses.replace(diagnosis, quality=quality, image=tall)


def test_a_crowded_report_stays_on_its_page_above_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[float] = []
    whole = result_pdf._write_record
    monkeypatch.setattr(
        result_pdf,
        "_write_record",
        lambda page, *rest: (ends.append(page.y), whole(page, *rest)),
    )
    reader, words = read_pdf(
        build_result_pdf(crowded(make_diagnosis(label=None)), is_synthetic=True)
    )

    assert len(reader.pages) == 1
    assert ends[0] > MARGIN + 38 * mm
    assert words.count("note: A long finding.") == result_pdf.MAX_FINDINGS


def decided(kind: DecisionKind, label: str | None, reason: str = "") -> Decision:
    return replace(make_decision(7, None, kind, label), reason=reason)


@pytest.mark.parametrize(
    ("decision", "words_expected"),
    [
        (decided(DecisionKind.AGREE, "ALL"), "Agree: ALL"),
        (decided(DecisionKind.AGREE, None), "Agree: No call"),
        (
            decided(DecisionKind.OVERRIDE, "AML", "<b>rods</b>"),
            "Override with: AML Reason: <b>rods",
        ),
        (decided(DecisionKind.UNSURE, None), "Unsure"),
    ],
)
def test_a_saved_decision_stands_in_place_of_the_boxes(
    decision: Decision, words_expected: str
) -> None:
    _, words = read_pdf(build_result_pdf(make_diagnosis(), decision=decision))

    assert f"{texts.SIGNATURE} {words_expected}" in words
    assert "Initials AB, saved 2026-03-01T12:00:00+00:00 (UTC) as line 7" in words
    assert texts.SIGNATURE_CHOICES[1] not in words


def test_a_long_reason_stays_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[float] = []
    whole = result_pdf._write_record
    monkeypatch.setattr(
        result_pdf,
        "_write_record",
        lambda page, *rest: (ends.append(page.y), whole(page, *rest)),
    )
    decision = decided(DecisionKind.OVERRIDE, "AML", "W" * 500)
    reader, _ = read_pdf(
        build_result_pdf(crowded(make_diagnosis(label=None)), is_synthetic=True, decision=decision)
    )

    assert len(reader.pages) == 1
    assert ends[0] > MARGIN + 38 * mm


def test_characters_that_the_fonts_lack_do_not_break_the_report() -> None:
    diagnosis = dataclasses.replace(
        make_diagnosis(label=None), no_call_reason="Größe ≥ 5 <b>& 細胞</b>"
    )
    _, words = read_pdf(build_result_pdf(diagnosis))

    assert "Größe ? 5 <b>& ??</b>" in words


def test_a_leukemia_of_no_determined_type_says_so_and_why() -> None:
    decision = make_decision(1, None, DecisionKind.AGREE, None, "leukemia")
    _, words = read_pdf(build_result_pdf(make_open_type(), decision=decision))

    assert "VERDICT Leukemia, type not determined Resembles leukemia cells" in words
    assert f"Calibrated probability of leukemia 96.0 %. {TYPE_NOTE}" in words
    assert "Agree: Leukemia, type not determined" in words
    assert app_texts.NO_CALL_NOTE not in words
