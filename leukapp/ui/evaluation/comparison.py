"""A and B in one figure, with the interval of their difference on the images that both hold."""

from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.curve_bands import CurveKind, CurveWithBand
from leukapp.evaluation.differences import FigureDifference, FigureName, figure_differences
from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.report import format_estimate
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.labels import LEUKEMIA
from leukapp.ui import theme
from leukapp.ui.evaluation.curve_panel import add_band, curve_axes, curve_table
from leukapp.ui.evaluation.figure_box import show_figure
from leukapp.ui.evaluation.figure_style import (
    accent_color,
    finish_figure,
    interval_bars,
    share_axis,
    translucent,
)
from leukapp.ui.evaluation.side import Side, SideName
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.texts import evaluation as texts

FIGURE_TITLES: Final[dict[FigureName, str]] = {
    "balanced_accuracy": texts.BALANCED_ACCURACY,
    "accuracy": texts.ACCURACY,
    "leukemia_auroc": texts.LEUKEMIA_AUROC,
    "coverage": texts.COVERAGE,
    "false_alarm_rate": texts.FALSE_ALARMS,
}
DASHES: Final[dict[SideName, str]] = {"A": "solid", "B": "dash"}
SYMBOLS: Final[dict[SideName, str]] = {"A": "circle", "B": "diamond-open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOrigin:
    """What a figure of two sides is of.

    Attributes:
        title: both tables.
        source: both sources.
        protocol: both protocols.
        bundle_sha256: of both bundles; once where they are the same.
        key: part of the keys of its widgets.
    """

    title: str
    source: str
    protocol: str
    bundle_sha256: str
    key: str


def origin_of(first: Side, second: Side) -> PairOrigin:
    """Give what a figure of two sides is of; what is the same in both is said once."""

    def both(of_first: str, of_second: str) -> str:
        return of_first if of_first == of_second else f"{of_first} | {of_second}"

    return PairOrigin(
        title=both(first.title, second.title),
        source=both(source_title(first.source), source_title(second.source)),
        protocol=both(first.protocol, second.protocol),
        bundle_sha256=both(first.bundle_sha256, second.bundle_sha256),
        key=f"{first.key}-{second.key}",
    )


def show_comparison(first: Side, second: Side) -> None:
    """Write both sides' figures over each other, and their differences with intervals."""
    origin, dark = origin_of(first, second), theme.is_dark()
    st.markdown(f"**{texts.BOTH_TITLE}**", help=texts.BOTH_HELP)
    differences = figure_differences(first.evaluation.held_out, second.evaluation.held_out)
    figure = build_both_figure((first, second), origin, dark=dark)
    table = difference_table(first, second, differences)
    show_figure(figure, table, origin, name="both", fold=False)


def show_curves_of_both(first: Side, second: Side) -> None:
    """Write the ROC and the precision curve of one class, of both sides over each other."""
    origin, dark = origin_of(first, second), theme.is_dark()
    pairs = curves_of_both(first, second)
    shared = list(dict.fromkeys(curves[0].class_name for curves in pairs))
    if not shared:
        st.info(texts.NO_SHARED_CURVES, icon=":material/info:")
        return
    name = st.segmented_control(
        texts.CURVES_OF,
        shared,
        default=LEUKEMIA if LEUKEMIA in shared else shared[0],
        required=True,
        format_func=theme.marked,
        key=f"curve-class-{origin.key}",
    )
    titles: dict[CurveKind, tuple[str, str]] = {
        "roc": (texts.ROC_TITLE, texts.ROC_HELP),
        "pr": (texts.PR_TITLE, texts.PR_HELP),
    }
    chosen = [curves for curves in pairs if curves[0].class_name == name]
    for place, curves in zip(st.columns(len(chosen), gap="medium"), chosen, strict=True):
        kind = curves[0].kind
        title, help_text = titles[kind]
        with place:
            st.markdown(f"**{title}**", help=help_text)
            figure = build_curves_of_both(curves, origin, dark=dark)
            show_figure(figure, table_of_both(curves), origin, name=f"both-{kind}")


def curves_of_both(first: Side, second: Side) -> tuple[tuple[CurveWithBand, CurveWithBand], ...]:
    """Give the curves of A and of B in pairs, of every class and kind that both have."""
    kinds = (
        (first.evaluation.roc_curves, second.evaluation.roc_curves),
        (first.evaluation.pr_curves, second.evaluation.pr_curves),
    )
    return tuple(
        (of_first, of_second)
        for firsts, seconds in kinds
        for of_first in firsts
        for of_second in seconds
        if of_first.class_name == of_second.class_name
    )


def table_of_both(curves: tuple[CurveWithBand, CurveWithBand]) -> pd.DataFrame:
    """Give the points of a curve of A and of B, one row a point."""
    return pd.concat(
        curve_table((curve,)).assign(set=side)
        for side, curve in zip(("A", "B"), curves, strict=True)
    )


def build_both_figure(sides: tuple[Side, Side], origin: PairOrigin, *, dark: bool) -> go.Figure:
    """Build one line a figure, with the mark and the interval of each side.

    Args:
        sides: A and B, each on all of its images.
        origin: of the figure.
        dark: draw for the dark theme.
    """
    figure = go.Figure()
    for side, shift in zip(sides, (-0.16, 0.16), strict=True):
        estimates = main_figures(side.evaluation)
        figure.add_scatter(
            x=[estimate.value for estimate in estimates.values()],
            # Numbers, not names, so that the two marks of a line do not cover each other.
            y=[list(FIGURE_TITLES).index(name) + shift for name in estimates],
            mode="markers",
            name=_side_title(side),
            marker={
                "size": 11,
                "symbol": SYMBOLS[side.name],
                "color": side_color(side.name, dark=dark),
            },
            error_x=interval_bars(list(estimates.values())),
            text=[
                f"{FIGURE_TITLES[name]} {format_estimate(estimate)}"
                for name, estimate in estimates.items()
            ],
            hovertemplate="%{text}<extra>" + side.name + "</extra>",
        )
    figure.update_xaxes(share_axis(""))
    figure.update_yaxes(
        tickvals=list(range(len(FIGURE_TITLES))),
        ticktext=list(FIGURE_TITLES.values()),
        range=[len(FIGURE_TITLES) - 0.5, -0.5],
        automargin=True,
        zeroline=False,
    )
    return finish_figure(figure, origin, dark=dark, height_px=430)


def main_figures(evaluation: SourceEvaluation) -> dict[FigureName, Estimate]:
    """Give the figures that are compared, as far as a source defines them."""
    report = evaluation.result.report
    found: dict[FigureName, Estimate | None] = {
        "balanced_accuracy": evaluation.balanced_accuracy,
        "accuracy": report.accuracy,
        "leukemia_auroc": report.leukemia_auroc,
        "coverage": evaluation.coverage,
        "false_alarm_rate": report.leukemia_call_rate_of_healthy,
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def difference_table(
    first: Side, second: Side, differences: tuple[FigureDifference, ...]
) -> pd.DataFrame:
    """Give each side's figures on all of its images, and the difference on the shared ones."""
    of_first, of_second = main_figures(first.evaluation), main_figures(second.evaluation)
    of_both = {one.name: one.difference for one in differences}
    return pd.DataFrame(
        {
            texts.FIGURE_COLUMN: title,
            "A": format_estimate(of_first.get(name)),
            "B": format_estimate(of_second.get(name)),
            texts.A_MINUS_B: format_estimate(of_both.get(name)),
        }
        for name, title in FIGURE_TITLES.items()
    )


def build_curves_of_both(
    curves: tuple[CurveWithBand, CurveWithBand], origin: PairOrigin, *, dark: bool
) -> go.Figure:
    """Build one class's curve of both sides with their bands.

    Args:
        curves: of A and of B, of one kind and class.
        origin: of the figure.
        dark: draw for the dark theme.
    """
    figure = go.Figure()
    names: tuple[SideName, SideName] = ("A", "B")
    for name, curve in zip(names, curves, strict=True):
        add_band(figure, curve, translucent(side_color(name, dark=dark)), group=name)
    for name, curve in zip(names, curves, strict=True):
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            mode="lines",
            name=texts.CURVE_NAME.format(label=name, area=format_estimate(curve.area)),
            legendgroup=name,
            line={
                "color": side_color(name, dark=dark),
                "dash": DASHES[name],
                "width": 2.5,
                "shape": "linear" if curve.kind == "roc" else "vh",
            },
            hovertemplate="%{x:.3f}, %{y:.3f}<extra>" + name + "</extra>",
        )
    return curve_axes(figure, curves[0].kind, origin, dark=dark)


def side_color(name: SideName, *, dark: bool) -> str:
    """Give the color of a side; its mark and its dash tell it apart as well."""
    return accent_color(dark=dark) if name == "A" else theme.color_of(None, dark=dark)


def _side_title(side: Side) -> str:
    return f"{side.name} · {source_title(side.source)}"
