"""What a case amounts to, at a glance: share, differential, verdicts."""

import streamlit as st

from leukapp.cells import AnswerCount, differential
from leukapp.labels import ANSWER_NAMES
from leukapp.review.case_summary import CaseSummary
from leukapp.review.worklist import WorklistEntry, count_verdicts
from leukapp.ui.cases.share_words import left_out_lines, share_lines
from leukapp.ui.microscope.cell_look import marked_answer
from leukapp.ui.review.worklist_filters import verdict_title
from leukapp.ui.texts import cases as texts


def show_shares(entries: tuple[WorklistEntry, ...], summary: CaseSummary) -> None:
    """Write the blast-like share of a case and the verdicts of its images.

    Args:
        entries: its judged images.
        summary: of its leukocytes.
    """
    st.subheader(texts.SUMMARY, help=texts.SUMMARY_HELP, anchor=False)
    for line in share_lines(summary):
        st.markdown(line)
    for line in left_out_lines(summary):
        st.caption(line)
    st.subheader(texts.VERDICTS, anchor=False)
    counts = count_verdicts(entries).items()
    words = [texts.VERDICT_COUNT.format(name=verdict_title(name), n=n) for name, n in counts]
    st.markdown(" · ".join(words))
    n_decided = sum(entry.decision is not None for entry in entries)
    st.caption(texts.DECIDED.format(n=n_decided, total=len(entries)))


def show_differential(summary: CaseSummary) -> None:
    """Write the leukocytes of a case by answer, where there are any.

    Args:
        summary: of the leukocytes.
    """
    if summary.answers or summary.corrected:
        st.table(differential_table(summary), hide_index=True)
        st.caption(texts.TABLE_NOTE)


def differential_table(summary: CaseSummary) -> dict[str, list[str]]:
    """Give column heading to cells, one row an answer; readers' column only where they corrected.

    Args:
        summary: of the leukocytes of a case.
    """
    networks = {count.answer: count for count in differential(summary.answers)}
    readers = {count.answer: count for count in differential(summary.corrected)}
    calls = {*networks, *(readers if summary.n_corrected else ())}
    # First the answers of networks, then what only readers say, no call last.
    own = sorted(name for name in calls if name is not None and name not in ANSWER_NAMES)
    names = [*(name for name in ANSWER_NAMES if name in calls), *own, *([None] * (None in calls))]
    table = {
        texts.ANSWER: [marked_answer(name) for name in names],
        texts.NETWORKS: [_words(networks.get(name)) for name in names],
    }
    if summary.n_corrected:
        table[texts.READERS] = [_words(readers.get(name)) for name in names]
    return table


def _words(count: AnswerCount | None) -> str:
    if count is None:
        return texts.COUNT_ALONE.format(n=0)
    share = count.share
    if share is None or share.low is None or share.high is None:
        return texts.COUNT_ALONE.format(n=count.n)
    return texts.COUNT.format(
        n=count.n,
        share=f"{share.value:.0%}",
        low=f"{share.low:.0%}",
        high=f"{share.high:.0%}",
    )
