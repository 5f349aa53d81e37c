"""Section "Overview": every source of the chosen tables, each on its own."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.report import PROTOCOL_TEXTS, format_estimate
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, show_numbers
from leukapp.ui.evaluation.figure_style import (
    accent_color,
    finish_figure,
    interval_bars,
    share_axis,
)
from leukapp.ui.evaluation.metric_cards import (
    cards_of,
    class_rows,
    show_cards,
    show_false_alarms,
    show_side_head,
)
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.table_choice import evaluation_of
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import branch_title

ROW_HEIGHT_PX = 34


def show_overview(side: Side) -> None:
    """Write the cards of the source, then all sources of its table beside each other."""
    show_side_head(side)
    show_cards(cards_of(side.evaluation))
    show_false_alarms(side.evaluation)
    st.markdown(f"**{texts.PER_CLASS}**")
    show_numbers(pd.DataFrame(class_rows(side.evaluation)), side, name="classes", fold=False)
    evaluations = {
        source: evaluation_of(side.table, source, is_upload=side.is_upload)
        for source in side.table.held_out.source_names
    }
    st.markdown(f"**{texts.SOURCES_TITLE}**", help=texts.SOURCES_HELP)
    figure = build_sources_figure(evaluations, side, dark=theme.is_dark())
    show_figure(figure, source_table(evaluations), side, name="sources", fold=False, turn=True)


def build_sources_figure(
    evaluations: dict[str, SourceEvaluation], side: Side, *, dark: bool
) -> go.Figure:
    """Build one line a source: balanced accuracy with its interval, and the baseline.

    Args:
        evaluations: by source.
        side: the set whose sources they are.
        dark: draw for the dark theme.
    """
    names = list(evaluations)
    estimates = [evaluation.balanced_accuracy for evaluation in evaluations.values()]
    figure = go.Figure()
    figure.add_scatter(
        x=[estimate.value for estimate in estimates],
        y=names,
        mode="markers",
        name=texts.SOURCES_NETWORK,
        marker={"size": 11, "color": accent_color(dark=dark)},
        error_x=interval_bars(estimates),
        text=[format_estimate(estimate) for estimate in estimates],
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    baselines = {
        name: evaluation.background_balanced_accuracy
        for name, evaluation in evaluations.items()
        if evaluation.background_balanced_accuracy is not None
    }
    figure.add_scatter(
        x=list(baselines.values()),
        y=list(baselines),
        mode="markers",
        name=texts.SOURCES_BACKGROUND,
        marker={
            "symbol": "x",
            "size": 11,
            "color": theme.color_of(None, dark=dark),
        },
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    figure.update_xaxes(share_axis(texts.BALANCED_ACCURACY))
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    height_px = 200 + ROW_HEIGHT_PX * len(names)
    return finish_figure(figure, side, dark=dark, height_px=height_px)


def source_table(evaluations: dict[str, SourceEvaluation]) -> pd.DataFrame:
    """Give every source's figures as text, with their intervals."""
    rows = []
    for source, evaluation in evaluations.items():
        result, report = evaluation.result, evaluation.result.report
        background = evaluation.background_balanced_accuracy
        row = {
            "source": source,
            "protocol": PROTOCOL_TEXTS[result.protocol],
            "images": report.n_images,
            "groups": str(report.n_groups) if report.groups_known else "unknown",
            "balanced accuracy": format_estimate(evaluation.balanced_accuracy),
            "background only": "-" if background is None else f"{background:.3f}",
            "accuracy": format_estimate(report.accuracy),
            "AUROC leukemia": format_estimate(report.leukemia_auroc),
            "coverage": format_estimate(evaluation.coverage),
            "accuracy of called": format_estimate(report.accuracy_of_called),
            "Healthy called leukemia": format_estimate(report.leukemia_call_rate_of_healthy),
            "ECE": f"{result.ece:.3f}",
            "Brier": f"{result.brier:.3f}",
        }
        for branch in result.branch_accuracies:
            heading = texts.ALONE.format(branch=branch_title(branch.name))
            row[heading] = format_estimate(branch.accuracy)
        rows.append(row)
    return pd.DataFrame(rows)
