"""One self-contained HTML page out of headings and tables: no outside request, light and dark."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

RESEARCH_USE: Final = "Research use only. Not a medical device; not for diagnosis of patients."
NOTHING: Final = "Nothing to show here."

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1b22; --soft: #5d5b66; --line: #d9d7e0;
  --paper: #fbfafc; --card: #ffffff; --accent: #6d3fa9; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceaf2; --soft: #a9a6b5; --line: #3a3844;
  --paper: #16151a; --card: #1f1e25; --accent: #c3a2ee; } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 68rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 0 0 .3rem; }
.label { color: var(--accent); font-weight: 600; margin: 0; }
p { margin: 0 0 .8rem; color: var(--soft); max-width: 52rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.2rem; margin-top: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table with its heading.

    Attributes:
        heading: a few words.
        explanation: what the figures mean, in plain words; may be empty.
        rows: records of plain values; ``x``, ``x_low``, ``x_high`` are shown as one column.
    """

    heading: str
    explanation: str
    rows: Sequence[Mapping[str, Any]]


def build_page(title: str, intro: str, sections: Sequence[Section]) -> str:
    """Lay out a report.

    Args:
        title: of the page.
        intro: what was done, in plain words.
        sections: from top to bottom.

    Returns:
        The page; all text is escaped and nothing is loaded from elsewhere.
    """
    parts = "\n".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<p class="label">{html.escape(RESEARCH_USE)}</p><h1>{html.escape(title)}</h1>'
        f"<p>{html.escape(intro)}</p>\n{parts}\n</main></body></html>\n"
    )


def _section(section: Section) -> str:
    heading = f"<h2>{html.escape(section.heading)}</h2>"
    explanation = f"<p>{html.escape(section.explanation)}</p>" if section.explanation else ""
    return f"<section>{heading}{explanation}{_table(section.rows)}</section>"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return f"<p>{html.escape(NOTHING)}</p>"
    columns = [name for name in rows[0] if not _is_end_of_interval(name, rows[0])]
    head = "".join(f'<th scope="col">{_words(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(_cell(row, name) for name in columns) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def _is_end_of_interval(name: str, row: Mapping[str, Any]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in row for end in ("_low", "_high"))


def _cell(row: Mapping[str, Any], name: str) -> str:
    value, low, high = row.get(name), row.get(f"{name}_low"), row.get(f"{name}_high")
    text = _words(value) if name == "what" else _text(value)
    if low is not None and high is not None:
        text += f" ({_text(low)}–{_text(high)})"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td class="number">{text}</td>' if is_number else f"<td>{text}</td>"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return html.escape(", ".join(_text(item) for item in value)) or "–"
    return html.escape(str(value))


def _words(name: Any) -> str:
    return html.escape(str(name).replace("_", " "))
