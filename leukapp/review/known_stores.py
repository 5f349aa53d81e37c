"""Remembers, apart from the stores, which store held data at which address.

A database that is empty because its disk is not mounted, or its file was taken away, would
otherwise be filled anew as if nothing had been there. The note lies in the user's data folder and
beside the kept images, so that one disk alone cannot take it along.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from leukapp.errors import StoreError
from leukapp.resources import batch_dir, data_folder
from leukapp.structured_log import log_event
from leukapp.whole_files import whole_file

FOLDER: Final = "known-stores"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStore:
    """A store that held data.

    Attributes:
        store_id: of the store.
        note: file that remembers it.
    """

    store_id: str
    note: Path


def recall_store(url: str) -> KnownStore | None:
    """Give the store that held data at an address, or None.

    Args:
        url: of the database.
    """
    for note in _notes(url):
        try:
            store_id = json.loads(note.read_text(encoding="utf-8"))["store_id"]
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            store_id = ""
        return KnownStore(store_id=str(store_id), note=note)
    return None


def remember_store(url: str, store_id: str) -> None:
    """Note that a store at an address holds data; where the disk is full, log that and go on.

    Args:
        url: of the database.
        store_id: of the store.
    """
    for note in _notes(url):
        try:
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(note) as partial:
                partial.write_text(json.dumps({"store_id": store_id}), encoding="utf-8")
        except OSError:
            log_event("store_not_remembered")


def require_same_store(url: str, *, is_empty: bool) -> None:
    """Refuse a database that is empty, or a file that is missing, where there was data.

    Args:
        url: of the database.
        is_empty: whether it holds nothing.

    Raises:
        StoreError: it held data once.
    """
    known = recall_store(url) if is_empty else None
    if known is None:
        return
    notes = " and ".join(str(note) for note in _notes(url) if note.is_file())
    raise StoreError(
        "The review store held data and is empty or gone now: put its disk or file back, or a copy "
        f"with leukapp restore; to begin a new store on purpose, remove {notes}."
    )


def name_of_address(url: str) -> str:
    """Give a file name for what is kept of an address; its user and password are no part of it.

    Args:
        url: of the database.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        place = str(Path(address.database or "").resolve())
    else:
        place = f"{address.host}:{address.port}/{address.database}"
    return f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"


def _notes(url: str) -> tuple[Path, ...]:
    """Where an address is noted."""
    folders = dict.fromkeys((data_folder(), batch_dir()))
    return tuple(folder / FOLDER / name_of_address(url) for folder in folders)
