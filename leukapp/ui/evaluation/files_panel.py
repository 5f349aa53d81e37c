"""Section "Files": every figure as SVG, PNG and CSV, one by one or in one zip.

The pictures are drawn by the reader's browser with the Plotly that is installed here: the server
needs no browser of its own, and nobody a network.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from jinja2 import Environment, StrictUndefined, Template
from plotly.offline import get_plotlyjs

from leukapp.evaluation.confusion import confusion_of
from leukapp.evaluation.curve_bands import CurveKind
from leukapp.evaluation.differences import figure_differences
from leukapp.evaluation.operating_point import operating_point, targets_of, threshold_sweep
from leukapp.ui import theme
from leukapp.ui.evaluation.ablation_panel import ablation_table, build_ablation_figure
from leukapp.ui.evaluation.calibration_panel import (
    build_reliability_figure,
    build_risk_figure,
    reliability_table,
    risk_table,
)
from leukapp.ui.evaluation.comparison import (
    build_both_figure,
    build_curves_of_both,
    curves_of_both,
    difference_table,
    origin_of,
    table_of_both,
)
from leukapp.ui.evaluation.confusion_panel import build_confusion_figure, confusion_table
from leukapp.ui.evaluation.curve_panel import build_curve_figure, curve_table
from leukapp.ui.evaluation.figure_box import file_stem, numbers_as_csv
from leukapp.ui.evaluation.figure_style import grid_color, make_inert
from leukapp.ui.evaluation.group_panel import build_group_figure, group_table
from leukapp.ui.evaluation.map_panel import (
    build_map_figure,
    find_map,
    map_table,
    mapped_rows,
)
from leukapp.ui.evaluation.side import Origin, Side
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.evaluation.sources_panel import build_sources_figure, rows_beside, source_table
from leukapp.ui.evaluation.threshold_panel import (
    DEFAULT_PREVALENCE,
    DEFAULT_THRESHOLD,
    build_sweep_figure,
    sweep_table,
)
from leukapp.ui.texts import evaluation as texts

PAGE: Final = Path(__file__).with_name("figure_files.html")
ROW_HEIGHT_PX: Final = 52
HEAD_HEIGHT_PX: Final = 120
BOTH_CURVES: Final[dict[CurveKind, str]] = {"roc": texts.ROC_TITLE, "pr": texts.PR_TITLE}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FigureFile:
    """One figure and its numbers.

    Attributes:
        name: of its files, without their ending.
        title: as shown.
        figure: for a white page.
        csv: its numbers.
    """

    name: str
    title: str
    figure: go.Figure
    csv: bytes


def show_files(sides: tuple[Side, ...]) -> None:
    """Write the list of every figure of the sets, with its files and the zip of all."""
    st.markdown(f"**{texts.FILES_TITLE}**", help=texts.FILES_HELP)
    with st.spinner(texts.FILES_DRAWING):
        files = figure_files(sides)
    page = files_page(files, stem=file_stem(sides[0], "figures"), dark=theme.is_dark())
    height = HEAD_HEIGHT_PX + ROW_HEIGHT_PX * len(files)
    st.iframe(page, height=height, alt=texts.FILES_TITLE)


def figure_files(sides: tuple[Side, ...]) -> tuple[FigureFile, ...]:
    """Build every figure of one or two sets for a white page, as far as a source defines it."""
    files = [file for side in sides for file in _files_of(side)]
    if len(sides) == 2:
        first, second = sides
        origin = origin_of(first, second)
        differences = figure_differences(first.evaluation.held_out, second.evaluation.held_out)
        figure = build_both_figure((first, second), origin, dark=False)
        numbers = difference_table(first, second, differences)
        files.append(_file(texts.BOTH_TITLE, "both", figure, numbers, origin))
        for curves in curves_of_both(first, second):
            title = f"{BOTH_CURVES[curves[0].kind]}, {curves[0].class_name}"
            figure = build_curves_of_both(curves, origin, dark=False)
            name = f"both-{curves[0].kind}-{curves[0].class_name}"
            files.append(_file(title, name, figure, table_of_both(curves), origin))
    return tuple(files)


def files_page(files: tuple[FigureFile, ...], *, stem: str, dark: bool) -> str:
    """Give the page that draws the files, as HTML that asks no server for anything.

    Args:
        files: its lines.
        stem: name of the zip, without its ending.
        dark: the theme around it.
    """
    figures = [
        {
            "name": file.name,
            "title": file.title,
            "figure": json.loads(file.figure.to_json()),
            "csv": file.csv.decode(),
        }
        for file in files
    ]
    return _template().render(
        texts=texts,
        figures=_script_json(figures),
        stem=_script_json(stem),
        plotly=get_plotlyjs(),
        color=theme.text_color(dark=dark),
        background="#16131A" if dark else "#FBFAFC",
        line=grid_color(dark=dark),
    )


def _files_of(side: Side) -> list[FigureFile]:
    """Every figure of one set, the same as in the sections."""
    evaluation, held_out = side.evaluation, side.evaluation.held_out
    rows, confusion = rows_beside(side), confusion_of(held_out)

    def file(title: str, name: str, figure: go.Figure, numbers: pd.DataFrame) -> FigureFile:
        return _file(title, name, figure, numbers, side)

    files = [
        file(
            texts.SOURCES_FIGURE,
            "source-accuracy",
            build_sources_figure(rows, side, dark=False),
            source_table(rows),
        ),
        file(
            texts.CONFUSION_TITLE,
            "confusion",
            build_confusion_figure(confusion, "counts", side, dark=False),
            confusion_table(confusion),
        ),
        file(
            texts.CALIBRATION_TITLE,
            "calibration",
            build_reliability_figure(evaluation, side, dark=False),
            reliability_table(evaluation),
        ),
        file(
            texts.RISK_TITLE,
            "risk-coverage",
            build_risk_figure(evaluation, side, dark=False),
            risk_table(evaluation),
        ),
        file(
            texts.GROUPS_FIGURE,
            "group-accuracy",
            build_group_figure(evaluation.groups, side, dark=False),
            group_table(evaluation.groups, held_out.class_names),
        ),
        file(
            texts.ABLATION_TITLE,
            "ablation",
            build_ablation_figure(evaluation.ablation, side, dark=False),
            ablation_table(evaluation.ablation),
        ),
    ]
    for title, name, curves in (
        (texts.ROC_TITLE, "roc", evaluation.roc_curves),
        (texts.PR_TITLE, "pr", evaluation.pr_curves),
    ):
        if curves:
            figure = build_curve_figure(curves, side, dark=False)
            files.append(file(title, name, figure, curve_table(curves)))
    made = find_map(side.table)
    if made is not None and len(rows_on_map := mapped_rows(made, side)):
        figure = build_map_figure(made, rows_on_map, side, dark=False)
        files.append(file(texts.MAP_TITLE, "map", figure, map_table(made, rows_on_map, side)))
    for target in targets_of(held_out):
        point = operating_point(
            held_out, target, threshold=DEFAULT_THRESHOLD, prevalence=DEFAULT_PREVALENCE
        )
        sweep = threshold_sweep(held_out, target)
        figure = build_sweep_figure(sweep, point, side, dark=False)
        title = f"{texts.SWEEP_TITLE}: {texts.TARGETS[target]}"
        files.append(file(title, f"sweep-{target}", figure, sweep_table(sweep)))
    return files


def _file(
    title: str, name: str, figure: go.Figure, numbers: pd.DataFrame, origin: Origin
) -> FigureFile:
    figure.update_layout(
        template="plotly_white", paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF", height=None
    )
    return FigureFile(
        name=file_stem(origin, name),
        title=f"{title} · {source_title(origin.source)}",
        figure=make_inert(figure),
        csv=numbers_as_csv(numbers, origin),
    )


@cache
def _template() -> Template:
    page = PAGE.read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(page)


def _script_json(value: Any) -> str:
    """A value as JSON that cannot end the script it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
