"""A figure on the page with everything that belongs to it: help, picture, numbers, download."""

import re
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.spreadsheet import inert_table
from leukapp.ui.evaluation.figure_style import make_inert
from leukapp.ui.evaluation.side import Origin, Side
from leukapp.ui.texts import evaluation as texts

MODE_BAR_REMOVED: Final = ("lasso2d", "select2d", "autoScale2d")


def show_figure(
    figure: go.Figure,
    numbers: pd.DataFrame,
    origin: Origin,
    *,
    name: str,
    fold: bool = True,
) -> None:
    """Write a figure, and under it its numbers as a table and as a file.

    Args:
        figure: finished, see ``finish_figure``.
        numbers: what is drawn.
        origin: what it is of.
        name: what the figure is called in file names; unique for an origin.
        fold: hide the numbers until they are asked for.
    """
    st.plotly_chart(
        make_inert(figure),
        key=f"figure-{name}-{origin.key}",
        config=toolbar(file_stem(origin, name)),
        alt=f"{name}: {origin.title}, {origin.source}",
    )
    show_numbers(numbers, origin, name=name, fold=fold)


def two_places(side: Side) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Give two places for figures: beside each other, or stacked where two sets are compared."""
    if side.is_alone:
        first, second = st.columns(2, gap="medium")
        return first, second
    return st.container(), st.container()


def show_numbers(numbers: pd.DataFrame, origin: Origin, *, name: str, fold: bool = True) -> None:
    """Write a table, and the button that downloads it.

    Args:
        numbers: the table.
        origin: what it is of.
        name: what the table is called in file names; unique for an origin.
        fold: hide the table until it is asked for.
    """
    if not fold:
        _show_table(numbers, key=f"numbers-{name}-{origin.key}")
    with st.container(horizontal=True, vertical_alignment="top"):
        show_csv(numbers, origin, name=name)
        if fold:
            with st.popover(texts.NUMBERS, icon=":material/table:"):
                _show_table(numbers, key=f"numbers-{name}-{origin.key}")


def show_csv(numbers: pd.DataFrame, origin: Origin, *, name: str) -> None:
    """Write the button that downloads a table.

    Args:
        numbers: the table.
        origin: what it is of.
        name: what the table is called in file names; unique for an origin.
    """
    st.download_button(
        texts.CSV,
        data=numbers_as_csv(numbers, origin),
        file_name=f"{file_stem(origin, name)}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        help=texts.CSV_HELP,
        key=f"csv-{name}-{origin.key}",
    )


def _show_table(numbers: pd.DataFrame, *, key: str) -> None:
    """Write a table, fractions with three digits and a dash where there is no value."""
    fractions = numbers.select_dtypes("float").columns
    st.dataframe(
        numbers,
        hide_index=True,
        column_config={
            numbers.columns[0]: st.column_config.Column(pinned=True),
            **{name: st.column_config.NumberColumn(format="%.3f") for name in fractions},
        },
        placeholder="–",
        key=key,
    )


def numbers_as_csv(numbers: pd.DataFrame, origin: Origin) -> bytes:
    """Give a table as CSV in UTF-8; every row says what it is of and that it is for research.

    Args:
        numbers: the table; not modified.
        origin: what it is of.
    """
    about = {
        "table": origin.title,
        "source": origin.source,
        "protocol": origin.protocol,
        "bundle_sha256": origin.bundle_sha256,
        "notice": RESEARCH_USE_NOTICE,
    }
    new = {name: value for name, value in about.items() if name not in numbers}
    return inert_table(numbers.assign(**new)).to_csv(index=False, lineterminator="\n").encode()


def toolbar(stem: str) -> dict[str, Any]:
    """Give Plotly's settings of the toolbar over a figure, whose camera saves a picture.

    Args:
        stem: of the picture's file name.
    """
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtonsToRemove": list(MODE_BAR_REMOVED),
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": stem},
    }


def file_stem(origin: Origin, name: str) -> str:
    """Give a file name without its ending: letters, digits, dots, dashes and underscores alone."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", f"leukapp-{origin.title}-{origin.source}-{name}").strip(
        "-"
    )
