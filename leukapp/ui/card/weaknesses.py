"""Where a bundle fails, how its training went, and the card that came with it."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.evaluation.report import PROTOCOL_TEXTS, EvaluationReport
from leukapp.evaluation.weak_spots import WeakSpot, find_weak_spots
from leukapp.model.artifacts import (
    MODEL_CARD_FILE,
    REPORT_FILE,
    LossCurve,
    read_artifact,
    read_loss_curves,
)
from leukapp.model.bundle import Bundle
from leukapp.ui import theme
from leukapp.ui.card.bundle_choice import card_origin
from leukapp.ui.evaluation.figure_box import show_figure, show_numbers
from leukapp.ui.evaluation.figure_style import accent_color, finish_figure
from leukapp.ui.texts import model_card as texts
from leukapp.ui.wording import branch_title

STAGE_DASHES = ("solid", "dash", "dot", "dashdot")


def show_weaknesses(bundle: Bundle) -> None:
    """Write every weakness that the bundle's own report shows, and what no report can show.

    Raises:
        HeldOutError: the report is damaged or was changed.
    """
    st.subheader(texts.FAILS, help=texts.FAILS_HELP, anchor=False)
    if not (bundle.folder / REPORT_FILE).is_file():
        st.info(texts.NO_REPORT, icon=":material/info:")
    else:
        data = read_artifact(bundle.folder, REPORT_FILE)
        spots = find_weak_spots(EvaluationReport.from_json(data))
        if spots:
            table = weakness_table(spots)
            show_numbers(table, card_origin(bundle, "weaknesses"), name="weak", fold=False)
        else:
            st.info(texts.FAILS_NONE, icon=":material/info:")
    st.markdown(texts.LIMITS)


def weakness_table(spots: tuple[WeakSpot, ...]) -> pd.DataFrame:
    """Give one row a weakness, in words."""
    return pd.DataFrame(
        {
            texts.SOURCE: spot.source,
            texts.PROTOCOL: PROTOCOL_TEXTS[spot.protocol],
            texts.WEAKNESS: texts.WEAK_SENTENCES[spot.kind].format(
                value=spot.value, limit=spot.limit
            ),
        }
        for spot in spots
    )


def show_losses(bundle: Bundle) -> None:
    """Write the loss of each training stage; nothing where the bundle carries none.

    Raises:
        HeldOutError: the file of curves is damaged.
    """
    curves = read_loss_curves(bundle.folder)
    if not curves:
        return
    st.subheader(texts.LOSSES, help=texts.LOSSES_HELP, anchor=False)
    figure = build_loss_figure(curves, bundle, dark=theme.is_dark())
    show_figure(figure, loss_table(curves), card_origin(bundle, texts.TRAINING), name="losses")


def build_loss_figure(curves: tuple[LossCurve, ...], bundle: Bundle, *, dark: bool) -> go.Figure:
    """Build two lines a stage: training in grey, validation in the theme's color."""
    figure = go.Figure()
    for curve, dash in zip(curves, STAGE_DASHES, strict=False):
        stage = stage_title(curve.stage)
        for values, wording, color in (
            (curve.loss, texts.LOSS_TRAINING, theme.color_of(None, dark=dark)),
            (curve.validation_loss, texts.LOSS_VALIDATION, accent_color(dark=dark)),
        ):
            figure.add_scatter(
                x=list(range(1, len(values) + 1)),
                y=values,
                mode="lines",
                name=wording.format(stage=stage),
                line={"dash": dash, "color": color, "width": 2.2},
            )
    figure.update_xaxes(title={"text": texts.EPOCH})
    figure.update_yaxes(title={"text": texts.LOSS}, rangemode="tozero")
    origin = card_origin(bundle, texts.TRAINING)
    return finish_figure(figure, origin, dark=dark, height_px=460)


def loss_table(curves: tuple[LossCurve, ...]) -> pd.DataFrame:
    """Give one row an epoch of a stage."""
    return pd.DataFrame(
        {"stage": curve.stage, "epoch": epoch, "loss": loss, "validation_loss": validation}
        for curve in curves
        for epoch, (loss, validation) in enumerate(
            zip(curve.loss, curve.validation_loss, strict=False), start=1
        )
    )


def stage_title(stage: str) -> str:
    """Give a stage's name as people write it.

    Example:
        >>> stage_title("branch:efficientnet_lite2"), stage_title("fusion")
        ('EfficientNet-Lite2', 'fusion')
    """
    return branch_title(stage.removeprefix("branch:"))


def show_card(bundle: Bundle) -> None:
    """Write the card that came with the bundle, folded, with its download.

    It is shown as the text that it is: rendered, a card of anybody's bundle could load pictures
    from foreign servers and pass links off as the app's own.

    Raises:
        HeldOutError: the card was changed since it was written.
    """
    if not (bundle.folder / MODEL_CARD_FILE).is_file():
        return
    card = read_artifact(bundle.folder, MODEL_CARD_FILE)
    with st.expander(texts.CARD):
        st.text(card.decode("utf-8", "replace"))
        st.download_button(
            texts.CARD_DOWNLOAD,
            data=card,
            file_name=f"leukapp-{bundle.sha256[:12]}-model-card.md",
            mime="text/markdown",
            on_click="ignore",
            icon=":material/download:",
            key="card-download",
        )
