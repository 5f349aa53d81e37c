"""All sources of a bundle in one table that can be sorted; a click on a row shows that source."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.report import format_estimate
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_csv, show_figure
from leukapp.ui.evaluation.figure_style import (
    accent_color,
    finish_figure,
    interval_bars,
    share_axis,
)
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.evaluation.table_choice import (
    choose_source,
    evaluation_of,
    tables_beside,
)
from leukapp.ui.guarded import guarded
from leukapp.ui.texts import evaluation as texts

ROW_HEIGHT_PX = 34


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceRow:
    """One source of one table.

    Attributes:
        option_key: of the table in the menu.
        source: as the table names it.
        evaluation: its figures.
    """

    option_key: str
    source: str
    evaluation: SourceEvaluation


def show_sources(side: Side) -> None:
    """Write the table of all sources and the figure of their accuracies.

    Args:
        side: whose bundle's tables are looked at; an uploaded table stands alone.
    """
    rows = rows_beside(side)
    st.markdown(f"**{texts.SOURCES_TITLE}**", help=texts.SOURCES_HELP)
    key = f"sources-{side.key}"

    def take_click() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen:
            choose_source(rows[chosen[0]].option_key, rows[chosen[0]].source)

    table = source_table(rows)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            texts.SOURCE_LABEL: st.column_config.TextColumn(pinned=True),
            **{
                name: st.column_config.NumberColumn(format="%.3f")
                for name in table.select_dtypes("float").columns
            },
        },
        placeholder="–",
        height="content",
        on_select=guarded(take_click),
        selection_mode="single-row",
        alt=texts.SOURCES_TITLE,
        key=key,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        show_csv(table, side, name="sources")
        st.caption(texts.SOURCES_HINT)
    with st.expander(texts.SOURCES_FIGURE):
        figure = build_sources_figure(rows, side, dark=theme.is_dark())
        show_figure(figure, table, side, name="source-accuracy")


def rows_beside(side: Side) -> tuple[SourceRow, ...]:
    """Give every source of every table of a side's bundle; one that is damaged says so instead.

    Args:
        side: whose bundle it is.
    """
    return tuple(
        SourceRow(
            option_key=key,
            source=source,
            evaluation=evaluation_of(table, source, is_upload=side.is_upload),
        )
        for key, table in tables_beside(side)
        for source in table.held_out.source_names
    )


def source_table(rows: tuple[SourceRow, ...]) -> pd.DataFrame:
    """Give one row a source, its figures as numbers, which can be sorted."""
    lines = []
    for row in rows:
        evaluation, report = row.evaluation, row.evaluation.result.report
        balanced = evaluation.balanced_accuracy
        lines.append(
            {
                texts.SOURCE_LABEL: source_title(row.source),
                texts.HELD_OUT_COLUMN: texts.PROTOCOL_BADGES[evaluation.result.protocol],
                texts.IMAGES_COLUMN: report.n_images,
                texts.GROUPS_COLUMN: report.n_groups if report.groups_known else None,
                texts.BALANCED_ACCURACY: balanced.value,
                texts.LOW_COLUMN: balanced.low,
                texts.HIGH_COLUMN: balanced.high,
                texts.BACKGROUND: evaluation.background_balanced_accuracy,
                texts.LEUKEMIA_AUROC: _value(report.leukemia_auroc),
                texts.COVERAGE: evaluation.coverage.value,
                texts.ACCURACY_OF_CALLED: _value(report.accuracy_of_called),
                texts.FALSE_ALARMS: _value(report.leukemia_call_rate_of_healthy),
            }
        )
    table = pd.DataFrame(lines)
    counts = [texts.IMAGES_COLUMN, texts.GROUPS_COLUMN]
    words = [texts.SOURCE_LABEL, texts.HELD_OUT_COLUMN]
    return table.astype(
        {name: "Int64" if name in counts else float for name in table.columns if name not in words}
    )


def build_sources_figure(rows: tuple[SourceRow, ...], side: Side, *, dark: bool) -> go.Figure:
    """Build one line a source: balanced accuracy with its interval, and the baseline.

    Args:
        rows: the sources.
        side: the set that the figure's line names.
        dark: draw for the dark theme.
    """
    estimates = [row.evaluation.balanced_accuracy for row in rows]
    figure = go.Figure()
    figure.add_scatter(
        x=[estimate.value for estimate in estimates],
        y=[source_title(row.source) for row in rows],
        mode="markers",
        name=texts.SOURCES_NETWORK,
        marker={"size": 11, "color": accent_color(dark=dark)},
        error_x=interval_bars(estimates),
        text=[format_estimate(estimate) for estimate in estimates],
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    measured = [row for row in rows if row.evaluation.background_balanced_accuracy is not None]
    figure.add_scatter(
        x=[row.evaluation.background_balanced_accuracy for row in measured],
        y=[source_title(row.source) for row in measured],
        mode="markers",
        name=texts.SOURCES_BACKGROUND,
        marker={"symbol": "x", "size": 11, "color": theme.color_of(None, dark=dark)},
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    figure.update_xaxes(share_axis(texts.BALANCED_ACCURACY))
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    height_px = 200 + ROW_HEIGHT_PX * len(rows)
    return finish_figure(figure, side, dark=dark, height_px=height_px)


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value
