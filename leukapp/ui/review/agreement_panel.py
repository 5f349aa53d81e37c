"""How far reviewers and networks agree on a batch."""

import html
from typing import Any

import numpy as np
import streamlit as st

from leukapp.labels import ANSWER_NAMES
from leukapp.review.agreement import Agreement, measure_agreement
from leukapp.review.records import BatchRun
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, build_worklist
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_style import CARD_STYLE
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import percent

ROWS = (*ANSWER_NAMES, texts.ROW_NONE)
COLUMNS = (*ANSWER_NAMES, texts.COLUMN_NONE)


def show_agreement(run: BatchRun, store: ReviewStore) -> None:
    """Write the figures of agreement, and the matrix as picture and table.

    Args:
        run: the batch.
        store: of the server.
    """
    decisions = store.decisions(run_id=run.id)
    entries = build_worklist(store.items(run.id), decisions)
    blinded_only = st.toggle(
        texts.BLINDED_ONLY, help=texts.BLINDED_ONLY_HELP, key=f"batch-{run.id}-blinded-only"
    )
    last = decisions[-1].id if decisions else 0
    agreement = _measured(run.id, len(entries), last, blinded_only, entries)
    if not agreement.n_reviewed:
        st.info(texts.NOTHING_REVIEWED, icon=":material/rate_review:")
        return
    n_seen = agreement.n_reviewed - agreement.n_blinded
    if n_seen:
        note = texts.NOT_BLINDED.format(n=n_seen, total=agreement.n_reviewed)
        st.caption(f":material/visibility: {note}")
    st.html(CARD_STYLE + f'<div class="leuk-cards">{"".join(_cards(agreement))}</div>')
    st.subheader(texts.MATRIX, help=texts.MATRIX_HELP, anchor=False)
    figure, table = st.columns([1.2, 1], gap="medium")
    with figure:
        st.plotly_chart(
            _figure(agreement),
            key=f"batch-{run.id}-matrix",
            config={"displayModeBar": False},
            alt=texts.MATRIX_ALT.format(n=agreement.n_reviewed),
        )
    table.dataframe(matrix_table(agreement), hide_index=True, width="stretch")
    st.caption(texts.KAPPA_CAVEAT)


def matrix_table(agreement: Agreement) -> dict[str, list[Any]]:
    """Give the matrix as column heading to cells, one row a class of the reviewer.

    Args:
        agreement: of a batch.
    """
    shown = agreement.shown
    table: dict[str, list[Any]] = {texts.ROW_TITLE: [ROWS[place] for place in shown]}
    for place in shown:
        table[COLUMNS[place]] = [int(agreement.counts[row, place]) for row in shown]
    return table


@st.cache_data(show_spinner=False, max_entries=8, scope="session")
def _measured(
    run_id: int,
    n_entries: int,
    last_decision: int,
    blinded_only: bool,
    _entries: tuple[WorklistEntry, ...],
) -> Agreement:
    """Measure once for each new line of the review log: the bootstrap takes a second."""
    return measure_agreement(_entries, blinded_only=blinded_only)


def _cards(agreement: Agreement) -> list[str]:
    """The cards as HTML; nothing in them was typed."""
    cards = [
        _card(
            texts.CARD_COVERAGE,
            "–" if agreement.coverage is None else f"{agreement.coverage:.0%}",
            texts.CARD_COVERAGE_NOTE.format(n=agreement.n_reviewed, total=agreement.n_judged),
        )
    ]
    agreed = agreement.agreed
    if agreed is not None and agreed.low is not None and agreed.high is not None:
        interval = texts.INTERVAL.format(low=percent(agreed.low), high=percent(agreed.high))
        note = texts.CARD_AGREED_NOTE.format(n=agreement.n_compared)
        cards.append(_card(texts.CARD_AGREED, f"{agreed.value:.1%}", note, interval))
    same = agreement.finding_agreed
    if same is not None and same.low is not None and same.high is not None:
        interval = texts.INTERVAL.format(low=percent(same.low), high=percent(same.high))
        note = texts.CARD_FINDING_NOTE.format(n=agreement.n_findings)
        cards.append(_card(texts.CARD_FINDING, f"{same.value:.1%}", note, interval))
    kappa = agreement.kappa
    if kappa is None:
        cards.append(_card(texts.CARD_KAPPA, texts.CARD_UNDEFINED, texts.CARD_UNDEFINED_NOTE))
        return cards
    interval = ""
    if kappa.low is not None and kappa.high is not None:
        interval = texts.INTERVAL.format(low=f"{kappa.low:.2f}", high=f"{kappa.high:.2f}")
    cards.append(_card(texts.CARD_KAPPA, f"{kappa.value:.2f}", texts.CARD_KAPPA_NOTE, interval))
    return cards


def _card(title: str, value: str, note: str, interval: str = "") -> str:
    return (
        f'<div class="leuk-card"><small>{html.escape(title)}</small><b>{html.escape(value)}</b>'
        f"<span>{html.escape(interval)}</span>"
        f'<span class="leuk-what">{html.escape(note)}</span></div>'
    )


def _figure(agreement: Agreement) -> Any:
    # Plotly and NumPy's matrix figure are needed here alone, not by the page's first screen.
    from leukapp.ui.evaluation.matrix import build_matrix

    dark = theme.is_dark()
    counts = agreement.counts[np.ix_(agreement.shown, agreement.shown)]
    figure = build_matrix(
        counts / max(1, int(counts.max())),
        tuple(tuple(str(count) for count in row) for row in counts.tolist()),
        tuple(_marked(ROWS[place]) for place in agreement.shown),
        tuple(_marked(COLUMNS[place]) for place in agreement.shown),
        dark=dark,
    )
    return figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        font={"color": theme.text_color(dark=dark)},
        clickmode="none",
    )


def _marked(name: str) -> str:
    return theme.marked(name) if name in ANSWER_NAMES else name
