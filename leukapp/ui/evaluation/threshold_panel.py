"""Section "Threshold": what one threshold would do, live."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.operating_point import (
    OperatingPoint,
    Target,
    ThresholdSweep,
    operating_point,
    targets_of,
    threshold_sweep,
)
from leukapp.evaluation.report import format_estimate
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, two_places
from leukapp.ui.evaluation.figure_style import accent_color, finish_figure, share_axis
from leukapp.ui.evaluation.matrix import build_matrix
from leukapp.ui.evaluation.metric_cards import Card, show_cards, show_false_alarms, show_side_head
from leukapp.ui.evaluation.side import Side
from leukapp.ui.guarded import guarded_fragment
from leukapp.ui.texts import evaluation as texts

DEFAULT_THRESHOLD: Final = 0.5
DEFAULT_PREVALENCE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdChoice:
    """What the reader set.

    Attributes:
        target: what counts as positive.
        threshold: 0-1.
        prevalence: 0-1.
    """

    target: Target
    threshold: float
    prevalence: float


@guarded_fragment()
def show_thresholds(sides: tuple[Side, ...]) -> None:
    """Write the controls and what follows for each side; they redraw this part alone."""
    st.caption(texts.THRESHOLD_NOTE)
    choice = _choose(sides)
    for column, side in zip(st.columns(len(sides), gap="large"), sides, strict=True):
        with column:
            _show_side(side, choice)


def _choose(sides: tuple[Side, ...]) -> ThresholdChoice:
    """Ask what is positive, from where it is flagged, and how common it is."""
    first, second, third = st.columns([1.3, 2, 1], gap="medium")
    # A class that one of two sides does not know cannot be asked of both.
    of_sides = [targets_of(side.evaluation.held_out) for side in sides]
    target = first.selectbox(
        texts.TARGET_LABEL,
        [name for name in of_sides[0] if all(name in others for others in of_sides)],
        format_func=lambda name: texts.TARGETS[name],
        key="target",
    )
    threshold = second.slider(
        texts.THRESHOLD_LABEL, 0.0, 1.0, DEFAULT_THRESHOLD, 0.01, key="flag_threshold"
    )
    percent = third.number_input(
        texts.PREVALENCE_LABEL,
        min_value=0.0,
        max_value=100.0,
        value=100 * DEFAULT_PREVALENCE,
        step=1.0,
        format="%.1f",
        help=texts.PREVALENCE_HELP,
        key="prevalence",
    )
    return ThresholdChoice(target=target, threshold=threshold, prevalence=percent / 100)


def _show_side(side: Side, choice: ThresholdChoice) -> None:
    """Write the rates, the live table and the rates at every threshold of one side."""
    held_out, dark = side.evaluation.held_out, theme.is_dark()
    point = operating_point(
        held_out, choice.target, threshold=choice.threshold, prevalence=choice.prevalence
    )
    sweep = threshold_sweep(held_out, choice.target)
    show_side_head(side)
    show_cards(
        (
            Card(title=texts.SENSITIVITY, estimate=point.sensitivity, note=texts.SENSITIVITY_NOTE),
            Card(title=texts.SPECIFICITY, estimate=point.specificity, note=texts.SPECIFICITY_NOTE),
            Card(title=texts.PPV, estimate=point.ppv, note=texts.PPV_NOTE),
            Card(title=texts.NPV, estimate=point.npv, note=texts.NPV_NOTE),
        )
    )
    places = two_places(side)
    with places[0]:
        st.markdown(f"**{texts.TWO_WAY_TITLE}**")
        figure = build_two_way_figure(point, side, dark=dark)
        show_figure(figure, point_table(point), side, name="threshold")
        is_alarm = choice.target == "leukemia"
        show_false_alarms(side.evaluation, n_flagged=point.n_false_positive if is_alarm else None)
    with places[1]:
        st.markdown(f"**{texts.SWEEP_TITLE}**")
        figure = build_sweep_figure(sweep, point, side, dark=dark)
        show_figure(figure, sweep_table(sweep), side, name="sweep")


def build_two_way_figure(point: OperatingPoint, side: Side, *, dark: bool) -> go.Figure:
    """Build the two-way table: rows positive and other, columns flagged and not."""
    counts = np.array(
        [
            [point.n_true_positive, point.n_false_negative],
            [point.n_false_positive, point.n_true_negative],
        ]
    )
    figure = build_matrix(
        counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
        tuple(tuple(str(count) for count in row) for row in counts),
        (texts.POSITIVE, texts.NEGATIVE),
        (texts.FLAGGED, texts.NOT_FLAGGED),
        dark=dark,
    )
    return finish_figure(figure, side, dark=dark, height_px=380, bottom_px=56)


def build_sweep_figure(
    sweep: ThresholdSweep, point: OperatingPoint, side: Side, *, dark: bool
) -> go.Figure:
    """Build both rates over the threshold, with a line at the chosen one."""
    figure = go.Figure()
    for name, values, dash in (
        (texts.SENSITIVITY, sweep.sensitivity, "solid"),
        (texts.SPECIFICITY, sweep.specificity, "dash"),
    ):
        figure.add_scatter(
            x=sweep.thresholds,
            y=values,
            mode="lines",
            name=name,
            line={
                "dash": dash,
                "width": 2.5,
                "color": accent_color(dark=dark)
                if dash == "solid"
                else theme.color_of(None, dark=dark),
            },
            hovertemplate="%{x:.2f}: %{y:.3f}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=point.threshold, line_color=theme.text_color(dark=dark), line_width=1.5)
    figure.update_xaxes(share_axis(texts.THRESHOLD_LABEL))
    figure.update_yaxes(share_axis(""))
    return finish_figure(figure, side, dark=dark, height_px=380)


def point_table(point: OperatingPoint) -> pd.DataFrame:
    """Give the operating point as one row."""
    return pd.DataFrame(
        [
            {
                "positive": texts.TARGETS[point.target],
                "threshold": point.threshold,
                "prevalence": point.prevalence,
                "true_positive": point.n_true_positive,
                "false_negative": point.n_false_negative,
                "false_positive": point.n_false_positive,
                "true_negative": point.n_true_negative,
                "sensitivity": format_estimate(point.sensitivity),
                "specificity": format_estimate(point.specificity),
                "ppv": format_estimate(point.ppv),
                "npv": format_estimate(point.npv),
            }
        ]
    )


def sweep_table(sweep: ThresholdSweep) -> pd.DataFrame:
    """Give both rates at every threshold."""
    return pd.DataFrame(
        {
            "threshold": sweep.thresholds,
            "sensitivity": sweep.sensitivity,
            "specificity": sweep.specificity,
        }
    )
