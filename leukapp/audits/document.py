"""Audit reports beside a bundle, whatever they measured: plain facts and tables out of JSON."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leukapp.errors import HeldOutError
from leukapp.json_files import from_json

AUDITS_FOLDER: Final = "audits"
MAX_BYTES: Final = 20 * 1024 * 1024
MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFact:
    """One value of a report.

    Attributes:
        name: where it stands, the parts joined by `` / ``.
        text: the value in words.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTable:
    """One list of like records of a report.

    Attributes:
        name: where it stands, the parts joined by `` / ``.
        columns: names of the columns, in the order of first appearance.
        rows: one tuple a record, in the order of the columns; None where a record lacks a value.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | bool | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDocument:
    """One audit report.

    Attributes:
        name: file name without its ending, e.g. ``data`` or ``explanations``.
        path: of the JSON file.
        sha256: of its bytes, hexadecimal.
        bundle_sha256: the bundle that was audited, or None where the report names none.
        facts: single values, in the order of the file.
        tables: lists of records, in the order of the file.
        html: a page with the same report beside it, or None.
    """

    name: str
    path: Path
    sha256: str
    bundle_sha256: str | None
    facts: tuple[AuditFact, ...]
    tables: tuple[AuditTable, ...]
    html: Path | None


def list_audit_files(bundle_folder: Path) -> tuple[Path, ...]:
    """Find the JSON reports beside a bundle, by name.

    Args:
        bundle_folder: of the bundle; its ``audits/`` may be missing.
    """
    return tuple(sorted((bundle_folder / AUDITS_FOLDER).glob("*.json")))


def read_audit(path: Path) -> AuditDocument:
    """Read one report.

    Args:
        path: of the JSON file.

    Raises:
        HeldOutError: the file cannot be read, is too large, or is no JSON object.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HeldOutError(f"The audit report {path.name} is too large to be shown.")
        data = path.read_bytes()
        content = from_json(dict[str, Any], data)
    except (OSError, ValueError) as error:
        raise HeldOutError(
            f"The audit report {path.name} cannot be read; run the audit again."
        ) from error
    facts: list[AuditFact] = []
    tables: list[AuditTable] = []
    _collect(content, (), facts, tables)
    html = path.with_suffix(".html")
    return AuditDocument(
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        bundle_sha256=_named_bundle(content),
        facts=tuple(facts),
        tables=tuple(tables),
        html=html if html.is_file() else None,
    )


def _collect(
    value: Any, place: tuple[str, ...], facts: list[AuditFact], tables: list[AuditTable]
) -> None:
    """Sort a value and what is in it into facts and tables."""
    if isinstance(value, dict) and len(place) < MAX_DEPTH:
        for name, inner in value.items():
            _collect(inner, (*place, str(name)), facts, tables)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        tables.append(_table(" / ".join(place), value))
    else:
        facts.append(AuditFact(name=" / ".join(place), text=_words(value)))


def _table(name: str, records: list[dict[str, Any]]) -> AuditTable:
    columns = tuple(dict.fromkeys(str(key) for record in records for key in record))
    return AuditTable(
        name=name,
        columns=columns,
        rows=tuple(tuple(_cell(record.get(column)) for column in columns) for record in records),
    )


def _cell(value: Any) -> str | float | int | bool | None:
    """A value that a table column can hold."""
    return value if value is None or isinstance(value, str | float | int) else _words(value)


def _words(value: Any) -> str:
    """A value as short text: an interval as its two ends, a list joined, other things as JSON."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(_words(item) for item in value) or "-"
    return json.dumps(value, ensure_ascii=False)


def _named_bundle(content: dict[str, Any]) -> str | None:
    """The bundle's hash where a report names it, at the top or under ``bundle``."""
    inner = content.get("bundle")
    candidates = [
        content.get("bundle_sha256"),
        inner.get("sha256") if isinstance(inner, dict) else None,
    ]
    return next((one for one in candidates if isinstance(one, str) and one), None)
