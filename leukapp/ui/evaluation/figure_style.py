"""How figures and cards of the evaluation pages look."""

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from leukapp.evaluation.intervals import Estimate
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import theme
from leukapp.ui.evaluation.side import Origin
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.texts import evaluation as texts

CARD_STYLE: Final = """
<style>
.leuk-cards { display: grid; gap: .7rem;
  grid-template-columns: repeat(auto-fit, minmax(min(12.5rem, 46%), 1fr)); }
.leuk-card { border: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  border-radius: .6rem; padding: .75rem .9rem .8rem; display: flex; flex-direction: column; }
.leuk-card small { font-weight: 600; opacity: .8; }
.leuk-card b { font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.leuk-card .leuk-range { position: relative; height: .4rem; border-radius: 9px; margin: .35rem 0;
  background: color-mix(in srgb, currentColor 14%, transparent); }
.leuk-card .leuk-range i { position: absolute; top: 0; bottom: 0; border-radius: 9px;
  min-width: 3px; background: var(--card-color); opacity: .55; }
.leuk-card .leuk-range u { position: absolute; top: -.2rem; bottom: -.2rem; width: 3px;
  border-radius: 2px; margin-left: -1px; background: var(--card-color); }
.leuk-card span { font-size: .8rem; opacity: .8; }
.leuk-card .leuk-what { margin-top: .3rem; line-height: 1.3; }
</style>
"""


def band_color(label: str, *, dark: bool) -> str:
    """Give a class color as a transparent fill, ``rgba(...)``."""
    return translucent(theme.color_of(label, dark=dark))


def translucent(color: str) -> str:
    """Give a color as a transparent fill, ``rgba(...)``.

    Args:
        color: ``#rrggbb``.
    """
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def accent_color(*, dark: bool) -> str:
    """Give the theme's own color, the one in ``.streamlit/config.toml``."""
    return "#C79BE6" if dark else "#6B2D8C"


def grid_color(*, dark: bool) -> str:
    """Give the color of lines that only help to read a figure."""
    return "rgba(236,231,240,0.35)" if dark else "rgba(34,27,41,0.35)"


def share_axis(title: str, **changes: Any) -> dict[str, Any]:
    """Give the axis of a share, 0-1, a little wider so that marks at the ends are whole.

    Args:
        title: of the axis.
        changes: other settings of a Plotly axis.
    """
    return {
        "title": {"text": title},
        "range": [-0.03, 1.03],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "zeroline": False,
        **changes,
    }


def interval_bars(estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Give the error bars of estimates, none where an estimate has no interval.

    Args:
        estimates: in the order of the marks.
    """
    return {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if value.high is None else value.high - value.value for value in estimates],
        "arrayminus": [
            0.0 if value.low is None else value.value - value.low for value in estimates
        ],
        "thickness": 2.5,
        "width": 5,
    }


def finish_figure(
    figure: go.Figure, origin: Origin, *, dark: bool, height_px: int = 430, bottom_px: int = 104
) -> go.Figure:
    """Give a figure its size, its fonts, and the line that says what it is of.

    The line is part of the figure, so that a saved picture carries it.

    Args:
        figure: changed in place.
        origin: what the figure is of.
        dark: draw for the dark theme.
        height_px: height on the page.
        bottom_px: room under the plot, for the axis and the line.

    Returns:
        The same figure.
    """
    color = theme.text_color(dark=dark)
    footer = texts.FOOTER.format(
        title=origin.title, source=source_title(origin.source), protocol=origin.protocol
    )
    figure.update_layout(
        height=height_px,
        margin={"l": 10, "r": 14, "t": 70, "b": bottom_px},
        font={"color": color},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None},
        hoverlabel={"namelength": -1},
    )
    figure.add_annotation(
        text="<br>".join(_plain(line) for line in (footer, RESEARCH_USE_NOTICE)),
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        xshift=-44,
        yanchor="bottom",
        yshift=4 - bottom_px,
        align="left",
        xanchor="left",
        showarrow=False,
        font={"size": 10, "color": color},
        opacity=0.7,
    )
    return figure


def make_inert(figure: go.Figure) -> go.Figure:
    """Escape names in a figure's data, which Plotly would read as markup, links included.

    Args:
        figure: changed in place; its layout and hover templates are our own.

    Returns:
        The same figure.
    """
    for trace in figure.data:
        for field in ("x", "y", "text", "name"):
            value = getattr(trace, field, None)
            if isinstance(value, str):
                trace[field] = _plain(value)
            elif value is not None and any(isinstance(item, str) for item in value):
                trace[field] = [_plain(item) if isinstance(item, str) else item for item in value]
    return figure


def _plain(text: str) -> str:
    """Text that Plotly cannot take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
