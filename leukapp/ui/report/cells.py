"""The numbers of a report: leukocytes by answer, each leukocyte, probabilities of the image."""

from collections.abc import Sequence

from reportlab.lib.units import mm

from leukapp.cells import ENOUGH_CELLS, CellAnswer, differential
from leukapp.diagnosis import Diagnosis
from leukapp.inference.decision import Answer
from leukapp.labels import name_answer
from leukapp.review.corrected_cells import (
    CorrectedCell,
    corrected_answers,
    corrected_minute,
    count_corrected,
    n_corrected,
)
from leukapp.review.records import CellCorrection
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.microscope.cell_look import answer_title
from leukapp.ui.report.page import BODY, HEADING, SMALL, Page
from leukapp.ui.texts import report as texts
from leukapp.ui.wording import branch_title, percent


def write_differential(
    page: Page, answers: Sequence[str | None], *, heading: str = texts.DIFFERENTIAL
) -> None:
    """Write how many leukocytes got which answer, with shares and intervals.

    Args:
        page: to write on.
        answers: of each leukocyte, of the networks or of a reader; None for no call.
        heading: of the table.
    """
    if not answers:
        return
    page.write(heading, HEADING)
    page.skip(1 * mm)
    rows = [[texts.ANSWER, texts.LEUKOCYTES, texts.SHARE, texts.INTERVAL]]
    for count in differential(answers):
        share = count.share
        has_interval = share is not None and share.low is not None and share.high is not None
        rows.append(
            [
                answer_title(count.answer),
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


def write_corrected_share(
    page: Page, cells: Sequence[CorrectedCell], verdict: Answer | None
) -> None:
    """Write how many leukocytes readers corrected, who and when, share and verdict after it.

    Args:
        page: to write on.
        cells: of the image; nothing is written where none was corrected.
        verdict: as corrected; None where the networks' rule could not be asked.
    """
    made = [cell.correction for cell in cells if cell.correction is not None]
    if not made:
        return
    last = max(made, key=lambda correction: correction.corrected_at)
    page.skip(-3 * mm)
    page.write(
        texts.CORRECTED.format(
            n=len(made),
            initials=", ".join(sorted({correction.initials for correction in made})),
            moment=corrected_minute(last),
        ),
        HEADING,
    )
    summary = count_corrected(cells)
    counts = ", ".join(
        f"{answer_title(count.answer)} {count.n}"
        for count in differential(corrected_answers(cells))
    )
    share = ""
    if summary.share is not None and summary.low is not None and summary.high is not None:
        share = texts.CORRECTED_SHARE.format(
            n_blast_like=summary.n_blast_like,
            n_judged=summary.n_judged,
            share=f"{summary.share:.0%}",
            low=f"{summary.low:.0%}",
            high=f"{summary.high:.0%}",
        )
    page.write(f"{share}{counts}.", BODY)
    if verdict is not None:
        answer = theme.answer_title(name_answer(verdict.finding, verdict.label))
        page.write(texts.CORRECTED_VERDICT.format(answer=answer), BODY)
    page.write(texts.CORRECTED_NOTE, SMALL)
    page.skip()


def write_cells(page: Page, cells: Sequence[CorrectedCell]) -> None:
    """Write one row a leukocyte, numbered as in the picture; corrections have a column."""
    if not cells:
        return
    if n_corrected(cells):
        _write_corrected_cells(page, cells)
        return
    _write_judged_cells(page, [one.cell for one in cells if one.cell is not None])


def _write_corrected_cells(page: Page, cells: Sequence[CorrectedCell]) -> None:
    page.write(texts.CELLS, HEADING)
    page.skip(1 * mm)
    names = next((one.cell.probabilities.class_names for one in cells if one.cell), ())
    rows = [[texts.CELL, texts.NETWORKS, *names, texts.READER, texts.REASON]]
    for number, one in enumerate(cells, start=1):
        cell = one.cell
        rows.append(
            [
                str(number),
                texts.MARKED if cell is None else theme.answer_title(cell.answer_name),
                *("" if cell is None else percent(cell.probabilities.of(name)) for name in names),
                "" if one.correction is None else _signed(one.correction),
                "" if cell is None else cell.no_call_reason or "",
            ]
        )
    of_classes = [0.09] * len(names)
    page.write_table(rows, widths=[0.06, 0.17, *of_classes, 0.24, 0.53 - sum(of_classes)])


def _signed(correction: CellCorrection) -> str:
    return texts.SIGNED.format(
        answer=answer_title(correction.answer),
        initials=correction.initials,
        moment=corrected_minute(correction),
    )


def _write_judged_cells(page: Page, cells: Sequence[CellAnswer]) -> None:
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
