"""The numbers of a report: leukocytes by answer, each leukocyte, probabilities of the image."""

from collections.abc import Sequence

from reportlab.lib.units import mm

from leukapp.cells import ENOUGH_CELLS, CellAnswer, differential
from leukapp.diagnosis import Diagnosis
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.report.page import HEADING, SMALL, Page
from leukapp.ui.texts import report as texts
from leukapp.ui.wording import branch_title, percent


def write_differential(page: Page, answers: Sequence[str | None]) -> None:
    """Write how many leukocytes got which answer, with shares and intervals.

    Args:
        page: to write on.
        answers: of each leukocyte; None for no call.
    """
    if not answers:
        return
    page.write(texts.DIFFERENTIAL, HEADING)
    page.skip(1 * mm)
    rows = [[texts.ANSWER, texts.LEUKOCYTES, texts.SHARE, texts.INTERVAL]]
    for count in differential(answers):
        share = count.share
        has_interval = share is not None and share.low is not None and share.high is not None
        rows.append(
            [
                theme.answer_title(count.answer),
                str(count.n),
                "" if share is None else f"{share.value:.0%}",
                f"{share.low:.0%} to {share.high:.0%}" if share and has_interval else "",
            ]
        )
    page.write_table(rows, widths=[0.4, 0.2, 0.2, 0.2])
    page.skip(-3 * mm)
    n_judged = sum(answer is not None for answer in answers)
    if n_judged < ENOUGH_CELLS:
        page.write(texts.TOO_FEW.format(enough=ENOUGH_CELLS), SMALL)
    page.write(texts.DIFFERENTIAL_NOTE, SMALL)
    page.skip()


def write_cells(page: Page, cells: Sequence[CellAnswer]) -> None:
    """Write one row a leukocyte, numbered as in the picture."""
    if not cells:
        return
    names = cells[0].probabilities.class_names
    page.write(texts.CELLS, HEADING)
    page.skip(1 * mm)
    rows = [[texts.CELL, texts.ANSWER, *names, texts.REASON]]
    rows += [
        [
            str(number),
            theme.answer_title(cell.answer_name),
            *(percent(cell.probabilities.of(name)) for name in names),
            cell.no_call_reason or "",
        ]
        for number, cell in enumerate(cells, start=1)
    ]
    of_classes = [0.1] * len(names)
    page.write_table(rows, widths=[0.07, 0.22, *of_classes, 0.71 - sum(of_classes)])


def write_probabilities(page: Page, diagnosis: Diagnosis) -> None:
    """Write the image's probabilities: gray without a call, absent where nothing was judged."""
    fused = diagnosis.probabilities
    if fused is None or diagnosis.quality.blocking:
        return
    page.write(texts.NUMBERS, HEADING)
    if diagnosis.finding is None:
        page.write(app_texts.NO_CALL_NOTE, SMALL)
    page.skip(1 * mm)
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
    widths = [0.16, 0.22, *([0.31] * len(diagnosis.branches))]
    page.write_table([head, *rows], widths=widths, faded=diagnosis.finding is None)
