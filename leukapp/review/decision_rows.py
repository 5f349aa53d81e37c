"""Rows of the review log: decisions are added and taken back, each with its line in the trail."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from leukapp.errors import StoreError
from leukapp.review.audit_trail import (
    DECISION,
    TrailEntry,
    append_entry,
    lock_trail,
    row_digest,
    utc_now,
)
from leukapp.review.double_reading import (
    N_READERS,
    read_doubly,
    read_one_doubly,
    reader_of,
)
from leukapp.review.kept_images import uploaded_sha256
from leukapp.review.log_rows import read_decision
from leukapp.review.records import BatchItem, BatchRun, Decision, DecisionKind
from leukapp.review.standing import may_take_back, standing_decision, standing_decisions
from leukapp.review.standing_rows import note_standing
from leukapp.review.tables import DECISIONS, ITEMS, RUNS

ANOTHER_READERS: Final = (
    "This decision is another reader's: ask that reader or an administrator to take it back, or "
    "save a decision of your own."
)
TWO_HAVE_SIGNED: Final = (
    "Two readers have signed this image already: where they differ, it can be adjudicated."
)
NOTHING_TO_SETTLE: Final = (
    "There is nothing to adjudicate on this image: it needs two readers who differ."
)
STANDS_NO_MORE: Final = (
    "This decision does not stand any more, for it was taken back or a later one follows it: "
    "reload the page."
)


def require_same_image(
    connection: Connection, item_id: int, run_id: int | None, image_sha256: str
) -> None:
    """Refuse a decision on another file than the one whose verdict it would stand beside.

    Args:
        connection: in a transaction.
        item_id: image of the batch.
        run_id: the batch.
        image_sha256: of the file that the reviewer saw.

    Raises:
        StoreError: it is another file, or the image is gone.
    """
    judged = connection.execute(
        select(ITEMS.c.image_sha256).where(ITEMS.c.id == item_id, ITEMS.c.run_id == run_id)
    ).first()
    if judged is None:
        raise StoreError("This image is not in its batch any more: reload the page.")
    if judged.image_sha256 != image_sha256:
        raise StoreError(
            "The file of this image is not the one that was judged, so no decision on it can be "
            "signed: put the file that was judged back, or begin a new batch."
        )


def require_room(connection: Connection, values: Mapping[str, Any]) -> None:
    """Refuse a decision for which a batch that asks for two readers has no place.

    Args:
        connection: in a transaction.
        values: column to value of the decision.

    Raises:
        StoreError: two readers have signed the image, or there is nothing to settle.
    """
    if not _asks_for_two(connection, values["run_id"]):
        if values["is_adjudication"]:
            raise StoreError(NOTHING_TO_SETTLE)
        return
    lock_trail(connection)
    query = select(DECISIONS).where(
        DECISIONS.c.run_id == values["run_id"], DECISIONS.c.item_id == values["item_id"]
    )
    rows = connection.execute(query.order_by(DECISIONS.c.id)).mappings()
    reading = read_one_doubly([read_decision(row) for row in rows])
    if values["is_adjudication"] and not reading.is_disagreement:
        raise StoreError(NOTHING_TO_SETTLE)
    if not values["is_adjudication"] and reading.is_complete:
        raise StoreError(TWO_HAVE_SIGNED)


def _asks_for_two(connection: Connection, run_id: int | None) -> bool:
    asked = connection.execute(select(RUNS.c.n_readers).where(RUNS.c.id == run_id)).scalar()
    return asked == N_READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Where a decision comes from that somebody put into a batch for its reader.

    Attributes:
        decision_id: of the one that was signed on page "Diagnose".
        user: mail address of who kept the image, or None.
    """

    decision_id: int
    user: str | None


def add_decision(
    connection: Connection, values: Mapping[str, Any], *, carried: Carried | None = None
) -> Decision:
    """Add a decision and its line in the audit trail, in the caller's transaction.

    Args:
        connection: in a transaction.
        values: column to value.
        carried: where it comes from; None for one that was signed now.
    """
    row = (
        connection.execute(insert(DECISIONS).values(**values).returning(*DECISIONS.c))
        .mappings()
        .one()
    )
    append_entry(
        connection,
        TrailEntry(
            event=DECISION,
            user=values["user_mail"] if carried is None else carried.user,
            image_sha256=values["image_sha256"],
            bundle_sha256=values["bundle_sha256"],
            detail={
                **({} if carried is None else {"carried_from": carried.decision_id}),
                "decision_id": row["id"],
                "kind": values["kind"],
                "finding": values.get("finding"),
                "label": values["label"],
                "run_id": values["run_id"],
                # The reason may hold anything, so the trail has only the hash of the whole line.
                "digest": row_digest(DECISIONS, dict(row)),
            },
        ),
    )
    # After the entry, which waits for whoever else writes: both see the other's line then.
    note_standing(connection, row["run_id"], row["item_id"])
    return read_decision(row)


def sign_agreements(
    connection: Connection,
    items: Sequence[BatchItem],
    run: BatchRun,
    *,
    initials: str,
    user: str | None,
) -> tuple[Decision, ...]:
    """Add a decision "agree" for each image on which none stands; see ``ReviewStore``."""
    # Another reader may decide at the same time: one of the two sees what the other did.
    lock_trail(connection)
    query = select(DECISIONS).where(DECISIONS.c.run_id == run.id).order_by(DECISIONS.c.id)
    lines = [read_decision(row) for row in connection.execute(query).mappings()]
    decided = _decided(lines, run, user or initials)
    act = secrets.token_hex(16)
    made = []
    for item in items:
        if item.id in decided:
            continue
        digest = item.image_sha256 or ""
        require_same_image(connection, item.id, run.id, digest)
        values = {
            "image_sha256": digest,
            "image_name": item.name,
            "bundle_sha256": run.bundle_sha256,
            "kind": DecisionKind.AGREE.value,
            "finding": item.finding,
            "label": item.label,
            "reason": "",
            "initials": initials,
            "user_mail": user,
            "decided_at": utc_now(),
            "run_id": run.id,
            "item_id": item.id,
            "is_blinded": False,
            "act": act,
        }
        made.append(add_decision(connection, values))
    return tuple(made)


def _decided(lines: Sequence[Decision], run: BatchRun, reader: str) -> set[int]:
    """Ids of the images on which this reader has nothing more to sign."""
    if run.n_readers != N_READERS:
        return set(standing_decisions(lines))
    return {
        item_id
        for item_id, reading in read_doubly(lines).items()
        if reading.is_complete or reading.of_reader(reader) is not None
    }


def carry_decisions(
    connection: Connection, run: BatchRun, items: Sequence[BatchItem], *, user: str | None
) -> tuple[Decision, ...]:
    """Put what was signed on page "Diagnose" into a batch; see ``ReviewStore``."""
    lock_trail(connection)
    made = []
    for item in items:
        signed = _signed_on_diagnose(connection, uploaded_sha256(item.source) or "")
        on_item = select(DECISIONS.c.id).where(DECISIONS.c.item_id == item.id)
        if (
            signed is None
            or signed.bundle_sha256 != run.bundle_sha256
            or connection.execute(on_item.limit(1)).first() is not None
        ):
            continue
        values = {
            "image_sha256": signed.image_sha256,
            "image_name": item.name,
            "bundle_sha256": signed.bundle_sha256,
            "kind": signed.kind.value,
            "finding": signed.finding,
            "label": signed.label,
            "reason": signed.reason,
            "initials": signed.initials,
            "user_mail": signed.user,
            "decided_at": signed.decided_at.isoformat(),
            "run_id": run.id,
            "item_id": item.id,
            "is_blinded": False,
        }
        carried = Carried(decision_id=signed.id, user=user)
        made.append(add_decision(connection, values, carried=carried))
    return tuple(made)


def _signed_on_diagnose(connection: Connection, image_sha256: str) -> Decision | None:
    query = select(DECISIONS).where(
        DECISIONS.c.image_sha256 == image_sha256,
        DECISIONS.c.run_id.is_(None),
        DECISIONS.c.item_id.is_(None),
    )
    rows = connection.execute(query.order_by(DECISIONS.c.id)).mappings()
    return standing_decision([read_decision(row) for row in rows])


def take_back_decision(
    connection: Connection, decision_id: int, *, initials: str, user: str | None, is_admin: bool
) -> Decision:
    """Take a standing decision back; see ``ReviewStore.undo_decision``."""
    # Two readers may press the button at once: the second one sees what the first one did.
    lock_trail(connection)
    target = _decision_of(connection, decision_id)
    if not may_take_back(target, user=user, is_admin=is_admin):
        raise StoreError(ANOTHER_READERS)
    if standing_decision(_lines_beside(connection, target)) != target:
        raise StoreError(STANDS_NO_MORE)
    return _take_back(connection, target, initials=initials, user=user)


def take_back_act(
    connection: Connection, act: str, *, initials: str, user: str | None, is_admin: bool
) -> tuple[Decision, ...]:
    """Take back what was signed together and still stands; see ``ReviewStore.undo_act``."""
    lock_trail(connection)
    query = select(DECISIONS).where(DECISIONS.c.act == act).order_by(DECISIONS.c.id)
    made = [read_decision(row) for row in connection.execute(query).mappings()]
    if not all(may_take_back(one, user=user, is_admin=is_admin) for one in made):
        raise StoreError(ANOTHER_READERS)
    standing = [one for one in made if standing_decision(_lines_beside(connection, one)) == one]
    if not standing:
        raise StoreError(STANDS_NO_MORE)
    return tuple(_take_back(connection, one, initials=initials, user=user) for one in standing)


def _take_back(
    connection: Connection, target: Decision, *, initials: str, user: str | None
) -> Decision:
    """Add the line that takes a standing decision back."""
    return add_decision(
        connection,
        {
            "image_sha256": target.image_sha256,
            "image_name": target.image_name,
            "bundle_sha256": target.bundle_sha256,
            "kind": DecisionKind.UNDONE.value,
            "label": None,
            "reason": "",
            "initials": initials,
            "user_mail": user,
            "decided_at": utc_now(),
            "run_id": target.run_id,
            "item_id": target.item_id,
            "is_blinded": target.is_blinded,
            "takes_back": target.id,
        },
    )


def _decision_of(connection: Connection, decision_id: int) -> Decision:
    query = select(DECISIONS).where(
        DECISIONS.c.id == decision_id, DECISIONS.c.kind != DecisionKind.UNDONE.value
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise StoreError("This decision is not in the review log: reload the page.")
    return read_decision(row)


def _lines_beside(connection: Connection, decision: Decision) -> list[Decision]:
    """Lines of the log on the same image of the same batch, oldest first."""
    query = select(DECISIONS).where(
        DECISIONS.c.image_sha256 == decision.image_sha256,
        DECISIONS.c.run_id.is_not_distinct_from(decision.run_id),
        DECISIONS.c.item_id.is_not_distinct_from(decision.item_id),
    )
    rows = connection.execute(query.order_by(DECISIONS.c.id)).mappings()
    lines = [read_decision(row) for row in rows]
    if not _asks_for_two(connection, decision.run_id):
        return lines
    # What the other reader signed later does not replace it.
    return [
        line
        for line in lines
        if line.kind is DecisionKind.UNDONE
        or (
            reader_of(line) == reader_of(decision)
            and line.is_adjudication == decision.is_adjudication
        )
    ]
