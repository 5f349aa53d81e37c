"""The PDF report of one image, or of several with a cover.

Of each image one page holds verdict, picture, differential, decision and record, and what follows
the evidence: heatmaps, each leukocyte, probabilities, quality. Only pixels and numbers of the
diagnosis go into it: no file name and no metadata of the file.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from leukapp.diagnosis import Diagnosis
from leukapp.inference.decision import Answer
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.corrected_cells import CorrectedCell, correct_cells
from leukapp.review.records import CellCorrection, Decision
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.report.answer import (
    short_decision,
    utc_second,
    write_decision,
    write_quality,
    write_record,
    write_verdict,
)
from leukapp.ui.report.case_cover import CaseCover, write_case_cover
from leukapp.ui.report.cells import (
    write_cells,
    write_corrected_share,
    write_differential,
    write_probabilities,
)
from leukapp.ui.report.page import BODY, SMALL, Page
from leukapp.ui.report.pictures import field_picture, heat_pictures, write_pictures
from leukapp.ui.texts import report as texts
from leukapp.ui.wording import percent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportedImage:
    """One image of a report.

    Attributes:
        diagnosis: what is reported, with the heatmaps that came with it.
        decision: the reviewer's, as it stands in the review log; None leaves room for a pen.
        is_synthetic: the image was drawn by a program.
        corrections: of its leukocytes, as they stand.
        corrected: verdict with these, or None.
    """

    diagnosis: Diagnosis
    decision: Decision | None = None
    is_synthetic: bool = False
    corrections: Sequence[CellCorrection] = ()
    corrected: Answer | None = None

    @property
    def cells(self) -> tuple[CorrectedCell, ...]:
        """Its leukocytes with what readers say of them."""
        return correct_cells(self.diagnosis.cells, self.corrections)


def build_result_pdf(
    diagnosis: Diagnosis,
    *,
    is_synthetic: bool = False,
    moment: datetime | None = None,
    decision: Decision | None = None,
    corrections: Sequence[CellCorrection] = (),
    corrected: Answer | None = None,
) -> bytes:
    """Write the report of one image.

    Args:
        diagnosis: what is reported, with the heatmaps that came with it.
        is_synthetic: the image was drawn by a program.
        moment: time of the report; now where it is None.
        decision: the reviewer's, as it stands in the review log; None leaves room for a pen.
        corrections: of its leukocytes, as they stand.
        corrected: verdict with these, or None.

    Returns:
        The file's bytes; about as large as the pictures in it.
    """
    image = ReportedImage(
        diagnosis=diagnosis,
        decision=decision,
        is_synthetic=is_synthetic,
        corrections=corrections,
        corrected=corrected,
    )
    return build_report_pdf((image,), moment=moment)


def build_report_pdf(
    images: Sequence[ReportedImage],
    *,
    moment: datetime | None = None,
    case: CaseCover | None = None,
) -> bytes:
    """Write the report of images; of several, and of a case, there is a cover with all answers.

    Args:
        images: at least one, in the order of the report; of a case there may be none.
        moment: time of the report; now where it is None.
        case: what the cover of a case says; None where the images are of none.

    Returns:
        The file's bytes; about as large as the pictures in it.
    """
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1)
    canvas.setTitle(texts.TITLE)
    canvas.setAuthor(app_texts.APP_NAME)
    canvas.setSubject(RESEARCH_USE_NOTICE)
    moment = moment or datetime.now(UTC)
    if case is not None:
        write_case_cover(canvas, case, moment)
    elif len(images) > 1:
        _write_cover(canvas, images, moment)
    has_cover = case is not None or len(images) > 1
    for number, image in enumerate(images, start=1):
        title = texts.IMAGE_TITLE.format(number=number) if has_cover else texts.TITLE
        _write_image(Page(canvas, title), image, moment)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _write_cover(canvas: Canvas, images: Sequence[ReportedImage], moment: datetime) -> None:
    """All answers and decisions, and the leukocytes of all images together."""
    page = Page(canvas, texts.COVER_TITLE.format(n=len(images)))
    page.write(texts.COVER_LINE.format(moment=utc_second(moment)), BODY)
    bundles = {image.diagnosis.bundle for image in images}
    for bundle in sorted(bundles, key=lambda one: one.name):
        page.write(texts.COVER_BUNDLE.format(name=bundle.name, sha256=bundle.sha256), SMALL)
    page.skip()
    rows = [[texts.NUMBER, texts.IMAGE_HASH, texts.ANSWER, texts.PROBABILITY, texts.SIGNATURE]]
    rows += [_cover_row(number, image) for number, image in enumerate(images, start=1)]
    page.write_table(rows, widths=[0.06, 0.2, 0.26, 0.15, 0.33])
    fields = [image.diagnosis for image in images if image.diagnosis.mode == "field"]
    write_differential(page, [cell.answer_name for field in fields for cell in field.cells])
    page.write(texts.COVER_NOTE, SMALL)
    page.write(RESEARCH_USE_NOTICE, BODY)
    canvas.showPage()


def _cover_row(number: int, image: ReportedImage) -> list[str]:
    diagnosis = image.diagnosis
    probability = diagnosis.answer_probability if diagnosis.answer_name else None
    return [
        str(number),
        diagnosis.image_sha256[:12],
        theme.answer_title(diagnosis.answer_name)
        + (f" ({texts.SYNTHETIC_SHORT})" if image.is_synthetic else ""),
        "" if probability is None else percent(probability),
        short_decision(image.decision),
    ]


def _write_image(page: Page, image: ReportedImage, moment: datetime) -> None:
    """The page of an image, and the evidence on those that follow."""
    diagnosis = image.diagnosis
    heat = heat_pictures(diagnosis)
    write_verdict(page, diagnosis, is_synthetic=image.is_synthetic)
    write_pictures(page, (field_picture(diagnosis, image.cells), *heat[:1]))
    if not diagnosis.quality.blocking:
        write_differential(page, [cell.answer_name for cell in diagnosis.cells])
        write_corrected_share(page, image.cells, image.corrected)
    has_evidence = bool(heat) or bool(image.cells)
    if not has_evidence or diagnosis.quality.blocking:
        write_quality(page, diagnosis)
    write_decision(page, image.decision)
    write_record(page, diagnosis, moment)
    if not has_evidence or diagnosis.quality.blocking:
        return
    page.turn()
    page.write(texts.HEAT_NOTE, SMALL)
    page.skip(2)
    write_pictures(page, heat[1:])
    write_probabilities(page, diagnosis)
    write_quality(page, diagnosis)
    write_cells(page, image.cells)
