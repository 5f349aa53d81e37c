"""Typed values as JSON files: the one way in which manifests, reports and results are kept."""

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import numpy as np

from leukapp.whole_files import whole_file

ValueT = TypeVar("ValueT")


def to_plain(value: Any) -> Any:
    """A value as what JSON can hold; infinite numbers of an array become None.

    Args:
        value: dataclass, tuple, mapping, array or plain value.
    """
    return msgspec.to_builtins(value, enc_hook=_plain_array)


def to_json(value: Any, *, indent: int = 1) -> str:
    """A value as JSON text that ends with a line break.

    Args:
        value: as ``to_plain`` takes it; no number in it is infinite or missing.
        indent: blanks a level.
    """
    return json.dumps(to_plain(value), indent=indent, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write a value as a JSON file that appears whole or not at all.

    Args:
        path: of the file; its folder exists.
        value: as ``to_json`` takes it.
    """
    with whole_file(path) as partial:
        partial.write_text(to_json(value), encoding="utf-8")


def from_json(kind: type[ValueT], text: str | bytes) -> ValueT:
    """Read a value of a type; fields that the type does not have are passed over.

    Args:
        kind: a dataclass, or another annotated type.
        text: JSON of any origin.

    Raises:
        ValueError: the text is no JSON of this type; the message names field and fault in one line.
    """
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_read_array)
    except (ValueError, RecursionError) as error:
        fault, _, place = str(error).replace("`", "").partition(" - at $")
        fault = fault[:1].lower() + fault[1:]
        raise ValueError(f"{place.lstrip('.')}: {fault}" if place else fault) from error


def unknown_fields(value: Any, plain: Any, place: str = "") -> list[str]:
    """Names of what stands in JSON beside the fields of the dataclasses that were read from it.

    Args:
        value: as ``from_json`` gave it.
        plain: the same JSON as dicts and lists.
        place: where the value stands.
    """
    unknown = []
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        unknown = [f"{place}{name}" for name in plain if name not in names]
        for name in names:
            if name in plain:
                unknown += unknown_fields(getattr(value, name), plain[name], f"{place}{name}.")
    elif isinstance(value, tuple):
        for inner, of_inner in zip(value, plain, strict=True):
            unknown += unknown_fields(inner, of_inner, place)
    return unknown


def _plain_array(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"JSON cannot hold a {type(value).__name__}")
    plain = value.astype(object)
    plain[np.isinf(value)] = None
    return plain.tolist()


def _read_array(kind: Any, value: Any) -> Any:
    """An array of the annotated number type; it cannot be written to."""
    dtype = get_args(get_args(kind)[1])[0]
    array = np.array(value)
    if not np.can_cast(array.dtype, dtype):
        raise ValueError(f"expected an array of {np.dtype(dtype)}, got {array.dtype}")
    array = array.astype(dtype)
    array.flags.writeable = False
    return array
