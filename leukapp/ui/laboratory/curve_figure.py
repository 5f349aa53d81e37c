"""The learning curve of a commissioning: what fits on fewer images would have answered."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.commissioning.report import CurvePoint, SiteReport
from leukapp.commissioning.site_bundle import read_site_report
from leukapp.evaluation.intervals import Estimate
from leukapp.model.bundle import Bundle
from leukapp.ui import theme
from leukapp.ui.card.bundle_choice import CardOrigin
from leukapp.ui.evaluation.figure_box import show_figure
from leukapp.ui.evaluation.figure_style import (
    accent_color,
    finish_figure,
    interval_bars,
    share_axis,
)
from leukapp.ui.texts import laboratory as texts

HEIGHT_PX: Final = 420


def show_learning_curve(folder: Path, bundle_sha256: str) -> None:
    """Write the curve of a commissioned bundle; nothing where its report has none.

    Args:
        folder: of the bundle.
        bundle_sha256: hash of its manifest, hexadecimal.

    Raises:
        HeldOutError: the bundle's report is damaged or was changed.
    """
    report = read_site_report(folder)
    if report is None or not report.curve:
        return
    origin = curve_origin(report, bundle_sha256)
    figure = build_learning_curve(report.curve, origin, dark=theme.is_dark())
    show_figure(figure, curve_table(report.curve), origin, name=texts.CURVE_NAME)


def show_curve_of(bundle: Bundle) -> None:
    """Write the curve of a commissioned bundle with its heading; nothing for any other.

    Args:
        bundle: any.

    Raises:
        HeldOutError: the bundle's report is damaged or was changed.
    """
    if bundle.commission is not None:
        st.subheader(texts.CURVE, help=texts.CURVE_HELP, anchor=False)
        show_learning_curve(bundle.folder, bundle.sha256)


def curve_origin(report: SiteReport, bundle_sha256: str) -> CardOrigin:
    """Give what the figure is of.

    Args:
        report: of the commissioning.
        bundle_sha256: hash of the bundle's manifest, hexadecimal.
    """
    record = report.record
    return CardOrigin(
        title=record.laboratory,
        source=record.created_utc[:10],
        protocol=texts.CURVE_PROTOCOL,
        bundle_sha256=bundle_sha256,
    )


def build_learning_curve(
    curve: Sequence[CurvePoint], origin: CardOrigin, *, dark: bool
) -> go.Figure:
    """Build coverage and wrong calls over the images fitted on, each with its 95 % interval.

    Args:
        curve: from the fewest images on.
        origin: what it is of.
        dark: draw for the dark theme.
    """
    figure = go.Figure()
    images = [point.n_images for point in curve]
    for name, estimates, color, dash, symbol in (
        (
            texts.CURVE_COVERAGE,
            [point.coverage for point in curve],
            accent_color(dark=dark),
            "solid",
            "circle",
        ),
        (
            texts.CURVE_WRONG,
            [point.wrong for point in curve],
            theme.color_of(None, dark=dark),
            "dash",
            "square",
        ),
    ):
        figure.add_scatter(
            x=images,
            y=[estimate.value for estimate in estimates],
            error_y=interval_bars(estimates),
            mode="lines+markers",
            name=name,
            line={"color": color, "dash": dash, "width": 2.2},
            marker={"symbol": symbol, "size": 9},
            customdata=[_told(estimate) for estimate in estimates],
            hovertemplate="%{x:.0f}: %{customdata}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title={"text": texts.CURVE_IMAGES}, rangemode="tozero")
    figure.update_yaxes(share_axis(texts.CURVE_SHARE, tickformat=".0%"))
    return finish_figure(figure, origin, dark=dark, height_px=HEIGHT_PX)


def curve_table(curve: Sequence[CurvePoint]) -> pd.DataFrame:
    """Give one row a point, shares 0-1.

    Args:
        curve: from the fewest images on.
    """
    return pd.DataFrame(
        {
            "share_of_patients": point.share,
            "images_fitted_on": point.n_images,
            "with_a_call": point.coverage.value,
            "with_a_call_low": point.coverage.low,
            "with_a_call_high": point.coverage.high,
            "called_wrongly": point.wrong.value,
            "called_wrongly_low": point.wrong.low,
            "called_wrongly_high": point.wrong.high,
        }
        for point in curve
    )


def _told(estimate: Estimate) -> str:
    """A share with its interval, in percent."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.1%}"
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"
