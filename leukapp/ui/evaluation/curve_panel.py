"""Section "ROC and PR": curves of each class with their bands."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.curve_bands import CurveKind, CurveWithBand
from leukapp.evaluation.report import format_estimate
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, two_places
from leukapp.ui.evaluation.figure_style import (
    band_color,
    finish_figure,
    grid_color,
    share_axis,
)
from leukapp.ui.evaluation.metric_cards import show_side_head
from leukapp.ui.evaluation.network_choice import choose_network
from leukapp.ui.evaluation.side import Origin, Side
from leukapp.ui.texts import evaluation as texts

N_MARKS = 9
HEIGHT_PX = 470


def show_curves(side: Side) -> None:
    """Write the ROC and the precision figure of a side, or why there is none."""
    show_side_head(side)
    side = choose_network(side)
    if not side.evaluation.roc_curves:
        st.info(texts.NO_CURVES, icon=":material/info:")
        return
    dark = theme.is_dark()
    places = two_places(side)
    with places[0]:
        st.markdown(f"**{texts.ROC_TITLE}**", help=texts.ROC_HELP)
        roc = side.evaluation.roc_curves
        show_figure(build_curve_figure(roc, side, dark=dark), curve_table(roc), side, name="roc")
    with places[1]:
        st.markdown(f"**{texts.PR_TITLE}**", help=texts.PR_HELP)
        precision = side.evaluation.pr_curves
        figure = build_curve_figure(precision, side, dark=dark)
        show_figure(figure, curve_table(precision), side, name="pr")


def build_curve_figure(curves: tuple[CurveWithBand, ...], side: Side, *, dark: bool) -> go.Figure:
    """Build the curves of one kind, each with its band, color, dash and marks.

    Args:
        curves: at least one, all of one kind.
        side: the set they are of.
        dark: draw for the dark theme.
    """
    figure = go.Figure()
    is_roc = curves[0].kind == "roc"
    if is_roc:
        figure.add_scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"dash": "dot", "color": grid_color(dark=dark)},
            hoverinfo="skip",
            showlegend=False,
        )
    for curve in curves:
        add_band(figure, curve, band_color(curve.class_name, dark=dark), group=curve.class_name)
    for curve in curves:
        _add_curve(figure, curve, dark=dark)
        if not is_roc:
            figure.add_hline(y=curve.chance, line_dash="dot", line_color=grid_color(dark=dark))
    return curve_axes(figure, curves[0].kind, side, dark=dark)


def curve_axes(figure: go.Figure, kind: CurveKind, origin: Origin, *, dark: bool) -> go.Figure:
    """Give a figure of curves its axes, its size and a legend that covers no good curve.

    Args:
        figure: changed in place.
        kind: of its curves.
        origin: what it is of.
        dark: draw for the dark theme.

    Returns:
        The same figure.
    """
    is_roc = kind == "roc"
    figure.update_xaxes(share_axis(texts.FALSE_POSITIVE_RATE if is_roc else texts.SENSITIVITY))
    figure.update_yaxes(share_axis(texts.SENSITIVITY if is_roc else texts.PRECISION))
    finish_figure(figure, origin, dark=dark, height_px=HEIGHT_PX)
    # The corner that a good curve leaves empty; above the plot a long legend meets the toolbar.
    corner = {"x": 0.99, "xanchor": "right"} if is_roc else {"x": 0.01, "xanchor": "left"}
    legend = {"orientation": "v", "y": 0.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    return figure.update_layout(legend=legend | corner, margin={"t": 40})


def add_band(figure: go.Figure, curve: CurveWithBand, color: str, *, group: str) -> None:
    """Fill the area between the ends of the interval, where it is defined.

    Args:
        figure: changed in place.
        curve: whose band it is.
        color: of the fill, as Plotly writes it.
        group: of the legend; hides the band together with its curve.
    """
    defined = np.isfinite(curve.band_low) & np.isfinite(curve.band_high)
    x = curve.band_x[defined]
    if not len(x):
        return
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([curve.band_high[defined], curve.band_low[defined][::-1]]),
        fill="toself",
        fillcolor=color,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group,
    )


def _add_curve(figure: go.Figure, curve: CurveWithBand, *, dark: bool) -> None:
    """Draw the curve, with a few of its points marked so that color is not alone."""
    area = format_estimate(curve.area)
    step = max(1, len(curve.x) // N_MARKS)
    figure.add_scatter(
        x=curve.x,
        y=curve.y,
        mode="lines+markers",
        name=texts.CURVE_NAME.format(label=curve.class_name, area=area),
        legendgroup=curve.class_name,
        line={
            "color": theme.color_of(curve.class_name, dark=dark),
            "dash": theme.style_of(curve.class_name).dash,
            "width": 2.5,
            "shape": "linear" if curve.kind == "roc" else "vh",
        },
        marker={
            "symbol": theme.style_of(curve.class_name).symbol,
            "size": [9 if index % step == 0 else 0 for index in range(len(curve.x))],
        },
        hovertemplate="%{x:.3f}, %{y:.3f}<extra>" + curve.class_name + "</extra>",
    )


def curve_table(curves: tuple[CurveWithBand, ...]) -> pd.DataFrame:
    """Give the points of the curves, and the band on its grid, one row a point."""
    parts = []
    for curve in curves:
        is_roc = curve.kind == "roc"
        x = "false_positive_rate" if is_roc else "sensitivity"
        y = "sensitivity" if is_roc else "precision"
        parts += [
            pd.DataFrame(
                {"class": curve.class_name, "what": "curve", f"x_{x}": curve.x, f"y_{y}": curve.y}
            ),
            pd.DataFrame(
                {
                    "class": curve.class_name,
                    "what": "band of 95 %",
                    f"x_{x}": curve.band_x,
                    "low": curve.band_low,
                    "high": curve.band_high,
                }
            ),
            pd.DataFrame(
                {
                    "class": curve.class_name,
                    "what": "area",
                    f"y_{y}": [curve.area.value],
                    "low": [curve.area.low],
                    "high": [curve.area.high],
                }
            ),
        ]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)
