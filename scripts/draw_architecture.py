"""Draw docs/images/architecture.svg from the import layers of pyproject.toml.

python scripts/draw_architecture.py
"""

import ast
import tomllib
from html import escape
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
TARGET: Final = REPOSITORY / "docs" / "images" / "architecture.svg"
WIDTH: Final = 920
ROW: Final = 40
GAP: Final = 8
TOP: Final = 66
SENTENCE: Final = 92
STYLE: Final = """
text { font-family: system-ui, sans-serif; fill: #221b29; }
.title { font-size: 17px; font-weight: 650; } .note { font-size: 12.5px; fill: #5e5668; }
.name { font-size: 14px; font-weight: 650; } .what { font-size: 12.5px; }
.screen { fill: #e6d5ef; } .job { fill: #f1edf4; } .network { fill: #dcebf5; }
.data { fill: #dff1ea; } .base { fill: #f3efe6; } rect { stroke: #b3aabd; }
.arrow { stroke: #6b2d8c; stroke-width: 2; fill: none; }
"""
KINDS: Final = {
    "cli": "screen",
    "ui": "screen",
    "evaluation": "network",
    "training": "network",
    "inference": "network",
    "model": "network",
    "data": "data",
    "fields": "data",
    "imaging": "data",
    "labels": "base",
    "resources": "base",
    "errors": "base",
}


def read_layers() -> list[list[str]]:
    """The layers of the first contract, from the top; modules of one layer side by side."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[name.strip().removeprefix("leukapp.") for name in row.split("|")] for row in layers]


def first_sentence(module: str) -> str:
    """What a module or package says it is, cut to one line."""
    path = REPOSITORY / "leukapp" / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    told = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    line = " ".join(told.split("\n\n")[0].split()).replace("``", "").rstrip(".")
    return line if len(line) <= SENTENCE else line[: SENTENCE - 1].rsplit(" ", 1)[0] + " …"


def draw() -> str:
    """The picture as SVG: one row a layer, users above the used; no font or file is fetched."""
    layers = read_layers()
    rows = [["app.py", "pages/"], *layers]
    height = TOP + len(rows) * (ROW + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="The parts of LeukApp, one row a layer; a row imports only rows below it">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>',
        '<text class="title" x="20" y="30">The parts of leukapp</text>',
        '<text class="note" x="20" y="51">A row imports only rows below it. Rows with several '
        "names: these do not import each other.</text>",
        f'<path class="arrow" d="M {WIDTH - 14} {TOP + 6} V {height - 22} m -5 -9 l 5 9 l 5 -9"/>',
    ]
    for index, names in enumerate(rows):
        y = TOP + index * (ROW + GAP)
        kind = "screen" if index == 0 else next((KINDS[n] for n in names if n in KINDS), "job")
        parts.append(
            f'<rect class="{kind}" x="16" y="{y}" width="{WIDTH - 46}" height="{ROW}" rx="8"/>'
        )
        if index == 0:
            name, what = "app.py, pages/", "Navigation and pages: no mathematics, no file formats"
        elif len(names) == 1:
            name, what = names[0], first_sentence(names[0])
        else:
            name, what = ", ".join(names), ""
        parts.append(f'<text class="name" x="30" y="{y + 25}">{escape(name)}</text>')
        parts.append(f'<text class="what" x="205" y="{y + 25}">{escape(what)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
    print(TARGET.relative_to(REPOSITORY))
