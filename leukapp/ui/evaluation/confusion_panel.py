"""Section "Confusion": the matrix of each side, and the choice of a cell to look behind."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from leukapp.evaluation.confusion import Confusion, confusion_of, largest_error
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import file_stem, show_numbers, toolbar
from leukapp.ui.evaluation.figure_style import finish_figure
from leukapp.ui.evaluation.matrix import build_matrix
from leukapp.ui.evaluation.metric_cards import show_false_alarms, show_side_head
from leukapp.ui.evaluation.network_choice import choose_network
from leukapp.ui.evaluation.side import Side
from leukapp.ui.guarded import guarded
from leukapp.ui.texts import evaluation as texts

Scale: TypeAlias = Literal["counts", "of_true", "of_predicted"]
SCALE_TITLES: Final[dict[Scale, str]] = {
    "counts": texts.COUNTS,
    "of_true": texts.SHARE_OF_TRUE,
    "of_predicted": texts.SHARE_OF_PREDICTED,
}
SIDE_KEY, TRUE_KEY, PREDICTED_KEY = "cell-side", "cell-true", "cell-predicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that the reader looks behind.

    Attributes:
        side: whose matrix.
        true_class: its row.
        predicted_class: its column.
        called_only: whether images without a call are left out.
    """

    side: Side
    true_class: str
    predicted_class: str
    called_only: bool


def show_confusion(sides: tuple[Side, ...]) -> Cell:
    """Write the matrices and ask for a cell, by a click or by menus that a keyboard reaches.

    Returns:
        The chosen cell; at first the one with most errors of the first side.
    """
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        scale = st.segmented_control(
            texts.CONFUSION_SHOW,
            list(SCALE_TITLES),
            default="counts",
            required=True,
            format_func=lambda name: SCALE_TITLES[name],
            key="confusion-scale",
        )
        called_only = st.toggle(
            texts.CALLED_ONLY, help=texts.CALLED_ONLY_HELP, key="confusion-called"
        )
    shown = []
    for column, side in zip(st.columns(len(sides), gap="large"), sides, strict=True):
        with column:
            show_side_head(side)
            shown.append(choose_network(side))
            _show_matrix(shown[-1], scale, called_only=called_only)
            show_false_alarms(side.evaluation)
    return _choose_cell(tuple(shown), called_only=called_only)


def _show_matrix(side: Side, scale: Scale, *, called_only: bool) -> None:
    """Write one matrix whose cells can be clicked, and its numbers."""
    st.markdown(f"**{texts.CONFUSION_TITLE}**", help=texts.CONFUSION_HELP)
    confusion = confusion_of(side.evaluation.held_out, called_only=called_only)
    key = f"confusion-{side.key}"

    def take_click() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            row, column = points[0]["customdata"]
            st.session_state[SIDE_KEY] = side.name
            st.session_state[TRUE_KEY] = confusion.class_names[row]
            st.session_state[PREDICTED_KEY] = confusion.class_names[column]

    st.plotly_chart(
        build_confusion_figure(confusion, scale, side, dark=theme.is_dark()),
        key=key,
        on_select=guarded(take_click),
        selection_mode="points",
        config=toolbar(file_stem(side, f"confusion-{scale}")),
        alt=f"{texts.CONFUSION_TITLE}: {side.title}, {side.source}",
    )
    if confusion.n_left_out:
        left_out = texts.LEFT_OUT if called_only else texts.UNANSWERED
        st.caption(left_out.format(n=confusion.n_left_out))
    show_numbers(confusion_table(confusion), side, name="confusion")


def build_confusion_figure(
    confusion: Confusion, scale: Scale, side: Side, *, dark: bool
) -> go.Figure:
    """Build the matrix; colors follow the share of the row where counts are written.

    Args:
        confusion: counts and shares.
        scale: which of them is written.
        side: the set it is of.
        dark: draw for the dark theme.
    """
    values = values_of(confusion, scale)
    labels = tuple(theme.marked(name) for name in confusion.class_names)
    figure = build_matrix(
        confusion.share_of_true if scale == "counts" else values,
        tuple(tuple(cell_text(value, scale) for value in row) for row in values),
        labels,
        labels,
        dark=dark,
    )
    figure.update_xaxes(title={"text": texts.PREDICTED_CLASS})
    figure.update_yaxes(title={"text": texts.TRUE_CLASS})
    return finish_figure(figure, side, dark=dark, height_px=420, bottom_px=56)


def values_of(confusion: Confusion, scale: Scale) -> NDArray[np.float64]:
    """Give the matrix that is written, float64 (classes, classes)."""
    if scale == "of_true":
        return confusion.share_of_true
    if scale == "of_predicted":
        return confusion.share_of_predicted
    return confusion.counts.astype(np.float64)


def cell_text(value: float, scale: Scale) -> str:
    """Write one cell: a count, a share, or a dash where a share has no images.

    Example:
        >>> cell_text(7, "counts"), cell_text(0.5, "of_true"), cell_text(float("nan"), "of_true")
        ('7', '50.0 %', '–')
    """
    if np.isnan(value):
        return "–"
    return f"{value:.0f}" if scale == "counts" else f"{100 * value:.1f} %"


def confusion_table(confusion: Confusion) -> pd.DataFrame:
    """Give one row a cell, with all three scales."""
    return pd.DataFrame(
        {
            "true": true_class,
            "answered": predicted_class,
            "images": int(confusion.counts[row, column]),
            "share_of_true": confusion.share_of_true[row, column],
            "share_of_answered": confusion.share_of_predicted[row, column],
        }
        for row, true_class in enumerate(confusion.class_names)
        for column, predicted_class in enumerate(confusion.class_names)
    )


def _choose_cell(sides: tuple[Side, ...], *, called_only: bool) -> Cell:
    """Ask for a cell in menus; a click on a matrix sets them."""
    names = [side.name for side in sides]
    if st.session_state.get(SIDE_KEY) not in names:
        st.session_state[SIDE_KEY] = names[0]
    side = next(side for side in sides if side.name == st.session_state[SIDE_KEY])
    held_out = side.evaluation.held_out
    chosen = {st.session_state.get(TRUE_KEY), st.session_state.get(PREDICTED_KEY)}
    # The bundle of another table may not know the classes that were chosen.
    if not chosen <= set(held_out.class_names):
        true_class, predicted_class = largest_error(confusion_of(held_out))
        st.session_state[TRUE_KEY] = true_class
        st.session_state[PREDICTED_KEY] = predicted_class
    st.subheader(texts.BEHIND_TITLE, anchor=False)
    with st.container(horizontal=True, gap="medium"):
        if len(sides) > 1:
            st.segmented_control(texts.BEHIND_SIDE, names, required=True, key=SIDE_KEY)
        st.segmented_control(
            texts.TRUE_CLASS,
            held_out.class_names,
            required=True,
            format_func=theme.marked,
            key=TRUE_KEY,
        )
        st.segmented_control(
            texts.PREDICTED_CLASS,
            held_out.class_names,
            required=True,
            format_func=theme.marked,
            key=PREDICTED_KEY,
        )
    return Cell(
        side=side,
        true_class=st.session_state[TRUE_KEY],
        predicted_class=st.session_state[PREDICTED_KEY],
        called_only=called_only,
    )
