"""Bars of the calibrated probabilities, and the table with the same numbers."""

import plotly.graph_objects as go
import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.ui import texts, theme
from leukapp.ui.wording import branch_title, percent

CHART_HEIGHT_PX = 190


def build_probability_chart(
    probabilities: ClassProbabilities, *, dark: bool, is_call: bool = True
) -> go.Figure:
    """Build the bar chart as a Plotly figure.

    Args:
        probabilities: the fused decision's calibrated probabilities.
        dark: draw for the dark theme.
        is_call: whether they are an answer; else the bars are gray.

    Returns:
        One bar a class, top to bottom in the bundle's order, each with its mark, color and number.
    """
    names = probabilities.class_names
    text_color = theme.text_color(dark=dark)
    figure = go.Figure(
        go.Bar(
            x=list(probabilities.values),
            y=[theme.marked(name) for name in names],
            text=[percent(value) for value in probabilities.values],
            marker={
                "color": [theme.color_of(name if is_call else None, dark=dark) for name in names]
            },
            orientation="h",
            textposition="outside",
            textfont={"size": 15, "color": text_color},
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(
        height=CHART_HEIGHT_PX,
        margin={"l": 0, "r": 60, "t": 6, "b": 24},
        bargap=0.38,
        showlegend=False,
        xaxis={
            "range": [0, 1],
            "tickformat": ".0%",
            "tickvals": [0, 0.5, 1],
            "fixedrange": True,
            "zeroline": True,
        },
        yaxis={
            "autorange": "reversed",
            "fixedrange": True,
            "tickfont": {"size": 15, "color": text_color},
        },
    )
    return figure


def show_probability_chart(probabilities: ClassProbabilities, *, is_call: bool) -> None:
    """Write the bar chart with its heading and help text.

    Args:
        probabilities: the fused decision's calibrated probabilities.
        is_call: whether they are an answer; else the bars are gray.
    """
    st.markdown(f"**{texts.PROBABILITIES}**", help=texts.PROBABILITIES_HELP)
    values = ", ".join(f"{name} {percent(p)}" for name, p in probabilities.as_dict().items())
    st.plotly_chart(
        build_probability_chart(probabilities, dark=theme.is_dark(), is_call=is_call),
        config={"displayModeBar": False},
        alt=texts.CHART_ALT.format(values=values),
        key="probability_chart",
    )


def build_probability_rows(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """Give the table beside the chart: column heading to cells, one row a class."""
    rows = {texts.TABLE_CLASS: [theme.marked(name) for name in diagnosis.class_names]}
    if diagnosis.probabilities is not None:
        rows[texts.TABLE_FUSED] = [percent(value) for value in diagnosis.probabilities.values]
    for branch in diagnosis.branches:
        heading = texts.TABLE_BRANCH.format(branch=branch_title(branch.name))
        rows[heading] = [percent(value) for value in branch.probabilities.values]
    return rows


def show_probability_table(diagnosis: Diagnosis) -> None:
    """Write the table of every probability."""
    st.dataframe(build_probability_rows(diagnosis), hide_index=True, width="stretch")
