"""Which images a side is of, and its main figures as cards with their intervals."""

import html
from dataclasses import dataclass

import streamlit as st

from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_style import accent_color
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import escape_markdown

PROTOCOL_COLORS = {"grouped": "green", "paper": "red", "external": "blue"}
PROTOCOL_ICONS = {
    "grouped": ":material/verified:",
    "paper": ":material/warning:",
    "external": ":material/travel_explore:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure.

    Attributes:
        title: what it is.
        estimate: value 0-1 with its interval, or None where it is not defined.
        note: what it means, in plain words.
        is_baseline: it is not of the network; drawn in another color.
    """

    title: str
    estimate: Estimate | None
    note: str
    is_baseline: bool = False


def show_side_head(side: Side) -> None:
    """Write which set this is, its protocol, and how many images and groups it holds."""
    report, held_out = side.evaluation.result.report, side.evaluation.held_out
    name = escape_markdown(source_title(side.source))
    st.markdown(f"#### {name}" if side.is_alone else f"#### {side.name} · {name}")
    counts = texts.N_COPIES if held_out.protocol == "paper" else texts.N_IMAGES
    with st.container(horizontal=True, gap="small"):
        st.badge(
            texts.PROTOCOL_BADGES[held_out.protocol],
            icon=PROTOCOL_ICONS[held_out.protocol],
            color=PROTOCOL_COLORS[held_out.protocol],  # type: ignore[arg-type]
            help=texts.PROTOCOL_HELP[held_out.protocol],
        )
        st.badge(counts.format(n=report.n_images), color="gray")
        if report.groups_known:
            st.badge(texts.N_GROUPS.format(n=report.n_groups), color="gray")
        else:
            st.badge(texts.GROUPS_UNKNOWN, color="orange", help=texts.GROUPS_UNKNOWN_HELP)
        with st.popover(texts.DETAILS):
            st.markdown(
                texts.DETAILS_BODY.format(
                    table=escape_markdown(side.title),
                    source=escape_markdown(side.source),
                    protocol=side.protocol,
                    sha256=side.bundle_sha256 or texts.NO_BUNDLE,
                )
            )
    classes = " · ".join(
        f"{theme.marked(metrics.class_name)} {metrics.support}"
        for metrics in report.per_class
        if metrics.support
    )
    st.caption(classes)
    if held_out.protocol == "paper":
        st.warning(texts.LEAKING_WARNING, icon=":material/warning:")


def cards_of(evaluation: SourceEvaluation) -> tuple[Card, ...]:
    """Give the main figures; the baseline stands right behind what it is to be compared with."""
    report = evaluation.result.report
    background = evaluation.background_balanced_accuracy
    return (
        Card(
            title=texts.BALANCED_ACCURACY,
            estimate=evaluation.balanced_accuracy,
            note=texts.BALANCED_ACCURACY_NOTE,
        ),
        Card(
            title=texts.BACKGROUND,
            estimate=None
            if background is None
            else Estimate(value=background, low=None, high=None),
            note=texts.BACKGROUND_NOTE if background is not None else texts.BACKGROUND_NOT_MEASURED,
            is_baseline=True,
        ),
        Card(
            title=texts.LEUKEMIA_AUROC,
            estimate=report.leukemia_auroc,
            note=texts.LEUKEMIA_AUROC_NOTE,
        ),
        Card(title=texts.ACCURACY, estimate=report.accuracy, note=texts.ACCURACY_NOTE),
        Card(title=texts.COVERAGE, estimate=evaluation.coverage, note=texts.COVERAGE_NOTE),
        Card(
            title=texts.ACCURACY_OF_CALLED,
            estimate=report.accuracy_of_called,
            note=texts.ACCURACY_OF_CALLED_NOTE,
        ),
        Card(
            title=texts.FALSE_ALARMS,
            estimate=report.leukemia_call_rate_of_healthy,
            note=texts.FALSE_ALARMS_NOTE,
        ),
    )


def show_false_alarms(evaluation: SourceEvaluation, *, n_flagged: int | None = None) -> None:
    """Write the one count of false alarms, and how it differs from counts beside it.

    Args:
        evaluation: of the fused decision.
        n_flagged: Healthy images that a threshold flags, where one is shown.
    """
    alarms = evaluation.false_alarms
    if alarms is None:
        return
    words = [texts.FALSE_ALARMS_LINE.format(called=alarms.n_called, healthy=alarms.n_healthy)]
    if alarms.n_most_probable != alarms.n_called:
        words.append(texts.FALSE_ALARMS_MOST_PROBABLE.format(n=alarms.n_most_probable))
    if n_flagged is not None:
        words.append(texts.FALSE_ALARMS_FLAGGED.format(n=n_flagged))
    st.caption(" ".join(words))


def show_cards(cards: tuple[Card, ...]) -> None:
    """Write cards side by side, as many as fit."""
    st.html(f'<div class="leuk-cards">{"".join(_card_html(card) for card in cards)}</div>')


def _card_html(card: Card) -> str:
    """One card as HTML: title, value, bar, interval in words, meaning."""
    dark = theme.is_dark()
    color = theme.color_of(None, dark=dark) if card.is_baseline else accent_color(dark=dark)
    title, note = html.escape(card.title), html.escape(card.note)
    if card.estimate is None:
        return (
            f'<div class="leuk-card"><small>{title}</small><b>–</b>'
            f'<span class="leuk-what">{html.escape(_missing(card))}</span></div>'
        )
    interval = ""
    if not card.is_baseline:
        interval = f"<span>{html.escape(_interval_words(card.estimate))}</span>"
    return (
        f'<div class="leuk-card" style="--card-color: {color}"><small>{title}</small>'
        f"<b>{card.estimate.value:.3f}</b>{_range_html(card.estimate)}{interval}"
        f'<span class="leuk-what">{note}</span></div>'
    )


def _missing(card: Card) -> str:
    return card.note if card.is_baseline else f"{card.note}: {texts.NO_FIGURE}"


def _interval_words(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return texts.NO_INTERVAL
    return texts.INTERVAL.format(low=estimate.low, high=estimate.high)


def _range_html(estimate: Estimate) -> str:
    """A bar over 0-1 with the interval and the value, as HTML; the same is said in words."""
    bar = ""
    if estimate.low is not None and estimate.high is not None:
        width = 100 * (estimate.high - estimate.low)
        bar = f'<i style="left: {100 * estimate.low:.1f}%; width: {width:.1f}%"></i>'
    mark = f'<u style="left: {100 * estimate.value:.1f}%"></u>'
    return f'<div class="leuk-range" aria-hidden="true">{bar}{mark}</div>'


def class_rows(evaluation: SourceEvaluation) -> list[dict[str, object]]:
    """Give the figures of each class that the source holds or that was answered."""
    return [
        {
            "class": theme.marked(metrics.class_name),
            "images": metrics.support,
            "sensitivity": metrics.recall,
            "precision": metrics.precision,
            "F1": metrics.f1,
            "AUROC": metrics.auroc,
            "AUPRC": metrics.auprc,
        }
        for metrics in evaluation.result.report.per_class
    ]
