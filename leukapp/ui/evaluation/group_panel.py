"""Section "Groups": how the bundle does in each patient or block."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.group_rows import GroupRow
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, show_numbers, two_places
from leukapp.ui.evaluation.figure_style import accent_color, finish_figure
from leukapp.ui.evaluation.metric_cards import show_side_head
from leukapp.ui.evaluation.side import Side
from leukapp.ui.texts import evaluation as texts

N_BINS = 10


def show_groups(side: Side) -> None:
    """Write how the groups of a side spread, and each of them."""
    show_side_head(side)
    rows = side.evaluation.groups
    table = group_table(rows, side.evaluation.held_out.class_names)
    places = two_places(side)
    with places[0]:
        st.markdown(f"**{texts.GROUPS_TITLE}**", help=texts.GROUPS_HELP)
        show_numbers(table, side, name="groups", fold=False)
    with places[1]:
        st.markdown(f"**{texts.GROUPS_FIGURE}**")
        figure = build_group_figure(rows, side, dark=theme.is_dark())
        show_figure(figure, table, side, name="group-accuracy")


def build_group_figure(rows: tuple[GroupRow, ...], side: Side, *, dark: bool) -> go.Figure:
    """Build the histogram of the groups' accuracies."""
    figure = go.Figure(
        go.Histogram(
            x=[row.accuracy for row in rows],
            xbins={"start": 0, "end": 1 + 1 / N_BINS, "size": 1 / N_BINS},
            marker={"color": accent_color(dark=dark)},
            hovertemplate="%{x}: %{y}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0.06)
    figure.update_xaxes(title={"text": texts.GROUP_ACCURACY}, range=[0, 1 + 1 / N_BINS])
    figure.update_yaxes(title={"text": texts.N_OF_GROUPS})
    return finish_figure(figure, side, dark=dark, height_px=380)


def group_table(rows: tuple[GroupRow, ...], class_names: tuple[str, ...]) -> pd.DataFrame:
    """Give one row a group."""
    return pd.DataFrame(
        {
            "group": row.group,
            "known": row.is_known,
            "images": row.n_images,
            **dict(zip(class_names, row.support, strict=True)),
            "right": row.n_right,
            "accuracy": row.accuracy,
            "called": row.n_called,
            "wrong_calls": row.n_wrong_calls,
        }
        for row in rows
    )
