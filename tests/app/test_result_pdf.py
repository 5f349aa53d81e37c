"""The PDF report: what it says, that each first page holds together, nothing of the file."""

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
    make_field,
    make_open_type,
    make_unsure,
)
from pypdf import PdfReader
from review_records import make_correction, make_decision

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.quality import QualityFinding
from leukapp.inference.decision import Answer
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import ARTIFACT, Decision, DecisionKind
from leukapp.ui import result_pdf
from leukapp.ui import texts as app_texts
from leukapp.ui.report.answer import MAX_FINDINGS, RECORD_HEIGHT
from leukapp.ui.report.page import MARGIN
from leukapp.ui.result_pdf import ReportedImage, build_report_pdf, build_result_pdf
from leukapp.ui.texts import report as texts

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def read_pdf(data: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(data))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_a_report_has_verdict_numbers_hashes_time_and_research_line() -> None:
    diagnosis = make_diagnosis(b"image")
    reader, words = read_pdf(build_result_pdf(diagnosis, moment=MOMENT))

    assert len(reader.pages) == 2
    assert all(RESEARCH_USE_NOTICE in page.extract_text() for page in reader.pages)
    assert "Probability 93.0 %" in words
    assert "Both networks say ALL." in words
    assert "EfficientNet-Lite2, own softmax" in words
    assert "2026-03-01T12:00:05+00:00" in words
    assert diagnosis.image_sha256 in words
    assert diagnosis.bundle.sha256 in words
    assert f"Laboratory: {texts.NO_LABORATORY}" in words
    site = dataclasses.replace(diagnosis.bundle, laboratory="City hospital")
    _, of_site = read_pdf(build_result_pdf(dataclasses.replace(diagnosis, bundle=site)))
    assert "Laboratory: City hospital" in of_site
    assert len(reader.pages[0].images) == 2
    width_px = min(image.image.size[0] for page in reader.pages for image in page.images)
    assert width_px == diagnosis.image.shape[1]
    for source in ("EfficientNet-Lite2", "MobileNetV3-Large", "Both networks"):
        assert f"{source}: heat for ALL" in words
    assert texts.SYNTHETIC not in words


def test_a_no_call_gives_its_reason_and_no_class_as_verdict() -> None:
    _, words = read_pdf(build_result_pdf(make_diagnosis(label=None)))

    assert f"VERDICT {app_texts.NO_CALL} {NO_CALL_REASON}" in words
    assert "Probability 9" not in words
    assert f"no call: {NO_CALL_REASON}" in words
    # The quality speaks against reading it, so neither shares nor heat stand in the report.
    assert "93" not in words.split(texts.RECORD)[0]
    assert texts.CELLS not in words
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
    for picture in (image for page in reader.pages for image in page.images):
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
    whole = result_pdf.write_record
    monkeypatch.setattr(
        result_pdf,
        "write_record",
        lambda page, *rest: (ends.append(page.y), whole(page, *rest)),
    )
    reader, words = read_pdf(
        build_result_pdf(crowded(make_diagnosis(label=None)), is_synthetic=True)
    )

    assert len(reader.pages) == 2
    assert ends[0] > MARGIN + RECORD_HEIGHT
    assert words.count("note: A long finding.") == MAX_FINDINGS


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
    whole = result_pdf.write_record
    monkeypatch.setattr(
        result_pdf,
        "write_record",
        lambda page, *rest: (ends.append(page.y), whole(page, *rest)),
    )
    decision = decided(DecisionKind.OVERRIDE, "AML", "W" * 500)
    reader, _ = read_pdf(
        build_result_pdf(crowded(make_diagnosis(label=None)), is_synthetic=True, decision=decision)
    )

    assert len(reader.pages) == 2
    assert ends[0] > MARGIN + RECORD_HEIGHT


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
    assert f"Probability of leukemia 96.0 %. {TYPE_NOTE}" in words
    assert "Agree: Leukemia, type not determined" in words
    assert app_texts.NO_CALL_NOTE not in words


def test_a_field_has_boxes_each_leukocyte_and_the_differential_with_intervals() -> None:
    """Once the report had no field: its leukocytes stood on the screen alone."""
    labels = ["ALL"] * 30 + ["Healthy"] * 10 + [None] * 5
    reader, words = read_pdf(build_result_pdf(make_field(b"field", labels)))

    assert texts.BOXED.format(n=45) in words
    # Of 40 judged: 30 ALL, 75 % with Wilson's interval 60 to 86 %.
    assert "ALL 30 75% 60% to 86%" in words
    assert "Healthy 10 25% 14% to 40%" in words
    assert "No call 5" in words
    assert texts.TOO_FEW.format(enough=20) not in words
    rows = words.split(texts.CELLS)[1]
    assert "45 No call 40.0 % 30.0 % 30.0 % The network is not sure enough." in rows
    assert len(reader.pages) == 3
    assert all(RESEARCH_USE_NOTICE in page.extract_text() for page in reader.pages)


def test_corrections_stand_beside_the_networks_answers_with_who_and_when() -> None:
    field = make_field(b"field", ["ALL", "ALL", "Healthy"])
    marked = replace(make_correction(CellBox(x0=40, y0=40, x1=60, y1=60), "AML"), is_marked=True)
    made = (make_correction(field.cells[0].box, ARTIFACT), marked)
    reader, words = read_pdf(
        build_result_pdf(field, corrections=made, corrected=Answer(finding="leukemia", label="ALL"))
    )

    first_page = " ".join(reader.pages[0].extract_text().split())
    assert "ALL 2 67%" in first_page
    assert (
        "With 2 leukocytes corrected, marked or removed by readers (KM, last 2026-03-01 13:00 UTC)"
        in first_page
    )
    assert "2 of 3 judged are called leukemia: 67%" in first_page
    assert texts.CORRECTED_VERDICT.format(answer="ALL") in first_page
    rows = words.split(f"{texts.CELL} {texts.NETWORKS}")[1]
    assert "1 ALL 90.0 % 5.0 % 5.0 % Artifact, KM, 2026-03-01 13:00 UTC" in rows
    assert "2 ALL 90.0 % 5.0 % 5.0 % 3 Healthy" in rows
    assert "4 not found: marked by a reader AML, KM, 2026-03-01 13:00 UTC" in rows


def test_a_record_that_corrections_leave_no_room_for_has_a_page_of_its_own() -> None:
    field = make_field(b"field", ["ALL", "Healthy", None])
    tall = replace(crowded(field), mode="field", type_note="A long note. " * 12)
    made = tuple(make_correction(cell.box, "AML") for cell in field.cells)
    decision = decided(DecisionKind.OVERRIDE, "AML", "W" * 500)
    reader, _ = read_pdf(
        build_result_pdf(tall, is_synthetic=True, decision=decision, corrections=made)
    )
    first, second, *_ = (page.extract_text() for page in reader.pages)
    assert texts.SIGNATURE in first
    assert texts.LIMITS[:40] not in first
    assert texts.LIMITS[:40] in second


def test_heatmaps_are_large_enough_to_read() -> None:
    """Half of the page's width each, where four once shared it."""
    reader, _ = read_pdf(build_result_pdf(make_diagnosis()))
    placed = [
        float(matrix[0])
        for page in reader.pages
        for matrix, operator in page.get_contents().operations  # type: ignore[union-attr]
        if operator == b"cm" and float(matrix[0]) > 50
    ]
    assert len(placed) == 4
    assert min(placed) > 80 * 72 / 25.4


def test_several_images_have_a_cover_with_all_answers_and_decisions() -> None:
    field = make_field(b"field", ["ALL", "ALL", "Healthy"])
    images = (
        ReportedImage(diagnosis=field, decision=decided(DecisionKind.OVERRIDE, "AML")),
        ReportedImage(diagnosis=make_diagnosis(b"second", label=None), is_synthetic=True),
    )
    reader = PdfReader(io.BytesIO(build_report_pdf(images, moment=MOMENT)))
    cover = " ".join(reader.pages[0].extract_text().split())

    assert texts.COVER_TITLE.format(n=2) in cover
    assert RESEARCH_USE_NOTICE in cover
    assert f"1 {field.image_sha256[:12]} ALL 93.0 % Override with: AML (AB)" in cover
    assert f"2 {images[1].diagnosis.image_sha256[:12]} No call (drawn)" in cover
    assert texts.NOT_DECIDED in cover
    assert "ALL 2 67%" in cover
    assert field.bundle.sha256 in cover
    assert texts.IMAGE_TITLE.format(number=2) in reader.pages[-1].extract_text()
