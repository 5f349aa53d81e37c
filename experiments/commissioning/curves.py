"""The learning curves of docs/commissioning.md, drawn from the draws as SVG."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from experiments.commissioning.draws import Draw, Result

PICTURE: Final = Path(__file__).parents[2] / "docs" / "images" / "commissioning-curves.svg"
COLUMNS: Final = 3
PANEL: Final = (300, 210)
"""Width and height of a panel."""
PLOT: Final = (46, 34, 236, 132)
"""Left, top, width and height of the plot in its panel."""
TOP: Final = 62
MOST_A_CLASS: Final = 40
MEAN: Final = "mean of the laboratories"
STYLE: Final = """
text { font-family: system-ui, sans-serif; fill: #221b29; font-size: 12px; }
.title { font-size: 17px; font-weight: 650; } .note { font-size: 12.5px; fill: #5e5668; }
.name { font-size: 14px; font-weight: 650; } .grid { stroke: #d9d3de; } .axis { fill: #5e5668; }
.coverage { stroke: #6b2d8c; fill: #6b2d8c; } .wrong { stroke: #5e5668; fill: #5e5668; }
path { fill: none !important; stroke-width: 2.2; } .range { stroke-width: 1.6; opacity: .7; }
path.wrong { stroke-dasharray: 6 4; }
"""

Place = Callable[[float, float], tuple[float, float]]


def draw_curves(result: Result) -> str:
    """Coverage and wrong calls over images a class: one panel a laboratory, and their mean.

    Args:
        result: that was measured.
    """
    names = sorted({draw.laboratory for draw in result.draws})
    width, height = COLUMNS * PANEL[0], TOP + -(-(len(names) + 1) // COLUMNS) * PANEL[1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Share of images with a call, and called wrongly, over labelled images a class '
        'of the laboratory, for each laboratory">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" style="fill:#fff"/>',
        '<text class="title" x="20" y="26">What labelled images of a laboratory bring</text>',
        '<text class="note" x="20" y="47">Of all images: with a call (line), called wrongly '
        "(dashes). Mean of ten draws, bars from lowest to highest; 0 is the parent.</text>",
    ]
    for index, name in enumerate([*names, MEAN]):
        row, column = divmod(index, COLUMNS)
        left, top = column * PANEL[0], TOP + row * PANEL[1]
        own = [draw for draw in result.draws if name in {draw.laboratory, MEAN}]
        parts += [f'<g transform="translate({left} {top})">', *_panel(name, own), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(name: str, draws: Sequence[Draw]) -> list[str]:
    left, top, width, height = PLOT

    def place(a_class: float, share: float) -> tuple[float, float]:
        return left + width * a_class / MOST_A_CLASS, top + height * (1 - share)

    parts = [f'<text class="name" x="{left}" y="20">{escape(name)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = place(0, share)[1]
        parts += [
            f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y:g}" y2="{y:g}"/>',
            f'<text class="axis" x="{left - 6}" y="{y + 4:g}" text-anchor="end">{share:.0%}</text>',
        ]
    for a_class in (0, *sorted({draw.a_class for draw in draws})):
        x = place(a_class, 0)[0]
        parts.append(
            f'<text class="axis" x="{x:g}" y="{top + height + 17}" text-anchor="middle">'
            f"{a_class}</text>"
        )
    parts.append(
        f'<text class="axis" x="{left + width / 2:g}" y="{top + height + 34}" '
        'text-anchor="middle">labelled images a class</text>'
    )
    for field in ("coverage", "wrong"):
        parts += _line(field, draws, place, has_range=name != MEAN)
    return parts


def _line(field: str, draws: Sequence[Draw], place: Place, *, has_range: bool) -> list[str]:
    before = {"coverage": "before", "wrong": "before_wrong"}[field]
    values = {0: [getattr(draw, before) for draw in draws]}
    for a_class in sorted({draw.a_class for draw in draws}):
        values[a_class] = [getattr(one, field) for one in draws if one.a_class == a_class]
    points = [place(a_class, float(np.mean(shares))) for a_class, shares in values.items()]
    steps = " L ".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts = [f'<path class="{field}" d="M {steps}"/>']
    for a_class, shares in values.items() if has_range else ():
        (x, low), (_, high) = place(a_class, min(shares)), place(a_class, max(shares))
        parts.append(
            f'<line class="range {field}" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" '
            f'y2="{high:.1f}"/>'
        )
    for x, y in points:
        parts.append(
            f'<circle class="{field}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            if field == "coverage"
            else f'<rect class="{field}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
        )
    return parts
