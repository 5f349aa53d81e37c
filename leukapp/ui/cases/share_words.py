"""What is said of the leukocytes of a case, on the screen and on its report."""

from leukapp.cells import ENOUGH_CELLS, CellSummary
from leukapp.evaluation.intervals import Estimate
from leukapp.review.case_summary import CaseSummary
from leukapp.ui.texts import cases as case_texts
from leukapp.ui.texts import report as texts


def share_lines(summary: CaseSummary) -> tuple[str, ...]:
    """Say the blast-like share of a case in plain sentences, each interval named.

    Args:
        summary: of its leukocytes.
    """
    if not summary.fields:
        return (case_texts.NO_FIELD,)
    lines = [_share_line(case_texts.SHARE_NETWORKS, summary.counted)]
    counted = summary.counted
    if summary.n_corrected:
        counted = summary.counted_as_corrected
        words = case_texts.SHARE_READERS.format(n=summary.n_corrected)
        lines.append(_share_line(words, counted))
    between = summary.over_fields
    if between is not None and between.low is not None and between.high is not None:
        lines.append(_interval_line(between, len(summary.fields)))
    if not counted.is_enough:
        lines.append(texts.TOO_FEW.format(enough=ENOUGH_CELLS))
    return tuple(lines)


def left_out_lines(summary: CaseSummary) -> tuple[str, ...]:
    """Say which images of a case are not counted, and why.

    Args:
        summary: of its leukocytes.
    """
    counts = (
        (case_texts.NOT_FIELDS, summary.n_not_fields),
        (case_texts.REFUSED, summary.n_refused),
        (case_texts.WITHOUT_CELLS, summary.n_without_cells),
        (case_texts.REPEATED, summary.n_repeated),
    )
    return tuple(words.format(n=n) for words, n in counts if n)


def _share_line(who: str, counted: CellSummary) -> str:
    if counted.share is None or counted.low is None or counted.high is None:
        return case_texts.SHARE_NONE.format(who=who, n_found=counted.n_found)
    return case_texts.SHARE.format(
        who=who,
        n_blast_like=counted.n_blast_like,
        n_judged=counted.n_judged,
        share=f"{counted.share:.0%}",
        low=f"{counted.low:.0%}",
        high=f"{counted.high:.0%}",
    )


def _interval_line(between: Estimate, n_fields: int) -> str:
    return case_texts.OVER_FIELDS.format(
        n=n_fields, low=f"{between.low:.0%}", high=f"{between.high:.0%}"
    )
