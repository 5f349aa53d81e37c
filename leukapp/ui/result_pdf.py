"""One result as a one-page PDF: verdict, evidence, record, and room for a reviewer's signature.

Only pixels and numbers of the diagnosis go into it: no file name and no metadata of the file.
"""

import io
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

from leukapp import __version__
from leukapp.diagnosis import Diagnosis
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.heatmap import Heatmap
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import Decision
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.heatmap_viewer import source_title
from leukapp.ui.picture import fit_for_screen
from leukapp.ui.texts import report as texts
from leukapp.ui.verdict import describe_agreement, describe_probability
from leukapp.ui.wording import branch_title, percent

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN: Final = 16 * mm
CONTENT_WIDTH: Final = PAGE_WIDTH - 2 * MARGIN
GAP: Final = 5 * mm
MAX_PICTURE_PX: Final = 700
MAX_FINDINGS: Final = 4
MAX_REASON: Final = 240
OPACITY: Final = 0.6
INK, SOFT, LINE = HexColor("#221B29"), HexColor("#5E5668"), HexColor("#CFC7D6")
BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=9.2, leading=12, textColor=INK)
SMALL: Final = ParagraphStyle(
    "small", parent=BODY, fontSize=7.8, leading=10, textColor=SOFT, alignment=TA_LEFT
)
HEADING: Final = ParagraphStyle("heading", parent=BODY, fontName="Helvetica-Bold", fontSize=10.5)


def build_result_pdf(
    diagnosis: Diagnosis,
    *,
    is_synthetic: bool = False,
    moment: datetime | None = None,
    decision: Decision | None = None,
) -> bytes:
    """Write one result as a PDF of one A4 page.

    Args:
        diagnosis: what is reported, with the heatmaps that came with it.
        is_synthetic: the image was drawn by a program.
        moment: time of the report; now where it is None.
        decision: the reviewer's, as it stands in the review log; None leaves room for a pen.

    Returns:
        The file's bytes; about as large as the four pictures in it.
    """
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1)
    canvas.setTitle(texts.TITLE)
    canvas.setAuthor(app_texts.APP_NAME)
    canvas.setSubject(RESEARCH_USE_NOTICE)
    page = _Page(canvas)
    _write_head(page)
    _write_verdict(page, diagnosis, is_synthetic=is_synthetic)
    _write_pictures(page, diagnosis)
    _write_numbers(page, diagnosis)
    _write_quality(page, diagnosis)
    _write_signature(page, decision)
    _write_record(page, diagnosis, moment or datetime.now(UTC))
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class _Page:
    """A canvas that is filled from the top; ``y`` is where the next thing starts, in points."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.y = PAGE_HEIGHT - MARGIN

    def write(self, text: str, style: ParagraphStyle, *, left: float = 0, right: float = 0) -> None:
        """Write plain text below what stands there already, ``left`` and ``right`` indented."""
        paragraph = Paragraph(escape(printable(text)), style)
        _, height = paragraph.wrap(CONTENT_WIDTH - left - right, PAGE_HEIGHT)
        self.y -= height
        paragraph.drawOn(self.canvas, MARGIN + left, self.y)

    def skip(self, height: float = GAP) -> None:
        """Leave room."""
        self.y -= height


def printable(text: str) -> str:
    """Text that the PDF's standard fonts have; other characters become question marks."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _write_head(page: _Page) -> None:
    canvas = page.canvas
    page.y -= 5 * mm
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(MARGIN, page.y, texts.TITLE)
    canvas.setFont("Helvetica-Bold", 9.5)
    canvas.drawRightString(PAGE_WIDTH - MARGIN, page.y + 1, RESEARCH_USE_NOTICE)
    page.skip(3 * mm)
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, page.y, PAGE_WIDTH - MARGIN, page.y)
    page.skip()


def _write_verdict(page: _Page, diagnosis: Diagnosis, *, is_synthetic: bool) -> None:
    """The verdict with its color and mark, its meaning or the reason against a call."""
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
    _draw_mark(canvas, answer, MARGIN + 6.5 * mm, top - 7.2 * mm)
    page.skip()


def _draw_mark(canvas: Canvas, answer: str | None, x: float, y: float) -> None:
    """The answer's mark, which the standard fonts lack: with corners, a disk, or a ring."""
    radius = 2.4 * mm
    corners = theme.style_of(answer).corners
    if corners:
        path = canvas.beginPath()
        path.moveTo(x + radius * corners[0][0], y + radius * corners[0][1])
        for right, up in corners[1:]:
            path.lineTo(x + radius * right, y + radius * up)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
        return
    canvas.setStrokeColor(HexColor(theme.color_of(answer, dark=False)))
    canvas.setLineWidth(1.5)
    canvas.circle(x, y, 0.85 * radius, stroke=1, fill=int(answer is not None))
    canvas.setLineWidth(1)


def _write_pictures(page: _Page, diagnosis: Diagnosis) -> None:
    """The image and its overlays side by side, each with its caption."""
    image = fit_for_screen(diagnosis.image, max_side_px=MAX_PICTURE_PX)
    height_px, width_px = diagnosis.image.shape[:2]
    pictures = [(image, texts.IMAGE.format(width=width_px, height=height_px))]
    # Heat of an image that cannot be read says nothing of the cell.
    heatmaps = () if diagnosis.quality.blocking else diagnosis.heatmaps
    for heatmap in heatmaps:
        wording = texts.HEAT_BLANK if heatmap.is_blank else texts.HEAT
        caption = wording.format(source=source_title(heatmap), label=heatmap.class_name)
        pictures.append((_overlay(image, heatmap), caption))
    n_places = max(2, len(pictures))
    width = (CONTENT_WIDTH - GAP * (n_places - 1)) / n_places
    height = min(width * image.shape[0] / image.shape[1], 1.15 * width)
    bottom = page.y - height
    caption_height = 0.0
    for number, (pixels, caption) in enumerate(pictures):
        left = MARGIN + number * (width + GAP)
        page.canvas.drawImage(
            _reader(pixels), left, bottom, width, height, preserveAspectRatio=True, anchor="n"
        )
        paragraph = Paragraph(escape(printable(caption)), SMALL)
        _, needed = paragraph.wrap(width, PAGE_HEIGHT)
        paragraph.drawOn(page.canvas, left, bottom - needed - 1.5 * mm)
        caption_height = max(caption_height, needed)
    page.y = bottom - caption_height - 3 * mm
    if heatmaps:
        page.write(texts.HEAT_NOTE, SMALL)
    page.skip()


def _overlay(image: RgbImage, heatmap: Heatmap) -> RgbImage:
    return image if heatmap.is_blank else draw_overlay(image, heatmap.values, opacity=OPACITY)


def _reader(pixels: RgbImage) -> ImageReader:
    """Pixels as a new JPEG, so that nothing of the original file but them is in the report."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=92)
    buffer.seek(0)
    return ImageReader(buffer)


def _write_numbers(page: _Page, diagnosis: Diagnosis) -> None:
    """The table of probabilities: gray without a call, absent where nothing was judged."""
    if diagnosis.probabilities is None or diagnosis.quality.blocking:
        return
    fused = diagnosis.probabilities
    page.write(texts.NUMBERS, HEADING)
    if diagnosis.finding is None:
        page.write(app_texts.NO_CALL_NOTE, SMALL)
    page.skip(1.5 * mm)
    head = [texts.CLASS, texts.FUSED]
    head += [
        texts.OWN_SOFTMAX.format(branch=branch_title(branch.name)) for branch in diagnosis.branches
    ]
    rows = [
        [
            name,
            percent(fused.of(name)),
            *(percent(branch.probabilities.of(name)) for branch in diagnosis.branches),
        ]
        for name in fused.class_names
    ]
    table = Table([[printable(cell) for cell in row] for row in [head, *rows]], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Helvetica", 9),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
                ("TEXTCOLOR", (0, 0), (-1, -1), SOFT if diagnosis.finding is None else INK),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.8),
            ]
        )
    )
    _, height = table.wrap(CONTENT_WIDTH, PAGE_HEIGHT)
    page.y -= height
    table.drawOn(page.canvas, MARGIN, page.y)
    page.skip()


def _write_quality(page: _Page, diagnosis: Diagnosis) -> None:
    page.write(texts.QUALITY, HEADING)
    page.skip(1 * mm)
    findings = diagnosis.quality.findings[:MAX_FINDINGS]
    if not findings:
        page.write(texts.QUALITY_FINE, BODY)
    for finding in findings:
        kind = app_texts.QUALITY_BLOCKS if finding.blocks_call else app_texts.QUALITY_NOTE
        page.write(f"{kind}: {finding.message}", BODY)
    page.skip()


def _write_signature(page: _Page, decision: Decision | None) -> None:
    """The saved decision, else boxes to tick and lines to write on, for a reviewer with a pen."""
    page.write(texts.SIGNATURE, HEADING)
    if decision is not None:
        _write_decision(page, decision)
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


def _write_decision(page: _Page, decision: Decision) -> None:
    answer = theme.answer_title(decision.answer_name)
    page.skip(1.5 * mm)
    page.write(texts.DECIDED[decision.kind.value].format(answer=answer), BODY)
    if decision.reason:
        page.write(texts.DECIDED_REASON.format(reason=_shortened(decision.reason)), BODY)
    moment = decision.decided_at.astimezone(UTC).isoformat(timespec="seconds")
    words = texts.DECIDED_BY.format(initials=decision.initials, moment=moment, number=decision.id)
    page.write(words, SMALL)
    page.skip()


def _shortened(text: str) -> str:
    """A reason as far as the page has room for it; the review log keeps all of it."""
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]} ..."


def _write_record(page: _Page, diagnosis: Diagnosis, moment: datetime) -> None:
    """At the foot: when, which image, which bundle, which software, and the limits."""
    values = {
        "time": moment.astimezone(UTC).isoformat(timespec="seconds"),
        "image": diagnosis.image_sha256,
        "bundle": diagnosis.bundle.name,
        "sha256": diagnosis.bundle.sha256,
        "software": texts.SOFTWARE.format(version=__version__, engine=diagnosis.engine),
    }
    canvas = page.canvas
    canvas.setStrokeColor(LINE)
    page.y = MARGIN + 38 * mm
    canvas.line(MARGIN, page.y, PAGE_WIDTH - MARGIN, page.y)
    page.skip(1.5 * mm)
    page.write(texts.RECORD, HEADING)
    for label, name in texts.RECORD_LINES:
        page.write(f"{label}: {values[name]}", SMALL)
    page.skip(1.5 * mm)
    page.write(texts.LIMITS, SMALL)
    page.write(RESEARCH_USE_NOTICE, ParagraphStyle("foot", parent=SMALL, textColor=INK))
