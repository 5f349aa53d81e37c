"""A reviewed batch on one or two pages: answers, agreement, and what was overridden.

No file name goes into it, and the batch's own name only as the reviewer typed it.
"""

import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from leukapp.labels import ANSWER_NAMES, TYPE_NOT_DETERMINED
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.agreement import Agreement, measure_agreement
from leukapp.review.export import answered_classes
from leukapp.review.kept_images import uploaded_sha256
from leukapp.review.records import BatchItem, BatchRun, Decision, DecisionKind
from leukapp.review.worklist import WorklistEntry, build_worklist, reviewer_answer
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.report.page import BODY, HEADING, INK, LINE, MARGIN, SMALL, printable
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import percent

MAX_OVERRIDDEN: Final = 40
SHORT_HASH: Final = 16


def build_summary_pdf(
    run: BatchRun,
    items: Sequence[BatchItem],
    decisions: Sequence[Decision],
    *,
    moment: datetime | None = None,
) -> bytes:
    """Write the summary as a PDF with the research-use line on every page.

    Args:
        run: the batch.
        items: its images.
        decisions: its review log, oldest first.
        moment: time of the summary; now where it is None.
    """
    entries = build_worklist(items, decisions)
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=24 * mm,
        bottomMargin=18 * mm,
        title=texts.PDF_TITLE,
        author=app_texts.APP_NAME,
        subject=RESEARCH_USE_NOTICE,
    )
    story = [
        *_about(run, moment or datetime.now(UTC)),
        *_answers(entries),
        *_agreement(measure_agreement(entries)),
        *_overridden(entries),
        Spacer(0, 5 * mm),
        _text(texts.PDF_LIMITS, small=True),
    ]
    document.build(story, onFirstPage=_head, onLaterPages=_head)
    return buffer.getvalue()


def _head(canvas: Canvas, _: SimpleDocTemplate) -> None:
    width, height = A4
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(MARGIN, height - 15 * mm, texts.PDF_TITLE)
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawRightString(width - MARGIN, height - 15 * mm, RESEARCH_USE_NOTICE)
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, height - 18 * mm, width - MARGIN, height - 18 * mm)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(MARGIN, 10 * mm, RESEARCH_USE_NOTICE)


def _text(words: str, *, small: bool = False) -> Paragraph:
    return Paragraph(escape(printable(words)), SMALL if small else BODY)


def _heading(words: str) -> list[Flowable]:
    return [Spacer(0, 5 * mm), Paragraph(escape(words), HEADING), Spacer(0, 2 * mm)]


def _about(run: BatchRun, moment: datetime) -> list[Flowable]:
    state = texts.STATES[run.state.value]
    lines = [
        texts.PDF_TIME.format(moment=moment.astimezone(UTC).isoformat(timespec="seconds")),
        texts.PDF_BUNDLE.format(sha=run.bundle_sha256),
        texts.PDF_SOFTWARE.format(version=run.software_version),
    ]
    if run.unreadable:
        lines.append(texts.PDF_UNREADABLE.format(n=run.unreadable))
    return [
        _text(texts.PDF_BATCH.format(name=run.name)),
        _text(
            texts.PDF_STATE.format(
                state=state, done=run.done, unreadable=run.unreadable, total=run.total
            )
        ),
        *(_text(line, small=True) for line in lines),
    ]


def _answers(entries: Sequence[WorklistEntry]) -> list[Flowable]:
    counts = Counter(entry.item.answer_name for entry in entries)
    types = [TYPE_NOT_DETERMINED] if counts[TYPE_NOT_DETERMINED] else []
    names = (*answered_classes([entry.item for entry in entries]), *types, None)
    rows = [
        [theme.answer_title(name) for name in names],
        [str(counts[name]) for name in names],
    ]
    return [*_heading(texts.PDF_ANSWERS), _table(rows)]


def _agreement(agreement: Agreement) -> list[Flowable]:
    story = _heading(texts.PDF_AGREEMENT)
    if not agreement.n_reviewed:
        return [*story, _text(texts.PDF_NOTHING)]
    story.append(
        _text(
            texts.PDF_COVERAGE.format(
                n=agreement.n_reviewed, total=agreement.n_judged, blinded=agreement.n_blinded
            )
        )
    )
    agreed, kappa = agreement.comparison.agreed, agreement.comparison.kappa
    if agreed is not None and agreed.low is not None and agreed.high is not None:
        story.append(
            _text(
                texts.PDF_AGREED.format(
                    value=f"{agreed.value:.1%}",
                    n=agreement.comparison.n_compared,
                    low=percent(agreed.low),
                    high=percent(agreed.high),
                )
            )
        )
    same = agreement.comparison.finding_agreed
    if same is not None and same.low is not None and same.high is not None:
        story.append(
            _text(
                texts.PDF_FINDING.format(
                    value=f"{same.value:.1%}",
                    n=agreement.comparison.n_findings,
                    low=percent(same.low),
                    high=percent(same.high),
                )
            )
        )
    if kappa is None or kappa.low is None or kappa.high is None:
        story.append(_text(texts.PDF_NO_KAPPA))
    else:
        story.append(
            _text(
                texts.PDF_KAPPA.format(
                    value=f"{kappa.value:.2f}", low=f"{kappa.low:.2f}", high=f"{kappa.high:.2f}"
                )
            )
        )
    answers = [theme.answer_title(name) for name in ANSWER_NAMES]
    heads, names, shown = (
        [*answers, texts.COLUMN_NONE],
        [*answers, texts.ROW_NONE],
        agreement.comparison.shown,
    )
    rows = [[names[i], *(str(agreement.comparison.counts[i, j]) for j in shown)] for i in shown]
    table = _table([["", *(heads[i] for i in shown)], *rows])
    return [*story, Spacer(0, 2 * mm), table, _text(texts.PDF_MATRIX, small=True)]


def _overridden(entries: Sequence[WorklistEntry]) -> list[Flowable]:
    """The first images on which reviewers decided otherwise than the network."""
    found = [
        (entry.item, entry.decision, reviewer_answer(entry))
        for entry in entries
        if entry.decision is not None and entry.decision.kind is DecisionKind.OVERRIDE
    ]
    if not found:
        return []
    rows: list[list[str | Paragraph]] = [list(texts.PDF_COLUMNS)]
    rows += [
        [
            (uploaded_sha256(item.source) or item.image_sha256 or "")[:SHORT_HASH],
            _text(theme.answer_title(item.answer_name)),
            _text(theme.answer_title(answer) if answer else ""),
            printable(decision.initials),
            _text(decision.reason, small=True),
        ]
        for item, decision, answer in found[:MAX_OVERRIDDEN]
    ]
    story = [
        *_heading(texts.PDF_OVERRIDDEN),
        _table(rows, widths=[34 * mm, 24 * mm, 24 * mm, 18 * mm, 78 * mm]),
    ]
    if len(found) > MAX_OVERRIDDEN:
        story.append(_text(texts.PDF_MORE.format(n=len(found) - MAX_OVERRIDDEN), small=True))
    return story


def _table(
    rows: Sequence[Sequence[str | Paragraph]], *, widths: Sequence[float] | None = None
) -> Table:
    return Table(
        [list(row) for row in rows],
        colWidths=widths,
        hAlign="LEFT",
        repeatRows=1,
        style=TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Helvetica", 9),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
                ("TEXTCOLOR", (0, 0), (-1, -1), INK),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
            ]
        ),
    )
