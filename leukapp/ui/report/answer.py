"""What a report says of one image in words: verdict, quality, decision, record."""

from datetime import UTC, datetime
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from leukapp import __version__
from leukapp.diagnosis import Diagnosis
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import Decision
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.report.page import (
    BODY,
    HEADING,
    INK,
    LINE,
    MARGIN,
    PAGE_WIDTH,
    SMALL,
    SOFT,
    Page,
    draw_mark,
)
from leukapp.ui.texts import report as texts
from leukapp.ui.verdict import describe_agreement, describe_probability

MAX_FINDINGS: Final = 4
MAX_REASON: Final = 240
RECORD_HEIGHT: Final = 42 * mm


def write_verdict(page: Page, diagnosis: Diagnosis, *, is_synthetic: bool) -> None:
    """Write the verdict with its color and mark, its meaning or the reason against a call."""
    answer, probability = diagnosis.answer_name, diagnosis.answer_probability
    color = HexColor(theme.color_of(answer, dark=False))
    top, indent = page.y, 12 * mm
    page.write(texts.VERDICT.upper(), SMALL, left=indent)
    big = ParagraphStyle("big", parent=HEADING, fontSize=20, leading=25, textColor=color)
    page.write(theme.answer_title(answer), big, left=indent)
    if answer is None:
        page.write(diagnosis.no_call_reason or "", BODY, left=indent)
    elif probability is not None:
        meaning = app_texts.CLASS_MEANINGS[answer]
        sentence = describe_probability(answer, probability)
        page.write(f"{meaning}. {sentence}.", BODY, left=indent)
    if diagnosis.type_note:
        page.write(diagnosis.type_note, BODY, left=indent)
    if answer is None:
        for sentence in diagnosis.no_call_details:
            page.write(sentence, SMALL, left=indent)
    elif diagnosis.branches:
        page.write(describe_agreement(diagnosis.branches), BODY, left=indent)
    if is_synthetic:
        page.write(texts.SYNTHETIC, HEADING, left=indent)
    canvas = page.canvas
    canvas.setFillColor(color)
    canvas.rect(MARGIN, page.y - 1 * mm, 1.6 * mm, top - page.y + 1 * mm, stroke=0, fill=1)
    draw_mark(canvas, answer, MARGIN + 6.5 * mm, top - 7.2 * mm)
    page.skip()


def write_quality(page: Page, diagnosis: Diagnosis) -> None:
    """Write what speaks against reading the image, as much of it as the page has room for."""
    page.write(texts.QUALITY, HEADING)
    page.skip(1 * mm)
    findings = diagnosis.quality.findings[:MAX_FINDINGS]
    if not findings:
        page.write(texts.QUALITY_FINE, BODY)
    for finding in findings:
        kind = app_texts.QUALITY_BLOCKS if finding.blocks_call else app_texts.QUALITY_NOTE
        page.write(f"{kind}: {finding.message}", BODY)
    page.skip()


def write_decision(page: Page, decision: Decision | None) -> None:
    """Write the saved decision, else boxes to tick and lines for a reviewer with a pen."""
    page.write(texts.SIGNATURE, HEADING)
    if decision is not None:
        _write_saved(page, decision)
        return
    page.skip(6 * mm)
    canvas = page.canvas
    canvas.setStrokeColor(SOFT)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 9.2)
    left = MARGIN
    for choice in texts.SIGNATURE_CHOICES:
        canvas.rect(left, page.y - 0.6 * mm, 3 * mm, 3 * mm, fill=0)
        canvas.drawString(left + 5 * mm, page.y, choice)
        left += 14 * mm + canvas.stringWidth(choice, "Helvetica", 9.2)
    for label in texts.SIGNATURE_LINES:
        page.skip(8 * mm)
        canvas.drawString(MARGIN, page.y, label)
        canvas.line(MARGIN + 34 * mm, page.y - 0.5 * mm, PAGE_WIDTH - MARGIN, page.y - 0.5 * mm)
    page.skip(8 * mm)


def short_decision(decision: Decision | None) -> str:
    """Say in one line what a reviewer decided, and who.

    Args:
        decision: that stands, or None.
    """
    if decision is None:
        return texts.NOT_DECIDED
    answer = theme.answer_title(decision.answer_name)
    return f"{texts.DECIDED[decision.kind.value].format(answer=answer)} ({decision.initials})"


def utc_second(moment: datetime) -> str:
    """Write a time in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _write_saved(page: Page, decision: Decision) -> None:
    answer = theme.answer_title(decision.answer_name)
    page.skip(1.5 * mm)
    page.write(texts.DECIDED[decision.kind.value].format(answer=answer), BODY)
    if decision.reason:
        page.write(texts.DECIDED_REASON.format(reason=_shortened(decision.reason)), BODY)
    words = texts.DECIDED_BY.format(
        initials=decision.initials, moment=utc_second(decision.decided_at), number=decision.id
    )
    page.write(words, SMALL)
    page.skip()


def _shortened(text: str) -> str:
    """A reason as far as the page has room for it; the review log keeps all of it."""
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]} ..."


def write_record(page: Page, diagnosis: Diagnosis, moment: datetime) -> None:
    """Write at the foot when, which image, which bundle, which software, and the limits."""
    values = {
        "time": utc_second(moment),
        "image": diagnosis.image_sha256,
        "bundle": diagnosis.bundle.name,
        "laboratory": diagnosis.bundle.laboratory or texts.NO_LABORATORY,
        "sha256": diagnosis.bundle.sha256,
        "software": texts.SOFTWARE.format(version=__version__, engine=diagnosis.engine),
    }
    if page.y < MARGIN + RECORD_HEIGHT:
        # Corrections and a long reason may fill the page.
        page.turn()
    canvas = page.canvas
    canvas.setStrokeColor(LINE)
    page.y = MARGIN + RECORD_HEIGHT
    canvas.line(MARGIN, page.y, PAGE_WIDTH - MARGIN, page.y)
    page.skip(1.5 * mm)
    page.write(texts.RECORD, HEADING)
    for label, name in texts.RECORD_LINES:
        page.write(f"{label}: {values[name]}", SMALL)
    page.skip(1.5 * mm)
    page.write(texts.LIMITS, SMALL)
    page.write(RESEARCH_USE_NOTICE, ParagraphStyle("foot", parent=SMALL, textColor=INK))
