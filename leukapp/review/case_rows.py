"""Cases in the database: every change with its row of the audit trail, which holds no name.

Each function works in the caller's transaction, which must hold the store's write lock where it
changes anything. What is typed into a case may be a patient's number: the trail has the case's own
number and a salted hash, and a new name comes with a new salt.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from leukapp.errors import StoreError
from leukapp.review.audit_trail import (
    CASE_IMAGES_CHANGED,
    CASE_MADE,
    CASE_NAMED,
    CASE_REMOVED,
    append_event,
    lock_trail,
    row_digest,
    utc_now,
)
from leukapp.review.records import MAX_CASE_NAME, Case
from leukapp.review.tables import CASE_IMAGES, CASES, ITEMS

MAX_IMAGES: Final = 2000
"""A case is one patient's; the trail lists each image by its number."""
NUMBER_SIGN: Final = "#"
NO_SUCH_CASE: Final = "This case is not in the review store: search for another one."
TOO_MANY: Final = f"A case holds at most {MAX_IMAGES} images: put fewer into it."
TAKEN: Final = "Case {number} has this name already: open that one, or choose another name."
IN_ANOTHER: Final = (
    "{n} of these images belong to another case: take them out of it first. Nothing was changed."
)
GONE: Final = "Some of these images are not in the review store any more: reload the page."


def plain_name(typed: str | None) -> str | None:
    """Give what was typed as a case is called: on one line, without blanks around it.

    Args:
        typed: by a reader; None, blanks and nothing are no name.

    Raises:
        StoreError: it is too long, or begins as the number of a case does.
    """
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in typed or "").split())
    if len(name) > MAX_CASE_NAME:
        raise StoreError(f"The name of a case has at most {MAX_CASE_NAME} letters: shorten it.")
    if name.startswith(NUMBER_SIGN):
        raise StoreError(f"The name of a case cannot begin with {NUMBER_SIGN}: leave that out.")
    return name or None


def make_case(connection: Connection, name: str | None, *, user: str | None) -> int:
    """Begin a case without images.

    Args:
        connection: in a transaction.
        name: plain; None for none.
        user: mail address of who makes it, or None.

    Returns:
        Its number.

    Raises:
        StoreError: another case has this name.
    """
    _require_free(connection, name)
    values = {"name": name, "salt": secrets.token_hex(16), "created_at": utc_now()}
    made = connection.execute(insert(CASES).values(values).returning(*CASES.c)).mappings().one()
    detail = {"case_id": made["id"], "digest": row_digest(CASES, dict(made))}
    append_event(connection, CASE_MADE, detail, user=user)
    return int(made["id"])


def name_case(connection: Connection, case_id: int, name: str | None, *, user: str | None) -> None:
    """Give a case another name; of the old one nothing stays.

    Args:
        connection: in a transaction.
        case_id: of the case.
        name: plain; None for none.
        user: mail address of who names it, or None.

    Raises:
        StoreError: there is no such case, or another one has this name.
    """
    if _locked(connection, case_id)["name"] == name:
        return
    _require_free(connection, name, but=case_id)
    changed = update(CASES).where(CASES.c.id == case_id)
    changed = changed.values(name=name, salt=secrets.token_hex(16))
    row = connection.execute(changed.returning(*CASES.c)).mappings().one()
    detail = {"case_id": case_id, "digest": row_digest(CASES, dict(row))}
    append_event(connection, CASE_NAMED, detail, user=user)


def add_images(
    connection: Connection, case_id: int, item_ids: Collection[int], *, user: str | None
) -> None:
    """Put images of batches into a case; those that are in it already stay.

    Args:
        connection: in a transaction.
        case_id: of the case.
        item_ids: of the images.
        user: mail address of who adds them, or None.

    Raises:
        StoreError: there is no such case, an image is gone or belongs to another case, or there
            would be too many.
    """
    _locked(connection, case_id)
    if len(item_ids) > MAX_IMAGES:
        raise StoreError(TOO_MANY)
    in_cases: dict[int, int] = dict(
        connection.execute(
            select(CASE_IMAGES.c.item_id, CASE_IMAGES.c.case_id).where(
                CASE_IMAGES.c.item_id.in_(item_ids)
            )
        )
        .tuples()
        .all()
    )
    n_elsewhere = sum(found != case_id for found in in_cases.values())
    if n_elsewhere:
        raise StoreError(IN_ANOTHER.format(n=n_elsewhere))
    new = sorted(set(item_ids) - set(in_cases))
    there = select(func.count()).select_from(ITEMS).where(ITEMS.c.id.in_(new))
    if connection.execute(there).scalar_one() != len(new):
        raise StoreError(GONE)
    held = select(func.count()).select_from(CASE_IMAGES).where(CASE_IMAGES.c.case_id == case_id)
    if connection.execute(held).scalar_one() + len(new) > MAX_IMAGES:
        raise StoreError(TOO_MANY)
    if new:
        rows = [{"case_id": case_id, "item_id": item_id} for item_id in new]
        connection.execute(insert(CASE_IMAGES), rows)
        detail = {"case_id": case_id, "added": new}
        append_event(connection, CASE_IMAGES_CHANGED, detail, user=user)


def take_out_images(
    connection: Connection, case_id: int, item_ids: Collection[int], *, user: str | None
) -> None:
    """Take images out of a case; they stay in their batches.

    Args:
        connection: in a transaction.
        case_id: of the case.
        item_ids: of the images; those that are not in the case change nothing.
        user: mail address of who takes them out, or None.

    Raises:
        StoreError: there is no such case.
    """
    _locked(connection, case_id)
    where = (CASE_IMAGES.c.case_id == case_id) & CASE_IMAGES.c.item_id.in_(item_ids)
    _take_out(connection, case_id, where, user=user)


def take_run_out_of_cases(connection: Connection, run_id: int, *, user: str | None) -> None:
    """Take the images of a batch that is being removed out of every case.

    Args:
        connection: in a transaction.
        run_id: of the batch.
        user: mail address of who removes it, or None.
    """
    lock_trail(connection)
    of_run = CASE_IMAGES.c.item_id.in_(select(ITEMS.c.id).where(ITEMS.c.run_id == run_id))
    case_ids = select(CASE_IMAGES.c.case_id).where(of_run).distinct().order_by("case_id")
    for case_id in connection.execute(case_ids).scalars().all():
        _take_out(connection, case_id, (CASE_IMAGES.c.case_id == case_id) & of_run, user=user)


def remove_case(connection: Connection, case_id: int, *, user: str | None) -> None:
    """Remove a case with its name; its images stay in their batches.

    Args:
        connection: in a transaction.
        case_id: of the case.
        user: mail address of who removes it, or None.

    Raises:
        StoreError: there is no such case.
    """
    _locked(connection, case_id)
    connection.execute(delete(CASE_IMAGES).where(CASE_IMAGES.c.case_id == case_id))
    connection.execute(delete(CASES).where(CASES.c.id == case_id))
    append_event(connection, CASE_REMOVED, {"case_id": case_id}, user=user)


def read_cases(
    connection: Connection, where: ColumnElement[bool], limit: int | None = None
) -> tuple[Case, ...]:
    """Give cases, newest first.

    Args:
        connection: to the store.
        where: which ones.
        limit: how many at most.
    """
    n_images = (
        select(func.count())
        .where(CASE_IMAGES.c.case_id == CASES.c.id)
        .correlate(CASES)
        .scalar_subquery()
    )
    query = select(CASES, n_images.label("n_images")).where(where).order_by(CASES.c.id.desc())
    return tuple(
        Case(
            id=row["id"],
            name=row["name"],
            created_at=datetime.fromisoformat(row["created_at"]).astimezone(UTC),
            n_images=row["n_images"],
        )
        for row in connection.execute(query.limit(limit)).mappings()
    )


def is_asked_for(words: str) -> ColumnElement[bool]:
    """Which cases a search finds: by a part of the name, or by ``#`` and the number.

    Args:
        words: as typed, not empty.
    """
    number = _number(words)
    if number is not None:
        return CASES.c.id == number
    return CASES.c.name.icontains(words, autoescape=True)


def has_name(words: str) -> ColumnElement[bool]:
    """Which case is called so, in letters of any case; ``#`` and the number name it, too.

    Args:
        words: as typed, not empty.
    """
    number = _number(words)
    return func.lower(CASES.c.name) == words.lower() if number is None else CASES.c.id == number


def is_number(words: str | None) -> bool:
    """Whether words name a case by ``#`` and its number.

    Example:
        >>> is_number("#12"), is_number("12"), is_number(None)
        (True, False, False)
    """
    return _number(words or "") is not None


def _number(words: str) -> int | None:
    plain = words.strip()
    digits = plain.removeprefix(NUMBER_SIGN)
    is_whole = digits.isascii() and digits.isdecimal() and len(digits) < 10
    return int(digits) if digits != plain and is_whole else None


def _require_free(connection: Connection, name: str | None, *, but: int | None = None) -> None:
    # Two readers may give one name at once: the second one sees what the first one did.
    lock_trail(connection)
    same = false() if name is None else func.lower(CASES.c.name) == name.lower()
    query = select(CASES.c.id).where(same)
    others: Sequence[int] = [found for found in connection.execute(query).scalars() if found != but]
    if others:
        raise StoreError(TAKEN.format(number=others[0]))


def _locked(connection: Connection, case_id: int) -> RowMapping:
    lock_trail(connection)
    row = connection.execute(select(CASES).where(CASES.c.id == case_id)).mappings().first()
    if row is None:
        raise StoreError(NO_SUCH_CASE)
    return row


def _take_out(
    connection: Connection, case_id: int, where: ColumnElement[bool], *, user: str | None
) -> None:
    gone = delete(CASE_IMAGES).where(where).returning(CASE_IMAGES.c.item_id)
    taken = sorted(connection.execute(gone).scalars())
    if taken:
        detail = {"case_id": case_id, "taken_out": taken}
        append_event(connection, CASE_IMAGES_CHANGED, detail, user=user)
