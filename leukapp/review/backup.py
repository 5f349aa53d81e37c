"""Copies of the review store: taken while it is in use, and put back after a check."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from leukapp.errors import StoreError
from leukapp.resources import store_url
from leukapp.review.audit_trail import ChainReport
from leukapp.review.store import ReviewStore

SERVER_DATABASE = (
    "This store is on a database server: use its own tool, pg_dump to copy and pg_restore to put "
    "back."
)


def back_up(target: Path, *, url: str | None = None) -> ChainReport:
    """Copy the whole store into one file, at one moment, while others may write to it.

    Args:
        target: the new file; it appears when the copy is whole and checked.
        url: of the store; None takes the default one.

    Returns:
        The check of the copy's audit trail.

    Raises:
        StoreError: there is no store yet, the file exists, or the copy cannot be written.
    """
    source = _file_of(url)
    if not source.is_file():
        raise StoreError("There is no review store yet: nothing was copied.")
    if target.exists():
        raise StoreError(f"{target.name} exists already: name another file for the copy.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(partial)) as copy,
        ):
            original.backup(copy)
            # One plain file, without the companions of a store in use.
            copy.execute("PRAGMA journal_mode=DELETE")
        report = _check(partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The copy cannot be written to {target.name}: make room or name another folder."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return report


def put_back(copy: Path, *, url: str | None = None) -> ChainReport:
    """Make a copy the store; the one it replaces stays beside it. Stop the app before.

    Args:
        copy: a file of :func:`back_up`.
        url: of the store; None takes the default one.

    Returns:
        The check of the audit trail.

    Raises:
        StoreError: the copy is missing, damaged or tampered with, or cannot be put there.
    """
    target = _file_of(url)
    if not copy.is_file():
        raise StoreError(f"There is no file {copy.name}: name a copy that leukapp backup wrote.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(copy, partial)
        report = _check(partial)
        if not report.is_whole:
            raise StoreError(
                f"The audit trail of {copy.name} is not whole: see what leukapp verify says of it, "
                "and put back another copy."
            )
        _step_aside(target)
        partial.replace(target)
    except OSError as error:
        raise StoreError(
            "The copy cannot be put in the store's place: make room and give this user the right "
            "to write there."
        ) from error
    finally:
        for leftover in (partial, *_companions(partial)):
            leftover.unlink(missing_ok=True)
    return report


def _step_aside(target: Path) -> None:
    """Keep the store that is replaced, with what it has not yet folded in."""
    if not target.exists():
        return
    number = 1
    while (kept := target.with_name(f"{target.name}.replaced-{number}")).exists():
        number += 1
    for old in (*_companions(target), target):
        if old.exists():
            Path(old).replace(kept.with_name(old.name.replace(target.name, kept.name)))


def _check(path: Path) -> ChainReport:
    store = ReviewStore.open(f"sqlite:///{path}")
    try:
        return store.verify()
    finally:
        store.close()


def _companions(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))


def _file_of(url: str | None) -> Path:
    address = make_url(url or store_url())
    if address.get_backend_name() != "sqlite" or not address.database:
        raise StoreError(SERVER_DATABASE)
    return Path(address.database)
