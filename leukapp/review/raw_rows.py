"""Rows of the review store as the database holds them, and which values have a wrong type.

SQLite takes anything in any column, and what reads a row for the app would stumble over it.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, Table, select, type_coerce
from sqlalchemy.types import NullType


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row.

    Attributes:
        values: column to value, as the app would read it; a malformed cell is None.
        malformed: names of the columns whose cell is of another type than the column.
    """

    values: Mapping[str, Any]
    malformed: tuple[str, ...]


def raw_rows(connection: Connection, table: Table, *order: Column[Any]) -> Iterator[RawRow]:
    """Give every row of a table.

    Args:
        connection: to the store.
        table: to read.
        order: columns that the rows are sorted by.
    """
    plain = [type_coerce(column, NullType()).label(column.name) for column in table.columns]
    with _any_text(connection):
        for row in connection.execute(select(*plain).order_by(*order)):
            yield _read(table, dict(row._mapping))


def _read(table: Table, cells: Mapping[str, Any]) -> RawRow:
    values: dict[str, Any] = {}
    malformed = []
    for column in table.columns:
        try:
            values[column.name] = _cell(column, cells[column.name])
        except (TypeError, ValueError, RecursionError):
            values[column.name] = None
            malformed.append(column.name)
    return RawRow(values=values, malformed=tuple(malformed))


def _cell(column: Column[Any], value: Any) -> Any:
    """The value as the app reads it.

    Raises:
        TypeError: it is of another type.
    """
    if value is None:
        if not column.nullable:
            raise TypeError
        return None
    kind = next((kind for kind in _READERS if isinstance(column.type, kind)), None)
    return _text(value) if kind is None else _READERS[kind](value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise TypeError
    return float(value)


def _truth(value: Any) -> bool:
    if type(value) not in {int, bool} or value not in {0, 1}:
        raise TypeError
    return bool(value)


def _json(value: Any) -> Any:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict | list):
        raise TypeError
    return found


_READERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    JSON: _json,
    Boolean: _truth,
    Float: _number,
    Integer: _integer,
}


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """Let SQLite hand over text that is no UTF-8; it is then told apart by its surrogates."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    before = driver.text_factory
    driver.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before
