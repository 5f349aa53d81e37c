"""Batches and their images in the database: every change with its row of the audit trail.

Each function works in the caller's transaction, which must hold the store's write lock.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from leukapp import __version__
from leukapp.errors import StoreError
from leukapp.labels import finding_of
from leukapp.review.audit_trail import (
    BATCH_BEGUN,
    BATCH_REMOVED,
    BATCH_STATE,
    UNREADABLE,
    TrailEntry,
    append_event,
    images_digest,
    row_digest,
    utc_now,
)
from leukapp.review.case_rows import take_run_out_of_cases
from leukapp.review.records import BatchItem, BatchRun, ItemState, RunState
from leukapp.review.tables import IS_WAITING, ITEMS, KEYS, REMOVALS, RUNS

CLAIM_SECONDS: Final = 12.0
"""How long an image stays in the hand of a runner that does not say that it is alive."""
ROWS_A_STATEMENT: Final = 1000
KEY_NAMES: Final = tuple(column.name for column in KEYS)
NO_SUCH_BATCH: Final = "This batch is not in the review store: choose another one."
UPLOAD: Final = "upload"
THUMBNAIL: Final = "thumbnail"


class NamedSource(Protocol):
    """One file of a batch that is about to begin."""

    @property
    def name(self) -> str:
        """What the reviewer sees."""

    @property
    def source(self) -> str:
        """How to read it again."""


def begin_batch(  # noqa: PLR0913
    connection: Connection,
    entries: Iterable[NamedSource],
    *,
    name: str,
    bundle_sha256: str,
    root: Path | str | None,
    user: str | None,
    n_readers: int = 1,
) -> int:
    """Add a batch whose images all wait; few of them are in memory at once.

    Args:
        connection: in a transaction.
        entries: its files, in the order in which they are judged.
        name: as the reviewer calls it.
        bundle_sha256: the bundle that will judge it.
        root: folder, or address of one, that the paths of its files are under; None where they were
            uploaded.
        user: mail address of who begins it, or None.
        n_readers: how many readers each image asks for, 1 or 2.

    Returns:
        Its id.
    """
    run = (
        connection.execute(
            insert(RUNS)
            .values(
                name=name,
                state=RunState.RUNNING.value,
                created_at=utc_now(),
                bundle_sha256=bundle_sha256,
                software_version=__version__,
                root=str(root.resolve()) if isinstance(root, Path) else root,
                n_readers=None if n_readers == 1 else n_readers,
            )
            .returning(*RUNS.c)
        )
        .mappings()
        .one()
    )
    numbered = enumerate(entries)
    while chunk := list(islice(numbered, ROWS_A_STATEMENT)):
        connection.execute(
            insert(ITEMS),
            [
                {
                    "run_id": run["id"],
                    "position": position,
                    "name": entry.name,
                    "source": entry.source,
                    "state": ItemState.WAITING.value,
                    "quality": [],
                    "mode": "",
                }
                for position, entry in chunk
            ],
        )
    images = connection.execute(
        select(ITEMS.c.id, ITEMS.c.position, ITEMS.c.name, ITEMS.c.source)
        .where(ITEMS.c.run_id == run["id"])
        .order_by(ITEMS.c.position)
        .execution_options(yield_per=ROWS_A_STATEMENT)
    ).tuples()
    detail = {
        "run_id": run["id"],
        "state": run["state"],
        "digest": row_digest(RUNS, dict(run), without=("state",)),
        # Names of files may hold a patient's: the trail has only the hash of their list.
        "images": images_digest(images),
    }
    append_event(connection, BATCH_BEGUN, detail, bundle_sha256=bundle_sha256, user=user)
    return int(run["id"])


def change_state(
    connection: Connection,
    run_id: int,
    state: RunState,
    *,
    user: str | None = None,
    only_from: RunState | None = None,
) -> None:
    """Set the state of a batch.

    Args:
        connection: in a transaction.
        run_id: of the batch.
        state: from now on.
        user: mail address of who says so, or None.
        only_from: leave it as it is where it is not in this state.

    Raises:
        StoreError: there is no such batch.
    """
    run = _locked_run(connection, run_id)
    if run["state"] == state.value or only_from not in {None, run["state"]}:
        return
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(state=state.value))
    detail = {"run_id": run_id, "state": state.value}
    append_event(connection, BATCH_STATE, detail, bundle_sha256=run["bundle_sha256"], user=user)


def finish_batch(connection: Connection, run_id: int) -> bool:
    """Mark a running batch as finished once none of its images waits.

    Args:
        connection: in a transaction.
        run_id: of the batch.

    Returns:
        Whether images still wait in a batch that is running: another runner has them in hand.

    Raises:
        StoreError: there is no such batch.
    """
    is_running = bool(_locked_run(connection, run_id)["state"] == RunState.RUNNING.value)
    waits = select(ITEMS.c.id).where(
        ITEMS.c.run_id == run_id, ITEMS.c.state == ItemState.WAITING.value
    )
    if connection.execute(waits.limit(1)).first() is not None:
        return is_running
    change_state(connection, run_id, RunState.FINISHED, only_from=RunState.RUNNING)
    return False


def remove_batch_rows(connection: Connection, run_id: int, *, user: str | None) -> None:
    """Remove a batch and its answers, and note which files of it are still to be deleted.

    Args:
        connection: in a transaction.
        run_id: of the batch.
        user: mail address of who removes it, or None.

    Raises:
        StoreError: there is no such batch.
    """
    run = _locked_run(connection, run_id)
    now = time.time()
    of_run = ITEMS.c.run_id == run_id
    take_run_out_of_cases(connection, run_id, user=user)
    upload = func.substr(ITEMS.c.source, 8, 16)
    for kind, name, where in (
        (UPLOAD, upload, of_run & ITEMS.c.source.like("upload:%")),
        (THUMBNAIL, ITEMS.c.image_sha256, of_run & ITEMS.c.image_sha256.is_not(None)),
    ):
        files = select(literal(kind), name, literal(now)).where(where).distinct()
        connection.execute(insert(REMOVALS).from_select(["kind", "name", "removed_at"], files))
    connection.execute(delete(ITEMS).where(of_run))
    connection.execute(delete(RUNS).where(RUNS.c.id == run_id))
    append_event(
        connection,
        BATCH_REMOVED,
        {"run_id": run_id},
        bundle_sha256=run["bundle_sha256"],
        user=user,
    )


def claim_items(connection: Connection, run_id: int, runner: str, n: int) -> tuple[BatchItem, ...]:
    """Claim the next images of a running batch that no other runner has claimed.

    Args:
        connection: in a transaction.
        run_id: of the batch.
        runner: who takes them.
        n: how many at most, at least 1.

    Returns:
        The images; none where none is free or the batch is not running.

    Raises:
        StoreError: there is no such batch.
    """
    run = connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id)).first()
    if run is None:
        raise StoreError(NO_SUCH_BATCH)
    if run.state != RunState.RUNNING.value:
        return ()
    now = _now(connection)
    # First what nobody has had in hand, by an index of these alone; then what a killed one had.
    rows = _free(connection, run_id, ITEMS.c.claimed_until.is_(None), n)
    if not rows:
        rows = _free(connection, run_id, ITEMS.c.claimed_until < now, n)
    if not rows:
        return ()
    claim = {"claimed_by": runner, "claimed_until": now + CLAIM_SECONDS}
    taken = ITEMS.c.id.in_([row["id"] for row in rows])
    connection.execute(update(ITEMS).where(taken).values(**claim))
    return tuple(read_item(row) for row in rows)


def _free(
    connection: Connection, run_id: int, is_free: ColumnElement[bool], n: int
) -> Sequence[RowMapping]:
    free = (
        select(ITEMS)
        .where(ITEMS.c.run_id == run_id, IS_WAITING, is_free)
        .order_by(ITEMS.c.position)
        .limit(n)
        # PostgreSQL; SQLite has one writer at a time and leaves these words out.
        .with_for_update(skip_locked=True)
    )
    return connection.execute(free).mappings().all()


def renew_claims(connection: Connection, runner: str, item_ids: Sequence[int]) -> None:
    """Prolong a runner's claims on its images.

    Args:
        connection: in a transaction.
        runner: who has them.
        item_ids: of the images.
    """
    until = _now(connection) + CLAIM_SECONDS
    connection.execute(
        update(ITEMS).where(_is_in_hand(runner, item_ids)).values(claimed_until=until)
    )


def release_claims(connection: Connection, runner: str, item_ids: Sequence[int]) -> None:
    """Give up a runner's claims on images that it did not judge, so that others can.

    Args:
        connection: in a transaction.
        runner: who had them.
        item_ids: of the images.
    """
    free = {"claimed_by": None, "claimed_until": None}
    connection.execute(update(ITEMS).where(_is_in_hand(runner, item_ids)).values(**free))


def fill_item(
    connection: Connection,
    item: BatchItem,
    values: Mapping[str, Any],
    *,
    runner: str | None,
) -> RowMapping | None:
    """Store the answer of an image, unless another runner has stored or claimed it.

    Args:
        connection: in a transaction.
        item: the image, as it waited.
        values: of its columns.
        runner: who has it in hand; None where nobody claimed it.

    Returns:
        Its row, or None where another has judged it or has it in hand, or it is gone.
    """
    given = {f"new_{name}": value for name, value in values.items()}
    return (
        connection.execute(_fill(tuple(values)), {**given, "item": item.id, "runner": runner})
        .mappings()
        .first()
    )


@cache
def _fill(names: tuple[str, ...]) -> ReturningUpdate[Any]:
    """The statement of :func:`fill_item`; building it anew for each answer took most of the time.

    Args:
        names: of the columns that are given.
    """
    is_mine = ITEMS.c.claimed_by.is_(None) | (ITEMS.c.claimed_by == bindparam("runner"))
    is_waiting = ITEMS.c.state == ItemState.WAITING.value
    given = {name: bindparam(f"new_{name}", type_=ITEMS.c[name].type) for name in names}
    return (
        update(ITEMS)
        .where((ITEMS.c.id == bindparam("item")) & is_waiting & is_mine)
        .values(**given, claimed_by=None, claimed_until=None)
        .returning(*ITEMS.c)
    )


def unreadable_entry(connection: Connection, row: RowMapping, *, user: str | None) -> TrailEntry:
    """What the trail says of an image of a batch that could not be judged.

    Args:
        connection: in a transaction.
        row: of the image, as it is now.
        user: mail address of who began the batch, or None.
    """
    of_batch = select(RUNS.c.bundle_sha256).where(RUNS.c.id == row["run_id"])
    return TrailEntry(
        event=UNREADABLE,
        user=user,
        bundle_sha256=connection.execute(of_batch).scalar_one(),
        detail=answer_detail(row),
    )


def answer_detail(row: RowMapping) -> dict[str, Any]:
    """What the trail says of an answer: which image of which batch, and the hash of its row."""
    return {
        "run_id": row["run_id"],
        "position": row["position"],
        "item_id": row["id"],
        "digest": row_digest(ITEMS, dict(row)),
    }


def read_runs(connection: Connection, where: ColumnElement[bool], limit: int) -> list[BatchRun]:
    """Give batches with their counts, newest first.

    Args:
        connection: to the store.
        where: which ones.
        limit: how many at most.
    """
    rows = (
        connection.execute(select(RUNS).where(where).order_by(RUNS.c.id.desc()).limit(limit))
        .mappings()
        .all()
    )
    counts: dict[tuple[int, str], int] = {
        (run_id, state): n
        for run_id, state, n in connection.execute(
            select(ITEMS.c.run_id, ITEMS.c.state, func.count())
            .where(ITEMS.c.run_id.in_([row["id"] for row in rows]))
            .group_by(ITEMS.c.run_id, ITEMS.c.state)
        ).tuples()
    }
    return [
        BatchRun(
            id=row["id"],
            name=row["name"],
            state=RunState(row["state"]),
            created_at=datetime.fromisoformat(row["created_at"]).astimezone(UTC),
            bundle_sha256=row["bundle_sha256"],
            software_version=row["software_version"],
            total=sum(counts.get((row["id"], state.value), 0) for state in ItemState),
            done=counts.get((row["id"], ItemState.DONE.value), 0),
            unreadable=counts.get((row["id"], ItemState.UNREADABLE.value), 0),
            root=row["root"],
            n_readers=row["n_readers"] or 1,
        )
        for row in rows
    ]


def read_item(row: RowMapping) -> BatchItem:
    """One image of a batch from its row."""
    values = dict(row) | {
        "state": ItemState(row["state"]),
        "quality": tuple(row["quality"]),
        # Rows of earlier versions have none, and their class says it.
        "finding": row["finding"] or finding_of(row["label"]),
    }
    del values["claimed_by"], values["claimed_until"]
    for column in ("cells", *KEY_NAMES):
        values.pop(column, None)
    return BatchItem(**values)


def _locked_run(connection: Connection, run_id: int) -> RowMapping:
    query = select(RUNS).where(RUNS.c.id == run_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise StoreError(NO_SUCH_BATCH)
    return row


def _is_in_hand(runner: str, item_ids: Sequence[int]) -> ColumnElement[bool]:
    return (
        ITEMS.c.id.in_(item_ids)
        & (ITEMS.c.claimed_by == runner)
        & (ITEMS.c.state == ItemState.WAITING.value)
    )


def _now(connection: Connection) -> float:
    """Seconds since 1970; on a database server by its clock, which every runner shares."""
    if connection.dialect.name == "sqlite":
        return time.time()
    now = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    return float(now)
