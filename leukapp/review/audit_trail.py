"""The audit trail: who, when, what, by which bundle - each row bound to the one before.

A row holds the SHA-256 of its own fields and of the row before it, and a separate head holds the
number of rows and the last hash. So a changed, removed, inserted or reordered row is found. Rows
speak of diagnoses, of decisions and corrected cells, of batches: that one was begun with which
images, in which state it is, and that it was removed, of cases by their numbers, and of bundles
that an admin accepted or took back. Whoever can write to the database can write the whole trail
anew, or cut its end and its head: a signed head that is kept in another place shows it
(``leukapp head``).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, insert, select, text, update

from leukapp import __version__
from leukapp.review.tables import AUDIT_HEAD, AUDIT_TRAIL, DERIVED, LATER

FIRST_HASH: Final = "0" * 64
DIAGNOSIS: Final = "diagnosis"
DECISION: Final = "decision"
CELL_CORRECTED: Final = "cell_corrected"
UNREADABLE: Final = "unreadable"
BATCH_BEGUN: Final = "batch_begun"
BATCH_STATE: Final = "batch_state"
BATCH_REMOVED: Final = "batch_removed"
CASE_MADE: Final = "case_made"
CASE_NAMED: Final = "case_named"
CASE_IMAGES_CHANGED: Final = "case_images"
CASE_REMOVED: Final = "case_removed"
BUNDLE_ACCEPTED: Final = "bundle_accepted"
BUNDLE_WITHDRAWN: Final = "bundle_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One row of the audit trail.

    Attributes:
        event: one of the words above.
        user: mail address of who was signed in, or None.
        image_sha256: of the judged file, hexadecimal; empty where it is not about one image.
        bundle_sha256: of the bundle that answered.
        software_version: of LeukApp; that of now where it is not told.
        detail: more, as plain JSON values; no file name, no free text.
    """

    event: str
    user: str | None
    image_sha256: str = ""
    bundle_sha256: str
    software_version: str = __version__
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailHead:
    """Where the trail ends.

    Attributes:
        n_rows: how many rows it has.
        row_hash: of the last one, hexadecimal.
    """

    n_rows: int
    row_hash: str


def utc_now() -> str:
    """The current time as the tables store it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def lock_trail(connection: Connection) -> None:
    """Lock other writers out until the transaction ends; SQLite's own lock does that already.

    Args:
        connection: in a transaction that writes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit_trail IN EXCLUSIVE MODE"))


def read_head(connection: Connection) -> TrailHead:
    """Give the recorded end of the trail.

    Args:
        connection: to the store.
    """
    head = connection.execute(select(AUDIT_HEAD.c.n_rows, AUDIT_HEAD.c.row_hash)).first()
    if head is None:
        return TrailHead(n_rows=0, row_hash=FIRST_HASH)
    return TrailHead(n_rows=head.n_rows, row_hash=head.row_hash)


def append_entry(connection: Connection, entry: TrailEntry) -> None:
    """Add one row, in the caller's transaction, which must hold the store's write lock.

    Args:
        connection: in a transaction.
        entry: what happened.
    """
    append_entries(connection, [entry])


def append_event(
    connection: Connection,
    event: str,
    detail: Mapping[str, Any],
    *,
    bundle_sha256: str = "",
    user: str | None,
) -> None:
    """Add one row that is about no single image; see :func:`append_entry`.

    Args:
        connection: in a transaction.
        event: one of the words above.
        detail: as of ``TrailEntry``.
        bundle_sha256: of the bundle that it is about; empty for none.
        user: mail address of who was signed in, or None.
    """
    append_entry(
        connection,
        TrailEntry(event=event, user=user, bundle_sha256=bundle_sha256, detail=detail),
    )


def append_entries(connection: Connection, entries: Sequence[TrailEntry]) -> None:
    """Add rows one after the other; other writers wait once for all of them.

    Args:
        connection: in a transaction, which must hold the store's write lock.
        entries: what happened, in its order.
    """
    if not entries:
        return
    lock_trail(connection)
    head = read_head(connection)
    rows = []
    for entry in entries:
        row = _row(entry, head)
        head = TrailHead(n_rows=head.n_rows + 1, row_hash=digest(row))
        rows.append({**row, "row_hash": head.row_hash})
    connection.execute(insert(AUDIT_TRAIL), rows)
    heads = [{"last": row["sequence"], "last_hash": row["row_hash"]} for row in rows]
    if rows[0]["sequence"] == 1:
        first, *heads = heads
        values = {"n_rows": first["last"], "row_hash": first["last_hash"]}
        connection.execute(insert(AUDIT_HEAD).values(id=1, **values))
    if heads:
        # The guard of the head lets it grow by one row at a time.
        grown = update(AUDIT_HEAD).values(n_rows=bindparam("last"), row_hash=bindparam("last_hash"))
        connection.execute(grown, heads)


def _row(entry: TrailEntry, head: TrailHead) -> dict[str, Any]:
    """The row of an entry that follows a head, without its own hash."""
    return {
        "sequence": head.n_rows + 1,
        "recorded_at": utc_now(),
        "event": entry.event,
        "user_mail": entry.user,
        "image_sha256": entry.image_sha256,
        "bundle_sha256": entry.bundle_sha256,
        "software_version": entry.software_version,
        "detail": canonical(entry.detail),
        "previous_hash": head.row_hash,
    }


def canonical(values: Mapping[str, Any] | list[Any]) -> str:
    """The one JSON text of some values, whatever their order."""
    return json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of values, hexadecimal."""
    return hashlib.sha256(canonical(values).encode("ascii")).hexdigest()


def row_digest(table: Table, values: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> str:
    """SHA-256 of a row, hexadecimal; a column of a later version counts where it holds something.

    What only follows from other columns does not count.

    Args:
        table: of the row.
        values: column to value.
        without: columns that may change.
    """
    counted = {
        name: value
        for name, value in values.items()
        if name not in without
        and DERIVED not in table.c[name].info
        and not (value is None and LATER in table.c[name].info)
    }
    return digest(counted)


def images_digest(images: Iterable[tuple[int, int, str, str]]) -> str:
    """SHA-256 of the list of a batch's images, hexadecimal.

    Args:
        images: id, position, name and source of each, by position.
    """
    listed = hashlib.sha256()
    for image in images:
        listed.update(f"{canonical(list(image))}\n".encode("ascii"))
    return listed.hexdigest()
