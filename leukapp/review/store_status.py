"""How large the review store is, and how much room its disks have."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from leukapp.resources import batch_dir, store_url
from leukapp.review.database import sqlite_file
from leukapp.review.store import ReviewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRoom:
    """Room on the disk of one folder.

    Attributes:
        free_bytes: that may still be written.
        total_bytes: of the disk.
    """

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """The store and the disks that it and the kept images lie on.

    Attributes:
        n_bytes: of the store's file and its log; None for a database on a server.
        n_trail_rows: rows of the audit trail.
        store_room: of the store's disk; None as above.
        images_room: of the disk with the kept images; None before there is such a folder.
    """

    n_bytes: int | None
    n_trail_rows: int
    store_room: DiskRoom | None
    images_room: DiskRoom | None


def store_status(store: ReviewStore) -> StoreStatus:
    """Look at the store of this server.

    Args:
        store: opened at the default address.

    Raises:
        StoreError: the store cannot be read.
    """
    file = sqlite_file(store_url())
    return StoreStatus(
        n_bytes=None if file is None else _bytes_of(file),
        n_trail_rows=store.head().n_rows,
        store_room=None if file is None else _room(file.parent),
        images_room=_room(batch_dir()),
    )


def _bytes_of(file: Path) -> int:
    parts = (file.with_name(file.name + end) for end in ("", "-wal", "-shm"))
    return sum(part.stat().st_size for part in parts if part.is_file())


def _room(folder: Path) -> DiskRoom | None:
    if not folder.is_dir():
        return None
    usage = shutil.disk_usage(folder)
    return DiskRoom(free_bytes=usage.free, total_bytes=usage.total)
