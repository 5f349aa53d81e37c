"""Section "Calibration": whether a probability means what it says, and what abstaining buys."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, two_places
from leukapp.ui.evaluation.figure_style import accent_color, finish_figure, grid_color, share_axis
from leukapp.ui.evaluation.metric_cards import show_side_head
from leukapp.ui.evaluation.side import Side
from leukapp.ui.texts import evaluation as texts

SMALLEST_MARK_PX, LARGEST_MARK_PX = 7, 34


def show_calibration(side: Side) -> None:
    """Write the reliability figure and the risk-coverage figure of a side."""
    show_side_head(side)
    dark, evaluation = theme.is_dark(), side.evaluation
    result, places = evaluation.result, two_places(side)
    with places[0]:
        st.markdown(f"**{texts.CALIBRATION_TITLE}**", help=texts.CALIBRATION_HELP)
        st.caption(texts.CALIBRATION_LINE.format(ece=result.ece, brier=result.brier))
        figure = build_reliability_figure(evaluation, side, dark=dark)
        show_figure(figure, reliability_table(evaluation), side, name="calibration")
    with places[1]:
        st.markdown(f"**{texts.RISK_TITLE}**", help=texts.RISK_HELP)
        st.caption(texts.RISK_AREA.format(area=evaluation.risk_coverage.area))
        figure = build_risk_figure(evaluation, side, dark=dark)
        show_figure(figure, risk_table(evaluation), side, name="risk-coverage")


def build_reliability_figure(evaluation: SourceEvaluation, side: Side, *, dark: bool) -> go.Figure:
    """Build top probability against the share that is right; larger marks hold more images."""
    bins = [level for level in evaluation.reliability if level.n_images]
    largest = max(level.n_images for level in bins)
    spread = LARGEST_MARK_PX - SMALLEST_MARK_PX
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=texts.CALIBRATED_LINE,
        line={"dash": "dot", "color": grid_color(dark=dark)},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[level.mean_confidence for level in bins],
        y=[level.accuracy for level in bins],
        mode="lines+markers",
        name=texts.BIN_NAME,
        line={"color": accent_color(dark=dark), "width": 1.5},
        marker={
            "color": accent_color(dark=dark),
            "opacity": 0.85,
            "size": [
                SMALLEST_MARK_PX + spread * (level.n_images / largest) ** 0.5 for level in bins
            ],
        },
        customdata=[level.n_images for level in bins],
        hovertemplate="%{x:.3f}: %{y:.3f}, %{customdata} images<extra></extra>",
    )
    figure.update_xaxes(share_axis(texts.TOP_PROBABILITY))
    figure.update_yaxes(share_axis(texts.SHARE_RIGHT))
    return finish_figure(figure, side, dark=dark, height_px=430)


def reliability_table(evaluation: SourceEvaluation) -> pd.DataFrame:
    """Give the bins that hold an image."""
    return pd.DataFrame(
        {
            "from": level.low,
            "to": level.high,
            "images": level.n_images,
            "mean_top_probability": level.mean_confidence,
            "share_right": level.accuracy,
        }
        for level in evaluation.reliability
        if level.n_images
    )


def build_risk_figure(evaluation: SourceEvaluation, side: Side, *, dark: bool) -> go.Figure:
    """Build the share of wrong calls over coverage, with the bundle's own calls marked."""
    curve, report = evaluation.risk_coverage, evaluation.result.report
    figure = go.Figure()
    figure.add_scatter(
        x=curve.coverage,
        y=curve.risk,
        mode="lines",
        name=texts.RISK,
        line={"color": accent_color(dark=dark), "width": 2.5, "shape": "vh"},
        customdata=curve.thresholds,
        hovertemplate="%{x:.3f} called: %{y:.3f} wrong, from %{customdata:.3f}<extra></extra>",
        showlegend=False,
    )
    if report.accuracy_of_called is not None:
        figure.add_scatter(
            x=[report.coverage],
            y=[1 - report.accuracy_of_called.value],
            mode="markers",
            name=texts.RISK_OWN,
            marker={
                "symbol": "star",
                "size": 15,
                "color": theme.text_color(dark=dark),
            },
            hovertemplate="%{x:.3f} called: %{y:.3f} wrong<extra></extra>",
        )
    figure.update_xaxes(share_axis(texts.COVERAGE))
    figure.update_yaxes(title={"text": texts.RISK}, rangemode="tozero")
    return finish_figure(figure, side, dark=dark, height_px=430)


def risk_table(evaluation: SourceEvaluation) -> pd.DataFrame:
    """Give the points of the risk-coverage curve."""
    curve = evaluation.risk_coverage
    return pd.DataFrame(
        {"coverage": curve.coverage, "risk": curve.risk, "called_from": curve.thresholds}
    )
