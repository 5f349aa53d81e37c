"""The pictures of a report: the image with its leukocytes boxed, and the heat over it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from PIL import Image
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Paragraph

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import DrawnBox, draw_boxes
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.heatmap import Heatmap
from leukapp.labels import ANSWER_NAMES
from leukapp.review.corrected_cells import CorrectedCell
from leukapp.ui import theme
from leukapp.ui.heatmap_viewer import source_title
from leukapp.ui.picture import fit_for_screen
from leukapp.ui.report.page import CONTENT_WIDTH, GAP, MARGIN, PAGE_HEIGHT, SMALL, Page, printable
from leukapp.ui.texts import report as texts

MAX_PICTURE_PX: Final = 1100
PICTURE_WIDTH: Final = (CONTENT_WIDTH - GAP) / 2
MAX_PICTURE_HEIGHT: Final = 84 * mm
OPACITY: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportPicture:
    """One picture.

    Attributes:
        image: sRGB pixels, uint8 (height, width, 3).
        caption: plain text of our own.
    """

    image: RgbImage
    caption: str


def field_picture(diagnosis: Diagnosis, cells: Sequence[CorrectedCell]) -> ReportPicture:
    """Draw the image with a numbered box around each leukocyte, in the color of its answer.

    Args:
        diagnosis: of the image.
        cells: its leukocytes; one that a reader marked has the color of the reader's answer.
    """
    height_px, width_px = diagnosis.image.shape[:2]
    image = fit_for_screen(diagnosis.image, max_side_px=MAX_PICTURE_PX)
    caption = texts.IMAGE.format(width=width_px, height=height_px)
    if not cells or diagnosis.quality.blocking:
        return ReportPicture(image=image, caption=caption)
    factor = image.shape[1] / width_px
    boxes = [
        DrawnBox(
            corners=(
                round(cell.box.x0 * factor),
                round(cell.box.y0 * factor),
                round(cell.box.x1 * factor),
                round(cell.box.y1 * factor),
            ),
            color=theme.rgb_of(_drawn_answer(cell)),
            number=number,
        )
        for number, cell in enumerate(cells, start=1)
    ]
    boxed = texts.BOXED.format(n=len(boxes))
    return ReportPicture(image=draw_boxes(image, boxes), caption=f"{caption}. {boxed}")


def _drawn_answer(one: CorrectedCell) -> str | None:
    answer = one.answer if one.cell is None else one.cell.answer_name
    return answer if answer in ANSWER_NAMES else None


def heat_pictures(diagnosis: Diagnosis) -> tuple[ReportPicture, ...]:
    """Draw the heat of the fused decision and then of each branch; none without a readable image.

    Heat of an image that cannot be read says nothing of the cell.
    """
    if diagnosis.quality.blocking or not diagnosis.branches:
        return ()
    image = fit_for_screen(diagnosis.image, max_side_px=MAX_PICTURE_PX)
    *branches, fused = diagnosis.heatmaps
    return tuple(_heat(image, heatmap) for heatmap in (fused, *branches))


def write_pictures(page: Page, pictures: tuple[ReportPicture, ...]) -> None:
    """Write pictures in rows of two, each with its caption."""
    for first in range(0, len(pictures), 2):
        row = pictures[first : first + 2]
        height = max(_height(picture.image) for picture in row)
        bottom, caption_height = page.y - height, 0.0
        for number, picture in enumerate(row):
            left = MARGIN + number * (PICTURE_WIDTH + GAP)
            page.canvas.drawImage(
                _reader(picture.image),
                left,
                bottom,
                PICTURE_WIDTH,
                height,
                preserveAspectRatio=True,
                anchor="nw",
            )
            paragraph = Paragraph(escape(printable(picture.caption)), SMALL)
            _, needed = paragraph.wrap(PICTURE_WIDTH, PAGE_HEIGHT)
            paragraph.drawOn(page.canvas, left, bottom - needed - 1.5 * mm)
            caption_height = max(caption_height, needed)
        page.y = bottom - caption_height - 3 * mm
    page.skip(2 * mm)


def _height(image: RgbImage) -> float:
    return float(min(PICTURE_WIDTH * image.shape[0] / image.shape[1], MAX_PICTURE_HEIGHT))


def _heat(image: RgbImage, heatmap: Heatmap) -> ReportPicture:
    wording = texts.HEAT_BLANK if heatmap.is_blank else texts.HEAT
    caption = wording.format(source=source_title(heatmap), label=heatmap.class_name)
    if not heatmap.is_blank:
        image = draw_overlay(image, heatmap.values, opacity=OPACITY)
    return ReportPicture(image=image, caption=caption)


def _reader(pixels: RgbImage) -> ImageReader:
    """Pixels as a new JPEG, so that nothing of the original file but them is in the report."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=90)
    buffer.seek(0)
    return ImageReader(buffer)
