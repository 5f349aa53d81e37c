"""The audit trail: who, when, what, by which bundle - each row bound to the one before.

A row holds the SHA-256 of its own fields and of the row before it, and a separate head holds the
number of rows and the last hash. So a changed, removed, inserted or reordered row is found, and so
is a cut end. Whoever can write to the database and recomputes every hash after a change is not
found: keep the head's hash, which ``leukapp verify`` prints, in another place.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text, update

from leukapp.review.records import ItemState
from leukapp.review.tables import AUDIT_HEAD, AUDIT_TRAIL, DECISIONS, ITEMS, RUNS

FIRST_HASH: Final = "0" * 64
DIAGNOSIS: Final = "diagnosis"
DECISION: Final = "decision"
MAX_NAMED_FAULTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """What happened.

    Attributes:
        event: ``diagnosis`` or ``decision``.
        user: mail address of who was signed in, or None.
        image_sha256: of the judged file, hexadecimal.
        bundle_sha256: of the bundle that answered.
        software_version: of LeukApp.
        detail: more, as plain JSON values; no file name, no free text.
    """

    event: str
    user: str | None
    image_sha256: str
    bundle_sha256: str
    software_version: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of the whole trail found.

    Attributes:
        n_rows: rows of the trail.
        head_hash: hash of its last row; keep it elsewhere to notice a trail written anew.
        faults: one sentence for each row that was changed or is missing; the first 50.
    """

    n_rows: int
    head_hash: str
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordedAnswer:
    """What the trail says of one image of a batch."""

    run_id: int
    position: int
    digest: str


def utc_now() -> str:
    """This moment, as the tables keep it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def append_entry(connection: Connection, entry: TrailEntry) -> None:
    """Add one row, in the caller's transaction, which must hold the store's write lock.

    Args:
        connection: in a transaction.
        entry: what happened.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit_trail IN EXCLUSIVE MODE"))
    head = connection.execute(select(AUDIT_HEAD.c.n_rows, AUDIT_HEAD.c.row_hash)).first()
    n_rows, previous = (0, FIRST_HASH) if head is None else (head.n_rows, head.row_hash)
    row = {
        "sequence": n_rows + 1,
        "recorded_at": utc_now(),
        "event": entry.event,
        "user_mail": entry.user,
        "image_sha256": entry.image_sha256,
        "bundle_sha256": entry.bundle_sha256,
        "software_version": entry.software_version,
        "detail": canonical(entry.detail),
        "previous_hash": previous,
    }
    row_hash = digest(row)
    connection.execute(insert(AUDIT_TRAIL).values(**row, row_hash=row_hash))
    if head is None:
        connection.execute(insert(AUDIT_HEAD).values(id=1, n_rows=1, row_hash=row_hash))
    else:
        connection.execute(update(AUDIT_HEAD).values(n_rows=n_rows + 1, row_hash=row_hash))


def check_trail(connection: Connection) -> ChainReport:
    """Recompute every hash of the trail, and of the decisions and batch answers it speaks of.

    Args:
        connection: to the store.
    """
    faults: list[str] = []
    expected, previous = 1, FIRST_HASH
    decisions: dict[int, str] = {}
    answers: dict[int, _RecordedAnswer] = {}
    for row in connection.execute(select(AUDIT_TRAIL).order_by(AUDIT_TRAIL.c.sequence)).mappings():
        number = row["sequence"]
        if number != expected:
            missing = f"{expected}" if number == expected + 1 else f"{expected} to {number - 1}"
            faults.append(f"row {missing} of the audit trail is missing")
        elif row["previous_hash"] != previous:
            faults.append(f"row {number} of the audit trail does not follow the row before it")
        fields = {key: value for key, value in row.items() if key != "row_hash"}
        if digest(fields) != row["row_hash"]:
            faults.append(f"row {number} of the audit trail was changed")
        else:
            detail = json.loads(row["detail"])
            if "decision_id" in detail:
                decisions[detail["decision_id"]] = detail["digest"]
            if "item_id" in detail:
                answers[detail["item_id"]] = _RecordedAnswer(
                    run_id=detail["run_id"], position=detail["position"], digest=detail["digest"]
                )
        expected, previous = number + 1, row["row_hash"]
    faults += _check_head(connection, expected - 1, previous)
    faults += _check_decisions(connection, decisions)
    faults += _check_answers(connection, answers)
    return ChainReport(
        n_rows=expected - 1, head_hash=previous, faults=tuple(faults[:MAX_NAMED_FAULTS])
    )


def canonical(values: Mapping[str, Any]) -> str:
    """The one JSON text of some values, whatever their order."""
    return json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of values, hexadecimal."""
    return hashlib.sha256(canonical(values).encode("ascii")).hexdigest()


def _check_head(connection: Connection, n_rows: int, last_hash: str) -> list[str]:
    head = connection.execute(select(AUDIT_HEAD.c.n_rows, AUDIT_HEAD.c.row_hash)).first()
    if head is None:
        return ["the end of the audit trail is not recorded any more"] if n_rows else []
    if head.n_rows > n_rows:
        return [f"the audit trail ends at row {n_rows}, but had {head.n_rows}"]
    if (head.n_rows, head.row_hash) != (n_rows, last_hash):
        return ["the recorded end of the audit trail is not its last row"]
    return []


def _check_decisions(connection: Connection, digests: Mapping[int, str]) -> list[str]:
    faults = []
    found = set()
    for row in connection.execute(select(DECISIONS).order_by(DECISIONS.c.id)).mappings():
        found.add(row["id"])
        if row["id"] not in digests:
            faults.append(f"decision {row['id']} is not in the audit trail")
        elif digest(dict(row)) != digests[row["id"]]:
            faults.append(f"decision {row['id']} was changed")
    return faults + [f"decision {number} is missing" for number in sorted(set(digests) - found)]


def _check_answers(connection: Connection, recorded: Mapping[int, _RecordedAnswer]) -> list[str]:
    """Answers of batches that are still kept; a batch removed as a whole leaves its trail."""
    faults = []
    found = set()
    for row in connection.execute(select(ITEMS).order_by(ITEMS.c.id)).mappings():
        found.add(row["id"])
        name = _answer_name(row["run_id"], row["position"])
        known = recorded.get(row["id"])
        if known is not None and digest(dict(row)) != known.digest:
            faults.append(f"{name} was changed")
        elif known is None and row["state"] == ItemState.DONE.value:
            faults.append(f"{name} is not in the audit trail")
    kept = set(connection.execute(select(RUNS.c.id)).scalars())
    for item_id, known in recorded.items():
        if item_id not in found and known.run_id in kept:
            faults.append(f"{_answer_name(known.run_id, known.position)} is missing")
    return faults


def _answer_name(run_id: int, position: int) -> str:
    return f"the answer for image {position + 1} of batch {run_id}"
