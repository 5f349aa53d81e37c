"""An audit as files: JSON for programs and the Model card page, one HTML page for people."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leukapp.audits import report_texts
from leukapp.evaluation.intervals import Estimate
from leukapp.whole_files import whole_file

SIGNIFICANT_DIGITS: Final = 4
PAGE: Final = "report_page.html"


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

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns; ends of intervals stand in the column of their value."""
        names = self.rows[0]
        ends = {f"{name}{end}" for name in names for end in ("_low", "_high")}
        return tuple(name for name in names if name not in ends)


def write_audit(
    folder: Path, name: str, audit: Any, *, about: Mapping[str, str | int | float] | None = None
) -> tuple[Path, Path]:
    """Write ``NAME.json`` and ``NAME.html``.

    Args:
        folder: made if missing; files of these names are replaced.
        name: ``data``, ``explanations`` or ``not_smears``.
        audit: a result of this package.
        about: what the report says first, e.g. the bundle's hash.

    Returns:
        Paths of the JSON and of the HTML file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = {"schema_version": 1, **(about or {}), **as_record(audit)}
    json_path, html_path = folder / f"{name}.json", folder / f"{name}.html"
    _replace(json_path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    _replace(
        html_path,
        build_page(report_texts.TITLES[name], report_texts.INTROS[name], _sections(record)),
    )
    return json_path, html_path


def as_record(result: Any) -> dict[str, Any]:
    """A typed result as plain values; an interval becomes ``NAME``, ``NAME_low``, ``NAME_high``.

    Args:
        result: a dataclass of this package.

    Example:
        >>> as_record(Estimate(value=0.5, low=0.25, high=0.75))
        {'value': 0.5, 'low': 0.25, 'high': 0.75}
    """
    record: dict[str, Any] = {}
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        if isinstance(value, Estimate):
            record[field.name] = _plain(value.value)
            record[f"{field.name}_low"] = _plain(value.low)
            record[f"{field.name}_high"] = _plain(value.high)
        else:
            record[field.name] = _plain(value)
    return record


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return as_record(value)
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if value == value else None
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _sections(record: Mapping[str, Any]) -> tuple[Section, ...]:
    """Facts first, then one section a table, with the words that explain it."""
    facts = {name: value for name, value in record.items() if not isinstance(value, list | dict)}
    sections = [Section(heading=report_texts.FACTS, explanation="", rows=_fact_rows(facts))]
    for name, value in record.items():
        if isinstance(value, dict):
            rows: Sequence[Mapping[str, Any]] = _fact_rows(value)
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            rows = value
        else:
            continue
        heading, explanation = report_texts.SECTIONS[name]
        sections.append(Section(heading=heading, explanation=explanation, rows=tuple(rows)))
    return tuple(sections)


def _fact_rows(facts: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"what": name, "value": value}
        for name, value in facts.items()
        if not (isinstance(value, list) and value and isinstance(value[0], dict))
    )


def build_page(title: str, intro: str, sections: Sequence[Section]) -> str:
    """Lay out a report as HTML.

    Args:
        title: of the page.
        intro: what was done, in plain words.
        sections: from top to bottom.

    Returns:
        The page; all text is escaped and nothing is loaded from elsewhere.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(PAGE).render(title=title, intro=intro, sections=sections)


def _replace(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
