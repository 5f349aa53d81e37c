"""The cover of a case's report: its leukocytes, as networks and readers say, and every image."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reportlab.pdfgen.canvas import Canvas

from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.case_summary import CaseSummary
from leukapp.review.export import file_sha256
from leukapp.review.worklist import WorklistEntry
from leukapp.ui import theme
from leukapp.ui.cases.share_words import left_out_lines, share_lines
from leukapp.ui.report.answer import short_decision, utc_second
from leukapp.ui.report.cells import write_differential
from leukapp.ui.report.page import BODY, HEADING, SMALL, Page
from leukapp.ui.texts import cases as case_texts
from leukapp.ui.texts import report as texts
from leukapp.ui.wording import percent

SHORT_HASH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCover:
    """What the cover of a case says.

    Attributes:
        number: of the case.
        name: accession number or free id, only where the reader asked for it; else None.
        summary: of its leukocytes.
        entries: its images, each file once, with the decisions that stand.
        bundles: hash of the bundle that answered each batch, by the batch's number.
        pages: number of an image in the report, by its id; the others have no pages.
    """

    number: int
    name: str | None
    summary: CaseSummary
    entries: Sequence[WorklistEntry]
    bundles: Mapping[int, str]
    pages: Mapping[int, int]


def write_case_cover(canvas: Canvas, case: CaseCover, moment: datetime) -> None:
    """Write the cover and leave its last page.

    Args:
        canvas: of the file.
        case: what the cover says.
        moment: time of the report.
    """
    page = Page(canvas, case_texts.PDF_TITLE.format(number=case.number))
    if case.name is not None:
        page.write(case_texts.NAMED.format(name=case.name), HEADING)
        page.skip(2)
    page.write(texts.COVER_LINE.format(moment=utc_second(moment)), BODY)
    for sha256 in sorted(set(case.bundles.values())):
        page.write(case_texts.PDF_BUNDLE.format(sha256=sha256), SMALL)
    page.skip()
    _write_share(page, case.summary)
    write_differential(page, case.summary.answers, heading=case_texts.BY_NETWORKS)
    if case.summary.n_corrected:
        heading = case_texts.BY_READERS.format(n=case.summary.n_corrected)
        write_differential(page, case.summary.corrected, heading=heading)
    counts = Counter(theme.answer_title(entry.item.answer_name) for entry in case.entries)
    words = [case_texts.VERDICT_COUNT.format(name=name, n=n) for name, n in counts.most_common()]
    page.write(case_texts.VERDICTS, HEADING)
    page.write(", ".join(words), BODY)
    page.skip(4)
    rows = [[texts.NUMBER, texts.IMAGE_HASH, texts.ANSWER, texts.PROBABILITY, texts.SIGNATURE]]
    rows += [_row(entry, case.pages.get(entry.item.id)) for entry in case.entries]
    page.write_table(rows, widths=[0.06, 0.2, 0.26, 0.15, 0.33])
    n_unpaged = len(case.entries) - len(case.pages)
    if n_unpaged:
        page.write(case_texts.PDF_UNPAGED.format(n=n_unpaged), SMALL)
    page.write(case_texts.PDF_NOTE, SMALL)
    page.write(RESEARCH_USE_NOTICE, BODY)
    canvas.showPage()


def _write_share(page: Page, summary: CaseSummary) -> None:
    page.write(case_texts.SHARE_HEADING, HEADING)
    page.skip(2)
    for line in share_lines(summary):
        page.write(line, BODY)
    for line in left_out_lines(summary):
        page.write(line, SMALL)
    page.skip()


def _row(entry: WorklistEntry, number: int | None) -> list[str]:
    item = entry.item
    is_called = item.answer_name is not None and item.confidence is not None
    return [
        "" if number is None else str(number),
        (file_sha256(item) or "")[:SHORT_HASH],
        theme.answer_title(item.answer_name),
        percent(item.confidence) if is_called and item.confidence is not None else "",
        short_decision(entry.decision),
    ]
