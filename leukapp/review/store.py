"""The review store: batches, decisions and the audit trail, each change saved at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, Self

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from leukapp.diagnosis import Diagnosis
from leukapp.errors import StoreError
from leukapp.resources import store_url
from leukapp.review.audit_trail import (
    DECISION,
    DIAGNOSIS,
    ChainReport,
    TrailEntry,
    append_entry,
    check_trail,
    digest,
    utc_now,
)
from leukapp.review.database import open_database, store_errors
from leukapp.review.records import (
    BatchItem,
    BatchRun,
    Decision,
    DecisionKind,
    ItemState,
    RunState,
)
from leukapp.review.tables import DECISIONS, ITEMS, RUNS


class NamedSource(Protocol):
    """One file of a batch to be."""

    @property
    def name(self) -> str:
        """What the reviewer sees."""

    @property
    def source(self) -> str:
        """How to read it again."""


class ReviewStore:
    """One database; every method is a transaction of its own, from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """Open the store, making or migrating its tables.

        Args:
            url: of the database; None takes ``LEUKAPP_STORE_URL``, else a file of this user.

        Raises:
            StoreError: it cannot be opened.
        """
        return cls(open_database(url or store_url()))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def record_diagnosis(
        self, diagnosis: Diagnosis, *, user: str | None = None, run_id: int | None = None
    ) -> None:
        """Add a diagnosis to the audit trail.

        Args:
            diagnosis: of one image.
            user: mail address of who is signed in, or None.
            run_id: its batch, or None.

        Raises:
            StoreError: the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            append_entry(connection, _diagnosis_entry(diagnosis, user, {"run_id": run_id}))

    def record_decision(  # noqa: PLR0913
        self,
        *,
        image_sha256: str,
        image_name: str,
        bundle_sha256: str,
        kind: DecisionKind,
        label: str | None,
        reason: str,
        initials: str,
        user: str | None = None,
        run_id: int | None = None,
        item_id: int | None = None,
        is_blinded: bool = False,
    ) -> Decision:
        """Add a decision to the review log and to the audit trail; nothing is overwritten.

        The arguments are those of ``Decision``; ``image_sha256`` is the hash of the file that the
        reviewer saw, not a copy of what the batch has.

        Raises:
            StoreError: the image of the batch is another file or gone, or the store cannot be
                written.
        """
        values = {
            "image_sha256": image_sha256,
            "image_name": image_name,
            "bundle_sha256": bundle_sha256,
            "kind": kind.value,
            "label": label,
            "reason": reason,
            "initials": initials,
            "user_mail": user,
            "decided_at": utc_now(),
            "run_id": run_id,
            "item_id": item_id,
            "is_blinded": is_blinded,
        }
        with store_errors(), self._engine.begin() as connection:
            if item_id is not None:
                _require_same_image(connection, item_id, run_id, image_sha256)
            return _add_decision(connection, values)

    def undo_decision(self, decision_id: int, *, user: str | None = None) -> Decision:
        """Take a decision back: a line ``undone`` is added, the decision itself stays.

        Args:
            decision_id: of the decision.
            user: mail address of who is signed in, or None.

        Raises:
            StoreError: there is no such decision, or the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            row = (
                connection.execute(select(DECISIONS).where(DECISIONS.c.id == decision_id))
                .mappings()
                .first()
            )
            if row is None:
                raise StoreError("This decision is not in the review log: reload the page.")
            values = dict(row) | {
                "kind": DecisionKind.UNDONE.value,
                "label": None,
                "reason": "",
                "user_mail": user,
                "decided_at": utc_now(),
            }
            del values["id"]
            return _add_decision(connection, values)

    def decisions(
        self, *, run_id: int | None = None, image_sha256: str | None = None
    ) -> tuple[Decision, ...]:
        """Every line of the review log, oldest first.

        Args:
            run_id: only those of this batch.
            image_sha256: only those of this image.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(DECISIONS).order_by(DECISIONS.c.id)
        if run_id is not None:
            query = query.where(DECISIONS.c.run_id == run_id)
        if image_sha256 is not None:
            query = query.where(DECISIONS.c.image_sha256 == image_sha256)
        with store_errors(), self._reader() as connection:
            return tuple(_decision(row) for row in connection.execute(query).mappings())

    def current_decision(
        self, *, image_sha256: str, run_id: int | None = None, item_id: int | None = None
    ) -> Decision | None:
        """The decision that stands for an image, in its batch or on page "Diagnose".

        Args:
            image_sha256: of the image.
            run_id: its batch, or None for page "Diagnose".
            item_id: image of the batch, or None.

        Raises:
            StoreError: the store cannot be read.
        """
        standing: list[Decision] = []
        for decision in self.decisions(image_sha256=image_sha256):
            if decision.run_id != run_id or item_id not in {None, decision.item_id}:
                continue
            if decision.kind is not DecisionKind.UNDONE:
                standing.append(decision)
            elif standing:
                standing.pop()
        return standing[-1] if standing else None

    def create_run(
        self,
        name: str,
        entries: Sequence[NamedSource],
        bundle_sha256: str,
        *,
        root: Path | None = None,
    ) -> BatchRun:
        """Begin a batch: all its images wait.

        Args:
            name: as the reviewer calls it.
            entries: its files, in the order in which they are judged.
            bundle_sha256: the bundle that will judge it.
            root: folder that the paths of its files are under; None where they were uploaded.

        Raises:
            StoreError: the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            (run_id,) = connection.execute(
                insert(RUNS)
                .values(
                    name=name,
                    state=RunState.RUNNING.value,
                    created_at=utc_now(),
                    bundle_sha256=bundle_sha256,
                    software_version=software_version(),
                    root=None if root is None else str(root.resolve()),
                )
                .returning(RUNS.c.id)
            ).one()
            if entries:
                connection.execute(
                    insert(ITEMS),
                    [
                        {
                            "run_id": run_id,
                            "position": position,
                            "name": entry.name,
                            "source": entry.source,
                            "state": ItemState.WAITING.value,
                            "quality": [],
                            "mode": "",
                        }
                        for position, entry in enumerate(entries)
                    ],
                )
            return _run(connection, run_id)

    def run(self, run_id: int) -> BatchRun:
        """One batch.

        Raises:
            StoreError: there is no such batch, or the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return _run(connection, run_id)

    def runs(self) -> tuple[BatchRun, ...]:
        """Every batch, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            found = connection.execute(select(RUNS.c.id).order_by(RUNS.c.id)).scalars().all()
            return tuple(_run(connection, run_id) for run_id in found)

    def items(self, run_id: int, *, state: ItemState | None = None) -> tuple[BatchItem, ...]:
        """Images of a batch, in its order.

        Args:
            run_id: of the batch.
            state: only those in this state.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(ITEMS).where(ITEMS.c.run_id == run_id).order_by(ITEMS.c.position)
        if state is not None:
            query = query.where(ITEMS.c.state == state.value)
        with store_errors(), self._reader() as connection:
            return tuple(_item(row) for row in connection.execute(query).mappings())

    def save_answer(self, item: BatchItem, diagnosis: Diagnosis, *, user: str | None) -> bool:
        """Keep the answer for an image of a batch, once, together with its line in the trail.

        Args:
            item: the image, as it waited.
            diagnosis: its answer.
            user: mail address of who began the batch, or None.

        Returns:
            False where the image had been judged already; then nothing was changed.

        Raises:
            StoreError: the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            if not _fill_item(connection, item, answer_values(diagnosis)):
                return False
            row = connection.execute(select(ITEMS).where(ITEMS.c.id == item.id)).mappings().one()
            detail = {
                "run_id": item.run_id,
                "position": item.position,
                "item_id": item.id,
                "digest": digest(dict(row)),
            }
            append_entry(connection, _diagnosis_entry(diagnosis, user, detail))
            return True

    def save_unreadable(self, item: BatchItem, sentence: str) -> bool:
        """Keep why an image of a batch could not be judged, once.

        Args:
            item: the image, as it waited.
            sentence: the reason.

        Returns:
            False where the image had been judged already.

        Raises:
            StoreError: the store cannot be written.
        """
        values = {"state": ItemState.UNREADABLE.value, "error": sentence}
        with store_errors(), self._engine.begin() as connection:
            return _fill_item(connection, item, values)

    def set_run_state(self, run_id: int, state: RunState) -> None:
        """Say where a batch stands.

        Raises:
            StoreError: the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(state=state.value))

    def forget_run(self, run_id: int) -> None:
        """Remove a batch and its answers; decisions and the audit trail stay.

        Raises:
            StoreError: the store cannot be written.
        """
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(ITEMS).where(ITEMS.c.run_id == run_id))
            connection.execute(delete(RUNS).where(RUNS.c.id == run_id))

    def verify(self) -> ChainReport:
        """Check the whole audit trail, and the decisions and answers that it speaks of.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return check_trail(connection)

    def _reader(self) -> Any:
        """A connection whose transaction sees one moment and holds no write lock."""
        return self._engine.connect().execution_options(is_reader=True)


def software_version() -> str:
    """The installed version of LeukApp."""
    try:
        return version("leukapp")
    except PackageNotFoundError:
        return "(not installed)"


def answer_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """The columns of a judged image of a batch."""
    found = diagnosis.probabilities
    votes = {vote.probabilities.top_class for vote in diagnosis.branches}
    return {
        "state": ItemState.DONE.value,
        "image_sha256": diagnosis.image_sha256,
        "label": diagnosis.label,
        "no_call_reason": diagnosis.no_call_reason,
        "confidence": found.top_value if found else None,
        "probabilities": found.as_dict() if found else None,
        "branch_probabilities": {
            vote.name: vote.probabilities.as_dict() for vote in diagnosis.branches
        },
        "branches_agree": len(votes) == 1 if votes else None,
        "quality": [finding.message for finding in diagnosis.quality.findings],
        "mode": diagnosis.mode,
    }


def _diagnosis_entry(
    diagnosis: Diagnosis, user: str | None, detail: Mapping[str, Any]
) -> TrailEntry:
    found = diagnosis.probabilities
    return TrailEntry(
        event=DIAGNOSIS,
        user=user,
        image_sha256=diagnosis.image_sha256,
        bundle_sha256=diagnosis.bundle.sha256,
        software_version=software_version(),
        detail={
            "label": diagnosis.label,
            "mode": diagnosis.mode,
            "probabilities": found.as_dict() if found else None,
            "engine": diagnosis.engine,
            **detail,
        },
    )


def _require_same_image(
    connection: Connection, item_id: int, run_id: int | None, image_sha256: str
) -> None:
    """Refuse a decision on another file than the one whose verdict it would stand beside."""
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


def _add_decision(connection: Connection, values: Mapping[str, Any]) -> Decision:
    row = (
        connection.execute(insert(DECISIONS).values(**values).returning(*DECISIONS.c))
        .mappings()
        .one()
    )
    append_entry(
        connection,
        TrailEntry(
            event=DECISION,
            user=values["user_mail"],
            image_sha256=values["image_sha256"],
            bundle_sha256=values["bundle_sha256"],
            software_version=software_version(),
            detail={
                "decision_id": row["id"],
                "kind": values["kind"],
                "label": values["label"],
                "run_id": values["run_id"],
                # The reason may hold anything, so the trail has only the hash of the whole line.
                "digest": digest(dict(row)),
            },
        ),
    )
    return _decision(row)


def _fill_item(connection: Connection, item: BatchItem, values: Mapping[str, Any]) -> bool:
    waiting = (ITEMS.c.id == item.id) & (ITEMS.c.state == ItemState.WAITING.value)
    return connection.execute(update(ITEMS).where(waiting).values(**values)).rowcount == 1


def _run(connection: Connection, run_id: int) -> BatchRun:
    row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).mappings().first()
    if row is None:
        raise StoreError("This batch is not in the review store: choose another one.")
    counts: dict[str, int] = dict(
        connection.execute(
            select(ITEMS.c.state, func.count())
            .where(ITEMS.c.run_id == run_id)
            .group_by(ITEMS.c.state)
        )
        .tuples()
        .all()
    )
    return BatchRun(
        id=run_id,
        name=row["name"],
        state=RunState(row["state"]),
        created_at=_moment(row["created_at"]),
        bundle_sha256=row["bundle_sha256"],
        software_version=row["software_version"],
        total=sum(counts.values()),
        done=counts.get(ItemState.DONE.value, 0),
        unreadable=counts.get(ItemState.UNREADABLE.value, 0),
        root=row["root"],
    )


def _item(row: RowMapping) -> BatchItem:
    values = dict(row) | {"state": ItemState(row["state"]), "quality": tuple(row["quality"])}
    return BatchItem(**values)


def _decision(row: RowMapping) -> Decision:
    values = dict(row) | {
        "kind": DecisionKind(row["kind"]),
        "decided_at": _moment(row["decided_at"]),
    }
    values["user"] = values.pop("user_mail")
    return Decision(**values)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
