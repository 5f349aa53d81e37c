"""How far reviewers agree with the networks on a batch, and with each other."""

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import streamlit as st

from leukapp.labels import ANSWER_NAMES
from leukapp.review.agreement import (
    Agreement,
    Comparison,
    ReaderAgreement,
    measure_agreement,
    measure_readers,
)
from leukapp.review.answer_keys import NO_CALL, REJECTED
from leukapp.review.double_reading import N_READERS, DoubleReading, read_doubly
from leukapp.review.records import BatchRun, Decision
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import (
    SAID,
    ReviewFilter,
    WorklistEntry,
    WorklistFilter,
    build_worklist,
)
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_style import CARD_STYLE
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import BatchSection, go_to, where
from leukapp.ui.review.log_lines import settled_lines
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import escape_markdown, percent

ROWS: Final = (*ANSWER_NAMES, texts.ROW_NONE)
COLUMNS: Final = (*ANSWER_NAMES, texts.COLUMN_NONE)


def show_agreement(run: BatchRun, store: ReviewStore) -> None:
    """Write the figures of agreement, and the matrix as picture and table.

    Args:
        run: the batch.
        store: of the server.
    """
    lines = store.decisions(run_id=run.id)
    if run.n_readers == N_READERS:
        _show_readers(run, lines)
        st.subheader(texts.MATRIX, help=texts.MATRIX_HELP, anchor=False)
    entries = build_worklist(store.items(run.id), settled_lines(run, lines))
    blinded_only = st.toggle(
        texts.BLINDED_ONLY, help=texts.BLINDED_ONLY_HELP, key=f"batch-{run.id}-blinded-only"
    )
    last = lines[-1].id if lines else 0
    agreement = _measured(run.id, len(entries), last, blinded_only, entries)
    if not agreement.n_reviewed:
        st.info(texts.NOTHING_REVIEWED, icon=":material/rate_review:")
        return
    n_seen = agreement.n_reviewed - agreement.n_blinded
    if n_seen:
        note = texts.NOT_BLINDED.format(n=n_seen, total=agreement.n_reviewed)
        st.caption(f":material/visibility: {note}")
    coverage = _card(
        texts.CARD_COVERAGE,
        "–" if agreement.coverage is None else f"{agreement.coverage:.0%}",
        texts.CARD_COVERAGE_NOTE.format(n=agreement.n_reviewed, total=agreement.n_judged),
    )
    _show_cards([coverage, *_cards(agreement.comparison)])
    if run.n_readers != N_READERS:
        st.subheader(texts.MATRIX, help=texts.MATRIX_HELP, anchor=False)
    st.caption(texts.MATRIX_CLICK)

    def look(row: int, column: int) -> None:
        verdicts = {COLUMNS[column]} if column < len(ANSWER_NAMES) else {NO_CALL, REJECTED}
        wanted = WorklistFilter(
            verdicts=frozenset(verdicts), said=frozenset({SAID[row]}), review=ReviewFilter.REVIEWED
        )
        go_to(replace(where(), section=BatchSection.WORKLIST, wanted=wanted, first=1, image=None))

    alt = texts.MATRIX_ALT.format(n=agreement.n_reviewed)
    _show_matrix(agreement.comparison, (texts.ROW_TITLE, ""), alt, look, key=f"batch-{run.id}")
    st.caption(texts.KAPPA_CAVEAT)


def _show_readers(run: BatchRun, lines: Sequence[Decision]) -> None:
    """Write how two readers agree, and what they differ in."""
    readings = read_doubly(lines)
    st.subheader(texts.READERS, help=texts.READERS_HELP, anchor=False)
    n_differ = sum(reading.is_disagreement for reading in readings.values())
    last = lines[-1].id if lines else 0
    pairs = _measured_readers(run.id, last, tuple(readings.values()))
    if not pairs:
        st.info(texts.NO_PAIR, icon=":material/group:")
        return
    pair = pairs[0]
    if len(pairs) > 1:
        place = st.selectbox(
            texts.PAIR,
            range(len(pairs)),
            format_func=lambda place: texts.PAIR_LINE.format(
                readers=" – ".join(pairs[place].readers), n=pairs[place].n_both
            ),
            key=f"batch-{run.id}-pair",
        )
        pair = pairs[place or 0]
    first, second = (escape_markdown(reader) for reader in pair.readers)
    words = [texts.BOTH_SIGNED.format(first=first, second=second, n=pair.n_both)]
    if pair.n_later:
        words.append(texts.SIGNED_LATER.format(n=pair.n_later))
    st.write(" ".join(words))
    _show_cards(_cards(pair.comparison))
    _show_matrix(
        pair.comparison,
        pair.readers,
        texts.READERS_ALT.format(n=pair.n_both),
        lambda _row, _column: _look_at_differences(),
        key=f"batch-{run.id}-readers",
        columns=ROWS,
    )
    st.button(
        texts.ADJUDICATE.format(n=n_differ),
        icon=":material/gavel:",
        on_click=guarded(_look_at_differences),
        disabled=not n_differ,
        key="batch-adjudicate",
    )


def _look_at_differences() -> None:
    """Show the images whose readers differ."""
    wanted = WorklistFilter(review=ReviewFilter.DIFFER)
    here = replace(where(), section=BatchSection.WORKLIST, is_blinded=False)
    go_to(replace(here, wanted=wanted, first=1, image=None))


def matrix_table(
    comparison: Comparison, title: str = texts.ROW_TITLE, columns: Sequence[str] = COLUMNS
) -> dict[str, list[Any]]:
    """Give the matrix as column heading to cells, one row a class of the first answer.

    Args:
        comparison: of a batch.
        title: whose answers the rows are.
        columns: names of all columns.
    """
    shown = comparison.shown
    table: dict[str, list[Any]] = {title: [ROWS[place] for place in shown]}
    for place in shown:
        table[columns[place]] = [int(comparison.counts[row, place]) for row in shown]
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


@st.cache_data(show_spinner=False, max_entries=8, scope="session")
def _measured_readers(
    run_id: int, last_decision: int, _readings: tuple[DoubleReading, ...]
) -> tuple[ReaderAgreement, ...]:
    """Measure once for each new line of the review log."""
    return measure_readers(_readings)


def _show_cards(cards: Sequence[str]) -> None:
    st.html(CARD_STYLE + f'<div class="leuk-cards">{"".join(cards)}</div>')


def _show_matrix(
    comparison: Comparison,
    titles: tuple[str, str],
    alt: str,
    on_click: Callable[[int, int], None],
    *,
    key: str,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write a matrix whose cells can be clicked, and its numbers."""
    shown = comparison.shown
    chart_key = f"{key}-matrix"

    def take_click() -> None:
        points = st.session_state[chart_key]["selection"]["points"]
        if points:
            row, column = points[0]["customdata"]
            on_click(shown[row], shown[column])

    figure, table = st.columns([1.2, 1], gap="medium")
    with figure:
        st.plotly_chart(
            _figure(comparison, titles, columns),
            key=chart_key,
            on_select=guarded(take_click),
            selection_mode="points",
            config={"displayModeBar": False},
            alt=alt,
        )
    table.dataframe(matrix_table(comparison, titles[0], columns), hide_index=True, width="stretch")


def _cards(comparison: Comparison) -> list[str]:
    """The cards as HTML; nothing in them was typed."""
    cards = []
    agreed = comparison.agreed
    if agreed is not None and agreed.low is not None and agreed.high is not None:
        interval = texts.INTERVAL.format(low=percent(agreed.low), high=percent(agreed.high))
        note = texts.CARD_AGREED_NOTE.format(n=comparison.n_compared)
        cards.append(_card(texts.CARD_AGREED, f"{agreed.value:.1%}", note, interval))
    same = comparison.finding_agreed
    if same is not None and same.low is not None and same.high is not None:
        interval = texts.INTERVAL.format(low=percent(same.low), high=percent(same.high))
        note = texts.CARD_FINDING_NOTE.format(n=comparison.n_findings)
        cards.append(_card(texts.CARD_FINDING, f"{same.value:.1%}", note, interval))
    kappa = comparison.kappa
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


def _figure(comparison: Comparison, titles: tuple[str, str], columns: Sequence[str]) -> Any:
    # Plotly and NumPy's matrix figure are needed here alone, not by the page's first screen.
    from leukapp.ui.evaluation.matrix import build_matrix

    dark = theme.is_dark()
    counts = comparison.counts[np.ix_(comparison.shown, comparison.shown)]
    figure = build_matrix(
        counts / max(1, int(counts.max())),
        tuple(tuple(str(count) for count in row) for row in counts.tolist()),
        tuple(_marked(ROWS[place]) for place in comparison.shown),
        tuple(_marked(columns[place]) for place in comparison.shown),
        dark=dark,
    )
    # Plotly reads some markup in titles.
    row_title, column_title = (html.escape(title) for title in titles)
    figure.update_yaxes(title={"text": row_title}).update_xaxes(title={"text": column_title})
    return figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        font={"color": theme.text_color(dark=dark)},
    )


def _marked(name: str) -> str:
    return theme.marked(name) if name in ANSWER_NAMES else name
