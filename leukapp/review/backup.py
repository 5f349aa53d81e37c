"""Copies of the review store: taken while it is in use, and put back after a check."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from leukapp.errors import StoreError
from leukapp.resources import store_url
from leukapp.review.database import open_database, sqlite_file
from leukapp.review.known_stores import remember_store, require_same_store
from leukapp.review.store import ReviewStore
from leukapp.review.trail_check import ChainReport
from leukapp.review.upkeep import note_backup

HEADER = b"SQLite format 3\0"
SERVER_DATABASE = (
    "This store is on a database server: use its own tool, pg_dump to copy and pg_restore to put "
    "back."
)


def back_up(target: Path, *, url: str | None = None) -> ChainReport:
    """Copy the whole store into one file, at one moment, while others may write to it.

    Args:
        target: the new file; it appears when the copy is whole and checked, and not otherwise.
        url: of the store; None takes the default one.

    Returns:
        The check of the copy's audit trail.

    Raises:
        StoreError: there is no store yet, the file exists, or the copy cannot be written.
    """
    address, source = _file_of(url)
    if not source.is_file():
        require_same_store(address, is_empty=True)
        raise StoreError("There is no review store yet: nothing was copied.")
    if target.exists():
        raise StoreError(f"{target.name} exists already: name another file for the copy.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(partial)) as copy,
        ):
            original.backup(copy)
        checked = _check(partial)
        require_same_store(address, is_empty=checked.report.n_rows == 0)
        if checked.report.is_whole:
            _make_lasting(partial)
            partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The copy cannot be written to {target.name}: make room or name another folder."
        ) from error
    finally:
        _remove(partial)
    if checked.report.is_whole:
        note_backup(checked.report, address)
    return checked.report


def put_back(copy: Path, *, url: str | None = None) -> ChainReport:
    """Put a copy in the store's place; the replaced store stays beside it. Stop the app before.

    The store is the old one until its file is replaced by one rename, and the new one from then on.

    Args:
        copy: a file of :func:`back_up`; one of an earlier version is brought to this one.
        url: of the store; None takes the default one.

    Returns:
        The check of the audit trail.

    Raises:
        StoreError: the copy is missing, damaged or tampered with, the store is in use, or the copy
            cannot be put there.
    """
    address, target = _file_of(url)
    if not copy.is_file():
        raise StoreError(f"There is no file {copy.name}: name a copy that leukapp backup wrote.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Left by a restore that was killed; its log would be taken for one of the new file.
        _remove(partial)
        shutil.copyfile(copy, partial)
        _require_store(partial, copy.name)
        checked = _check(partial)
        if not checked.report.is_whole:
            raise StoreError(
                f"The audit trail of {copy.name} is not whole: see what leukapp verify says of it, "
                "and put back another copy."
            )
        _make_lasting(partial)
        _keep_aside(target)
        partial.replace(target)
        _sync(target.parent)
        remember_store(address, checked.store_id)
    except OSError as error:
        raise StoreError(
            "The copy cannot be put in the store's place: make room and give this user the right "
            "to write there."
        ) from error
    finally:
        _remove(partial)
    return checked.report


def _keep_aside(target: Path) -> None:
    """Keep the store that is replaced under another name, and remove the files only it needs.

    Raises:
        StoreError: another program has it open.
    """
    if not target.exists():
        # A log without its file would be taken for one of the new file.
        _remove(target)
        return
    is_sound = _fold(target)
    number = 1
    while (kept := target.with_name(f"{target.name}.replaced-{number}")).exists():
        number += 1
    if not is_sound:
        for old in _companions(target):
            if old.exists():
                old.replace(kept.with_name(old.name.replace(target.name, kept.name)))
    try:
        os.link(target, kept)
    except OSError:
        # A file system without second names.
        shutil.copyfile(target, kept)
    _sync(target.parent)


def _fold(path: Path) -> bool:
    """Merge a database's log into its one file; False where it is too damaged for that.

    Raises:
        StoreError: another program has it open.
    """
    with path.open("rb") as file:
        # SQLite itself would throw the log of such a file away.
        if file.read(len(HEADER)) != HEADER:
            return False
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(
                "The review store is in use: stop the app and every leukapp batch, then restore "
                "again."
            ) from error
        return False
    except sqlite3.DatabaseError:
        return False
    return not any(companion.exists() for companion in _companions(path))


def _require_store(path: Path, name: str) -> None:
    """Refuse a database that is no review store: opening it would create an empty store in it."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("SELECT version_num FROM alembic_version").fetchone()
            database.execute("SELECT count(*) FROM audit_trail").fetchone()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            raise StoreError(
                f"{name} is no copy of a review store: name a file that leukapp backup wrote."
            ) from error
        raise StoreError(f"{name} is damaged: put back another copy.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A copy that was brought to this version."""

    report: ChainReport
    store_id: str


def _check(path: Path) -> _Checked:
    url = f"sqlite:///{path}"
    store = ReviewStore(open_database(url), url=url)
    try:
        return _Checked(report=store.verify(), store_id=store.store_id)
    finally:
        store.close()


def _make_lasting(path: Path) -> None:
    """Bring a checked copy into one file, on the disk for good."""
    if not _fold(path):
        raise StoreError(f"{path.name} cannot be brought into one file: try again.")
    _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    for leftover in (path, *_companions(path)):
        with suppress(FileNotFoundError):
            leftover.unlink()


def _companions(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))


def _file_of(url: str | None) -> tuple[str, Path]:
    address = url or store_url()
    path = sqlite_file(address)
    if path is None:
        raise StoreError(SERVER_DATABASE)
    return address, path
