"""A matrix of cells that can be read in both themes and clicked anywhere."""

from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from leukapp.ui import theme
from leukapp.ui.evaluation.figure_style import accent_color

EMPTY_COLOR: Final = "rgba(128,128,128,0.12)"
STRONG_SHARE: Final = 0.5
"""From this share of the color scale on, the text takes the other theme's color."""


def build_matrix(
    shades: NDArray[np.float64],
    words: tuple[tuple[str, ...], ...],
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    *,
    dark: bool,
) -> go.Figure:
    """Build colored cells with a word in each, and a point in each that takes the click.

    Args:
        shades: how strong each cell's color is, float64 (rows, columns), 0-1; NaN is 0.
        words: what stands in each cell, row by row.
        rows: names of the rows, from the top.
        columns: names of the columns.
        dark: draw for the dark theme.

    Returns:
        A figure whose second trace has one point a cell, row by row, each with the custom data
        ``(row, column)``. The nearest point takes a click, so a whole cell can be clicked.
    """
    filled = np.nan_to_num(shades)
    figure = go.Figure(
        go.Heatmap(
            z=filled,
            x=list(columns),
            y=list(rows),
            zmin=0,
            zmax=1,
            colorscale=[[0, EMPTY_COLOR], [1, accent_color(dark=dark)]],
            showscale=False,
            xgap=4,
            ygap=4,
            hoverinfo="skip",
        )
    )
    cells = [(row, column) for row in range(len(rows)) for column in range(len(columns))]
    # Words are annotations: Plotly fades the texts of points that are not the clicked one.
    for row, column in cells:
        figure.add_annotation(
            x=columns[column],
            y=rows[row],
            text=words[row][column],
            showarrow=False,
            font={
                "size": 19,
                "color": theme.text_color(dark=dark != bool(filled[row, column] > STRONG_SHARE)),
            },
        )
    figure.add_scatter(
        x=[columns[column] for _, column in cells],
        y=[rows[row] for row, _ in cells],
        mode="markers",
        text=[words[row][column] for row, column in cells],
        marker={"size": 4, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        customdata=cells,
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(side="top", fixedrange=True, showgrid=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, showgrid=False)
    return figure.update_layout(
        clickmode="event+select", dragmode=False, hovermode="closest", hoverdistance=-1
    )
