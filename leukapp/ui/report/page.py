"""A page of a report that is filled from the top, and what stands on every page."""

from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import theme

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN: Final = 16 * mm
CONTENT_WIDTH: Final = PAGE_WIDTH - 2 * MARGIN
GAP: Final = 5 * mm
INK, SOFT, LINE = HexColor("#221B29"), HexColor("#5E5668"), HexColor("#CFC7D6")
BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=9.2, leading=12, textColor=INK)
SMALL: Final = ParagraphStyle(
    "small", parent=BODY, fontSize=7.8, leading=10, textColor=SOFT, alignment=TA_LEFT
)
MAX_CELL: Final = 300
HEADING: Final = ParagraphStyle("heading", parent=BODY, fontName="Helvetica-Bold", fontSize=10.5)


class Page:
    """A canvas that is filled from the top; ``y`` is where the next thing starts, in points.

    Args:
        canvas: of the file.
        title: at the head of this page and of those that follow it.
    """

    def __init__(self, canvas: Canvas, title: str) -> None:
        self.canvas = canvas
        self._title = title
        self.y = PAGE_HEIGHT - MARGIN
        self._write_head()

    def turn(self) -> None:
        """Go on with a new page."""
        self.canvas.showPage()
        self.y = PAGE_HEIGHT - MARGIN
        self._write_head()

    def write(self, text: str, style: ParagraphStyle, *, left: float = 0, right: float = 0) -> None:
        """Write plain text below what stands there already, ``left`` and ``right`` indented."""
        paragraph = Paragraph(escape(printable(text)), style)
        _, height = paragraph.wrap(CONTENT_WIDTH - left - right, PAGE_HEIGHT)
        self.y -= height
        paragraph.drawOn(self.canvas, MARGIN + left, self.y)

    def write_table(
        self, rows: list[list[str]], *, widths: list[float], faded: bool = False
    ) -> None:
        """Write a table, on further pages where it does not fit on this one.

        Args:
            rows: the head first; plain text, of which no more than ``MAX_CELL`` letters are shown.
            widths: of the columns, in shares of the page's width.
            faded: in gray, for what is no answer.
        """
        color = SOFT if faded else INK
        style = ParagraphStyle("cell", parent=BODY, fontSize=8.6, leading=10.5, textColor=color)
        head = ParagraphStyle("head", parent=style, fontName="Helvetica-Bold")
        table = Table(
            [
                [
                    Paragraph(escape(printable(cell[:MAX_CELL])), style if number else head)
                    for cell in row
                ]
                for number, row in enumerate(rows)
            ],
            hAlign="LEFT",
            repeatRows=1,
            colWidths=[width * CONTENT_WIDTH for width in widths],
        )
        table.setStyle(
            TableStyle(
                [
                    ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (0, -1), 0),
                    ("TOPPADDING", (0, 0), (-1, -1), 1.8),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
                ]
            )
        )
        rest = [table]
        while rest:
            # What fits on this page and what does not; nothing where not even two rows fit.
            fitting = rest[0].split(CONTENT_WIDTH, self.y - MARGIN)
            if fitting:
                _, height = fitting[0].wrap(CONTENT_WIDTH, PAGE_HEIGHT)
                self.y -= height
                fitting[0].drawOn(self.canvas, MARGIN, self.y)
                rest = fitting[1:]
            if rest:
                self.turn()
        self.skip()

    def skip(self, height: float = GAP) -> None:
        """Leave room."""
        self.y -= height

    def _write_head(self) -> None:
        canvas = self.canvas
        self.y -= 5 * mm
        canvas.setFillColor(INK)
        canvas.setFont("Helvetica-Bold", 17)
        canvas.drawString(MARGIN, self.y, printable(self._title))
        canvas.setFont("Helvetica-Bold", 9.5)
        canvas.drawRightString(PAGE_WIDTH - MARGIN, self.y + 1, RESEARCH_USE_NOTICE)
        self.skip(3 * mm)
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN, self.y, PAGE_WIDTH - MARGIN, self.y)
        self.skip()


def printable(text: str) -> str:
    """Text that the PDF's standard fonts have; other characters become question marks."""
    return text.encode("cp1252", "replace").decode("cp1252")


def draw_mark(canvas: Canvas, answer: str | None, x: float, y: float) -> None:
    """Draw an answer's mark, which the standard fonts lack: with corners, a disk, or a ring.

    Args:
        canvas: whose fill color is the answer's.
        answer: None for no call.
        x: of the middle, in points.
        y: of the middle, in points.
    """
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
