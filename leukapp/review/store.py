"""The review store: batches, decisions and the audit trail, each change saved at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, bindparam, delete, func, select, true

from leukapp.cells import CellAnswer
from leukapp.diagnosis import Diagnosis
from leukapp.errors import ImageError, StoreError
from leukapp.imaging.cell_boxes import CellBox
from leukapp.inference.watch_scores import WatchedImage
from leukapp.labels import finding_of, name_answer
from leukapp.resources import store_url
from leukapp.review.answer_keys import AnswerKeys
from leukapp.review.audit_trail import (
    DIAGNOSIS,
    TrailEntry,
    TrailHead,
    append_entries,
    append_entry,
    append_event,
    read_head,
    utc_now,
)
from leukapp.review.batch_rows import (
    NO_SUCH_BATCH,
    NamedSource,
    answer_detail,
    begin_batch,
    change_state,
    claim_items,
    fill_item,
    finish_batch,
    read_item,
    read_runs,
    release_claims,
    remove_batch_rows,
    renew_claims,
    unreadable_entry,
)
from leukapp.review.case_book import CaseBook
from leukapp.review.cell_corrections import (
    add_correction,
    read_all_corrections,
    read_corrections,
    take_back_correction,
)
from leukapp.review.database import is_missing_file, open_database, store_errors
from leukapp.review.decision_rows import (
    add_decision,
    carry_decisions,
    require_room,
    require_same_image,
    sign_agreements,
    take_back_act,
    take_back_decision,
)
from leukapp.review.known_stores import remember_store, require_same_store
from leukapp.review.log_rows import read_decision
from leukapp.review.records import (
    CELL_ANSWERS,
    BatchItem,
    BatchRun,
    CellCorrection,
    Decision,
    DecisionKind,
    ItemState,
    Removal,
    RunState,
)
from leukapp.review.standing import standing_decision
from leukapp.review.tables import (
    AUDIT_TRAIL,
    DECISIONS,
    IS_WAITING,
    ITEMS,
    REMOVALS,
    RUNS,
    STORE,
    WITHOUT_CELLS,
)
from leukapp.review.trail_check import ChainReport, check_trail
from leukapp.review.watched_rows import add_watched, read_watched
from leukapp.review.worklist_book import WorklistBook

RUNS_A_PAGE: Final = 200
ITEMS_A_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCount:
    """How often one answer was given.

    Attributes:
        name: of the answer; None for "no call".
        n: images.
    """

    name: str | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """What an image of a batch gave.

    Attributes:
        item: the image, as it waited.
        answer: its diagnosis, or the reason why it has none.
    """

    item: BatchItem
    answer: Diagnosis | ImageError

    @property
    def values(self) -> dict[str, Any]:
        """Its columns."""
        if isinstance(self.answer, Diagnosis):
            return answer_values(self.answer)
        return {"state": ItemState.UNREADABLE.value, "error": str(self.answer)}


class ReviewStore:
    """One database; every method is a transaction of its own, from any thread."""

    def __init__(self, engine: Engine, *, url: str) -> None:
        self._engine, self._url = engine, url
        self._is_remembered = False

    @classmethod
    def open(cls, url: str | None = None, *, must_exist: bool = False) -> Self:
        """Open the store, making or migrating its tables.

        Args:
            url: of the database; None takes ``LEUKAPP_STORE_URL``, else a file of this user.
            must_exist: refuse a file that is not there instead of making it.

        Raises:
            StoreError: it cannot be opened, or it held data once and is empty or gone now.
        """
        address = url or store_url()
        if is_missing_file(address):
            require_same_store(address, is_empty=True)
            if must_exist:
                raise StoreError("There is no review store at this address yet: name another one.")
        store = cls(open_database(address), url=address)
        try:
            is_empty = store.is_empty
            require_same_store(address, is_empty=is_empty)
            if not is_empty:
                store._remember()
        except StoreError:
            store.close()
            raise
        return store

    @cached_property
    def store_id(self) -> str:
        """Random id of this store, 32 hexadecimal digits.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return str(connection.execute(select(STORE.c.store_id)).scalar_one())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written into it.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return read_head(connection).n_rows == 0

    @cached_property
    def cases(self) -> CaseBook:
        """The cases, to which images of batches belong."""
        return CaseBook(self._reading, self._writer)

    @cached_property
    def worklists(self) -> WorklistBook:
        """The lists of images to review: their pages, numbers and neighbors."""
        return WorklistBook(self._reading)

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def record_diagnosis(self, diagnosis: Diagnosis, *, user: str | None = None) -> None:
        """Add a diagnosis outside of batches to the audit trail.

        Args:
            diagnosis: of one image.
            user: mail address of who is signed in, or None.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writer() as connection:
            append_entry(connection, _diagnosis_entry(diagnosis, user, {}))
            add_watched(connection, diagnosis)

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
        finding: str | None = None,
        is_adjudication: bool = False,
    ) -> Decision:
        """Add a decision to the review log and to the audit trail; nothing is overwritten.

        The arguments are those of ``Decision``; ``image_sha256`` is the hash of the file that the
        reviewer saw, not a copy of what the batch has. ``finding`` follows from a label that is
        given.

        Raises:
            StoreError: the image of the batch is another file or gone, the batch asks for two
                readers and they have signed or do not differ, or the store cannot be written.
        """
        values = {
            "image_sha256": image_sha256,
            "image_name": image_name,
            "bundle_sha256": bundle_sha256,
            "kind": kind.value,
            "finding": finding or finding_of(label),
            "label": label,
            "reason": reason,
            "initials": initials,
            "user_mail": user,
            "decided_at": utc_now(),
            "run_id": run_id,
            "item_id": item_id,
            "is_blinded": is_blinded,
            "is_adjudication": is_adjudication or None,
        }
        with self._writer() as connection:
            if item_id is not None:
                require_same_image(connection, item_id, run_id, image_sha256)
                require_room(connection, values)
            return add_decision(connection, values)

    def undo_decision(
        self, decision_id: int, *, initials: str, user: str | None = None, is_admin: bool = False
    ) -> Decision:
        """Take a decision back: a line ``undone`` is added, the decision itself stays.

        Args:
            decision_id: of the decision, which must be the one that stands.
            initials: of who takes it back.
            user: mail address of who is signed in, or None.
            is_admin: may take back what others decided.

        Raises:
            StoreError: the decision does not stand any more or is another reader's, or the store
                cannot be written.
        """
        with self._writer() as connection:
            return take_back_decision(
                connection, decision_id, initials=initials, user=user, is_admin=is_admin
            )

    def agree_with_all(
        self,
        items: Sequence[BatchItem],
        run: BatchRun,
        *,
        initials: str,
        user: str | None = None,
    ) -> tuple[Decision, ...]:
        """Sign one decision "agree" for each of several images of a batch, all or none.

        Images on which a decision stands already are left out.

        Args:
            items: judged images of the batch, whose files are those that were judged.
            run: the batch.
            initials: of who agrees.
            user: mail address of who is signed in, or None.

        Returns:
            The decisions, which share an act; none where each image had one.

        Raises:
            StoreError: an image is gone, or the store cannot be written.
        """
        with self._writer() as connection:
            return sign_agreements(connection, items, run, initials=initials, user=user)

    def carry_decisions(self, run_id: int, *, user: str | None = None) -> tuple[Decision, ...]:
        """Sign the images of a batch as they were signed on page "Diagnose".

        Reader, moment and words stay those of the decision that stands there; the audit trail
        names it and who kept the image. Left out are images on which a line stands already, and
        decisions on the answer of another bundle than the batch's.

        Args:
            run_id: of a batch of images that were kept on page "Diagnose".
            user: mail address of who keeps them, or None.

        Returns:
            The decisions of the batch.

        Raises:
            StoreError: there is no such batch, or the store cannot be written.
        """
        items = self.items(run_id)
        with self._writer() as connection:
            return carry_decisions(connection, _run(connection, run_id), items, user=user)

    def undo_act(
        self, act: str, *, initials: str, user: str | None = None, is_admin: bool = False
    ) -> tuple[Decision, ...]:
        """Take back the decisions that were signed together and still stand, all or none.

        Args:
            act: of the decisions.
            initials: of who takes them back.
            user: mail address of who is signed in, or None.
            is_admin: may take back what others decided.

        Returns:
            The lines ``undone`` that were added.

        Raises:
            StoreError: none of them stands any more, they are another reader's, or the store
                cannot be written.
        """
        with self._writer() as connection:
            return take_back_act(connection, act, initials=initials, user=user, is_admin=is_admin)

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
            return tuple(read_decision(row) for row in connection.execute(query).mappings())

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
        return standing_decision(
            decision
            for decision in self.decisions(image_sha256=image_sha256)
            if decision.run_id == run_id and item_id in {None, decision.item_id}
        )

    def create_run(
        self,
        name: str,
        entries: Iterable[NamedSource],
        bundle_sha256: str,
        *,
        root: Path | str | None = None,
        user: str | None = None,
        n_readers: int = 1,
    ) -> BatchRun:
        """Begin a batch: all its images wait.

        Args:
            name: as the reviewer calls it.
            entries: its files, in the order in which they are judged.
            bundle_sha256: the bundle that will judge it.
            root: folder, or address of one, that the paths of its files are under; None where they
                were uploaded.
            user: mail address of who begins it, or None.
            n_readers: how many readers each image asks for, 1 or 2.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writer() as connection:
            run_id = begin_batch(
                connection,
                entries,
                name=name,
                bundle_sha256=bundle_sha256,
                root=root,
                user=user,
                n_readers=n_readers,
            )
            return _run(connection, run_id)

    def run(self, run_id: int) -> BatchRun:
        """One batch.

        Raises:
            StoreError: there is no such batch, or the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return _run(connection, run_id)

    def runs(self, *, before: int | None = None, limit: int = RUNS_A_PAGE) -> tuple[BatchRun, ...]:
        """A page of batches, newest first.

        Args:
            before: only batches begun before the one of this id.
            limit: how many at most.

        Raises:
            StoreError: the store cannot be read.
        """
        where = true() if before is None else RUNS.c.id < before
        with store_errors(), self._reader() as connection:
            return tuple(read_runs(connection, where, limit))

    def items(self, run_id: int, *, state: ItemState | None = None) -> tuple[BatchItem, ...]:
        """Images of a batch, in its order.

        Args:
            run_id: of the batch.
            state: only those in this state.

        Raises:
            StoreError: the store cannot be read.
        """
        of_run = select(*WITHOUT_CELLS).where(ITEMS.c.run_id == run_id)
        query = of_run.order_by(ITEMS.c.position)
        if state is not None:
            query = query.where(ITEMS.c.state == state.value)
        with store_errors(), self._reader() as connection:
            return tuple(read_item(row) for row in connection.execute(query).mappings())

    def item_pages(
        self, run_id: int, *, state: ItemState | None = None, size: int | None = None
    ) -> Iterator[tuple[BatchItem, ...]]:
        """Images of a batch in its order, few at a time, however many there are.

        Args:
            run_id: of the batch.
            state: only those in this state.
            size: how many a page has at most, at least 1; None for a thousand.

        Yields:
            Pages that hold at least one image.

        Raises:
            StoreError: the store cannot be read.
        """
        wanted = ITEMS.c.run_id == run_id
        if state is not None:
            wanted &= ITEMS.c.state == state.value
        last = -1
        while True:
            after = select(*WITHOUT_CELLS).where(wanted, ITEMS.c.position > last)
            query = after.order_by(ITEMS.c.position).limit(size or ITEMS_A_PAGE)
            with store_errors(), self._reader() as connection:
                page = tuple(read_item(row) for row in connection.execute(query).mappings())
            if not page:
                return
            yield page
            last = page[-1].position

    def sample_items(self, run_id: int, n: int) -> tuple[BatchItem, ...]:
        """Some images of a batch, by which a folder can be compared with it.

        Args:
            run_id: of the batch.
            n: how many of each kind: the first that wait, the first that were judged, and those
                spread over the batch.

        Raises:
            StoreError: the store cannot be read.
        """
        of_run = select(ITEMS).where(ITEMS.c.run_id == run_id)
        first = of_run.order_by(ITEMS.c.position).limit(n)
        with store_errors(), self._reader() as connection:
            total = _run(connection, run_id).total
            spread = [number * total // n for number in range(n)]
            queries = (
                first.where(IS_WAITING),
                first.where(ITEMS.c.state == ItemState.DONE.value),
                of_run.where(ITEMS.c.position.in_(spread)),
            )
            found = [row for query in queries for row in connection.execute(query).mappings()]
        items = {row["position"]: read_item(row) for row in found}
        return tuple(items[position] for position in sorted(items))

    def first_answer(self, run_id: int) -> BatchItem | None:
        """The first image of a batch that has probabilities, or None where none has.

        Args:
            run_id: of the batch.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(ITEMS).where(ITEMS.c.run_id == run_id, ITEMS.c.probabilities.is_not(None))
        with store_errors(), self._reader() as connection:
            row = connection.execute(query.order_by(ITEMS.c.position).limit(1)).mappings().first()
            return None if row is None else read_item(row)

    def count_answers(self, run_id: int) -> tuple[AnswerCount, ...]:
        """How often each answer was given in a batch, by its name.

        Args:
            run_id: of the batch.

        Raises:
            StoreError: the store cannot be read.
        """
        answer = (ITEMS.c.finding, ITEMS.c.label)
        is_done = ITEMS.c.state == ItemState.DONE.value
        query = select(*answer, func.count()).where(ITEMS.c.run_id == run_id, is_done)
        counts = Counter[str | None]()
        with store_errors(), self._reader() as connection:
            for finding, label, n in connection.execute(query.group_by(*answer)).tuples():
                counts[name_answer(finding or finding_of(label), label)] += n
        return tuple(AnswerCount(name=name, n=n) for name, n in counts.items())

    def decisions_on(self, items: Sequence[BatchItem]) -> tuple[Decision, ...]:
        """Lines of the review log on some images of batches, oldest first.

        Args:
            items: a page of a batch.

        Raises:
            StoreError: the store cannot be read.
        """
        on_these = DECISIONS.c.item_id.in_([item.id for item in items])
        query = select(DECISIONS).where(on_these).order_by(DECISIONS.c.id)
        with store_errors(), self._reader() as connection:
            return tuple(read_decision(row) for row in connection.execute(query).mappings())

    def claim_items(self, run_id: int, runner: str, n: int = 1) -> tuple[BatchItem, ...]:
        """Claim the next images of a running batch that no other runner has claimed.

        They stay in this runner's hand for some seconds, or as long as ``renew_claims`` is called.

        Args:
            run_id: of the batch.
            runner: name of who takes them, one for each call of ``run_batch``.
            n: how many at most, at least 1.

        Returns:
            The images; none where none is free or the batch is not running any more.

        Raises:
            StoreError: there is no such batch, or the store cannot be written.
        """
        with self._writer() as connection:
            return claim_items(connection, run_id, runner, n)

    def renew_claims(self, runner: str, item_ids: Sequence[int]) -> None:
        """Prolong a runner's claims on its images.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writer() as connection:
            renew_claims(connection, runner, item_ids)

    def release_claims(self, runner: str, item_ids: Sequence[int]) -> None:
        """Give up a runner's claims on images that it did not judge, so that others can.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writer() as connection:
            release_claims(connection, runner, item_ids)

    def save_answer(
        self,
        item: BatchItem,
        answer: Diagnosis | ImageError,
        *,
        user: str | None = None,
        runner: str | None = None,
    ) -> bool:
        """Keep the answer for one image of a batch; see :meth:`save_answers`."""
        return self.save_answers([ItemAnswer(item=item, answer=answer)], user=user, runner=runner)[
            0
        ]

    def save_answers(
        self, answers: Sequence[ItemAnswer], *, user: str | None = None, runner: str | None = None
    ) -> tuple[bool, ...]:
        """Keep the answers for images of a batch, each once, with their lines in the trail.

        Args:
            answers: images and what they gave.
            user: mail address of who began the batch, or None.
            runner: who has the images in hand; None where nobody claimed them.

        Returns:
            For each, False where another had judged the image or has it in hand; nothing of it was
            changed then.

        Raises:
            StoreError: the store cannot be written; none of them was kept.
        """
        with self._writer() as connection:
            rows = [fill_item(connection, one.item, one.values, runner=runner) for one in answers]
            entries = [
                _diagnosis_entry(one.answer, user, answer_detail(row))
                if isinstance(one.answer, Diagnosis)
                else unreadable_entry(connection, row, user=user)
                for one, row in zip(answers, rows, strict=True)
                if row is not None
            ]
            append_entries(connection, entries)
            for one, row in zip(answers, rows, strict=True):
                if row is not None and isinstance(one.answer, Diagnosis):
                    add_watched(connection, one.answer)
            return tuple(row is not None for row in rows)

    def watched_images(
        self, bundle_sha256: str, *, after: int = 0, limit: int = ITEMS_A_PAGE
    ) -> tuple[WatchedImage, ...]:
        """Scores of images that a commissioned bundle answered, in the order in which they came.

        Args:
            bundle_sha256: of the bundle.
            after: number of the last one that is known; 0 for none.
            limit: how many at most.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return read_watched(connection, bundle_sha256, after=after, limit=limit)

    def set_run_state(self, run_id: int, state: RunState, *, user: str | None = None) -> None:
        """Set the state of a batch.

        Args:
            run_id: of the batch.
            state: from now on.
            user: mail address of who says so, or None.

        Raises:
            StoreError: there is no such batch, or the store cannot be written.
        """
        with self._writer() as connection:
            change_state(connection, run_id, state, user=user)

    def finish_run(self, run_id: int) -> bool:
        """Mark a running batch as finished once none of its images waits.

        Args:
            run_id: of the batch.

        Returns:
            Whether images still wait in a batch that is running: another runner has them in hand.

        Raises:
            StoreError: there is no such batch, or the store cannot be written.
        """
        with self._writer() as connection:
            return finish_batch(connection, run_id)

    def forget_run(self, run_id: int, *, user: str | None = None) -> None:
        """Remove a batch and its answers; decisions and the audit trail stay.

        Its files are noted for removal: see ``leukapp.review.removal``.

        Args:
            run_id: of the batch.
            user: mail address of who removes it, or None.

        Raises:
            StoreError: there is no such batch, or the store cannot be written.
        """
        with self._writer() as connection:
            remove_batch_rows(connection, run_id, user=user)

    def record_bundle_change(
        self,
        event: str,
        bundle_sha256: str,
        detail: Mapping[str, str],
        *,
        user: str | None = None,
    ) -> None:
        """Add to the audit trail that another bundle answers from now on.

        Args:
            event: ``BUNDLE_ACCEPTED`` or ``BUNDLE_WITHDRAWN``.
            bundle_sha256: of the bundle that answers.
            detail: more, hashes alone.
            user: mail address of who says so, or None.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._writer() as connection:
            append_event(connection, event, detail, bundle_sha256=bundle_sha256, user=user)

    def head(self) -> TrailHead:
        """Where the audit trail ends.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return read_head(connection)

    def hash_of_row(self, sequence: int) -> str | None:
        """Hash of one row of the audit trail, or None where it has no such row.

        Args:
            sequence: number of the row, from 1.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(AUDIT_TRAIL.c.row_hash).where(AUDIT_TRAIL.c.sequence == sequence)
        with store_errors(), self._reader() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
            return found

    def verify(self) -> ChainReport:
        """Check the whole audit trail, and the decisions and answers that it speaks of.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            return check_trail(connection)

    def knows_upload(self, upload_id: str) -> bool:
        """Whether a batch has images of an upload.

        Args:
            upload_id: of ``begin_upload``.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(ITEMS.c.id).where(ITEMS.c.source.startswith(f"upload:{upload_id}/"))
        with store_errors(), self._reader() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def removals(self) -> tuple[Removal, ...]:
        """Files of removed batches that are to be deleted.

        Raises:
            StoreError: the store cannot be read.
        """
        with store_errors(), self._reader() as connection:
            rows = connection.execute(select(REMOVALS)).mappings()
            return tuple(Removal(**row) for row in rows)

    def forget_removals(self, removal_ids: Sequence[int]) -> None:
        """Drop the notes of files that have been deleted.

        Args:
            removal_ids: of ``removals``.

        Raises:
            StoreError: the store cannot be written.
        """
        if not removal_ids:
            return
        with self._writer() as connection:
            gone = [{"gone": removal_id} for removal_id in removal_ids]
            connection.execute(delete(REMOVALS).where(REMOVALS.c.id == bindparam("gone")), gone)

    def correct_cell(  # noqa: PLR0913
        self,
        diagnosis: Diagnosis,
        box: CellBox,
        answer: str,
        *,
        initials: str,
        user: str | None = None,
        is_marked: bool = False,
        features: str | None = None,
    ) -> None:
        """Write down what a reviewer says of one leukocyte; nothing is overwritten.

        Args:
            diagnosis: of the image.
            box: window of the cell, in pixels of the image.
            answer: one of ``CELL_ANSWERS``.
            initials: of the reviewer.
            user: mail address of who is signed in, or None.
            is_marked: the networks had not found it: the reviewer marked it.
            features: where the networks place it, as ``encode_features`` writes it; None for a
                cell that they did not judge.

        Raises:
            ValueError: ``answer`` is none of ``CELL_ANSWERS``.
            StoreError: the store cannot be written.
        """
        if answer not in CELL_ANSWERS:
            raise ValueError(f"answer must be one of {', '.join(CELL_ANSWERS)}, got {answer}")
        with self._writer() as connection:
            add_correction(
                connection,
                image_sha256=diagnosis.image_sha256,
                bundle_sha256=diagnosis.bundle.sha256,
                box=box,
                answer=answer,
                initials=initials,
                user=user,
                is_marked=is_marked,
                features=features,
            )

    def take_back_correction(
        self,
        diagnosis: Diagnosis,
        correction: CellCorrection,
        *,
        initials: str,
        user: str | None = None,
        is_admin: bool = False,
    ) -> None:
        """Take back what was said of a leukocyte: a row is added, the correction itself stays.

        Args:
            diagnosis: of the image.
            correction: that stands.
            initials: of who takes it back.
            user: mail address of who is signed in, or None.
            is_admin: may take back what others corrected.

        Raises:
            StoreError: the correction does not stand any more or is another reader's, or the store
                cannot be written.
        """
        with self._writer() as connection:
            take_back_correction(
                connection,
                correction,
                image_sha256=diagnosis.image_sha256,
                bundle_sha256=diagnosis.bundle.sha256,
                initials=initials,
                user=user,
                is_admin=is_admin,
            )

    def cell_corrections(self, image_sha256: str) -> tuple[CellCorrection, ...]:
        """What reviewers say of an image's leukocytes, at most one correction a cell.

        Args:
            image_sha256: of the image.

        Raises:
            StoreError: the store cannot be read, or a correction in it.
        """
        with store_errors(), self._reader() as connection:
            return read_corrections(connection, image_sha256)

    def all_cell_corrections(self) -> dict[str, tuple[CellCorrection, ...]]:
        """What reviewers say of leukocytes, by the SHA-256 of the image; few, as hands made them.

        Raises:
            StoreError: the store cannot be read, or a correction in it.
        """
        with store_errors(), self._reader() as connection:
            return read_all_corrections(connection)

    def overwrite_removed(self) -> None:
        """Fold SQLite's log into the file, so that rows that were removed are on no page of it.

        Raises:
            StoreError: the store cannot be written.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with store_errors(), closing(self._engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; what it keeps is remembered elsewhere, too."""
        with store_errors(), self._engine.begin() as connection:
            yield connection
        if not self._is_remembered:
            self._remember()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment; what the database raises is one sentence."""
        with store_errors(), self._reader() as connection:
            yield connection

    def _remember(self) -> None:
        remember_store(self._url, self.store_id)
        self._is_remembered = True

    def _reader(self) -> Any:
        """A connection whose transaction sees one moment and holds no write lock."""
        return self._engine.connect().execution_options(is_reader=True)


def answer_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """The columns of a judged image of a batch."""
    found = diagnosis.probabilities
    votes = {vote.probabilities.top_class for vote in diagnosis.branches}
    probabilities = found.as_dict() if found else None
    quality = [finding.message for finding in diagnosis.quality.findings]
    keys = AnswerKeys.of(
        name_answer(diagnosis.finding, diagnosis.label),
        no_call_reason=diagnosis.no_call_reason,
        probabilities=probabilities,
        quality=quality,
    )
    return {
        "state": ItemState.DONE.value,
        "image_sha256": diagnosis.image_sha256,
        "finding": diagnosis.finding,
        "label": diagnosis.label,
        "no_call_reason": diagnosis.no_call_reason,
        "confidence": diagnosis.answer_probability,
        "probabilities": probabilities,
        "branch_probabilities": {
            vote.name: vote.probabilities.as_dict() for vote in diagnosis.branches
        },
        "branches_agree": len(votes) == 1 if votes else None,
        "quality": quality,
        "mode": diagnosis.mode,
        "cells": None if diagnosis.mode == "whole" else _cell_values(diagnosis.cells),
        **asdict(keys),
    }


def _cell_values(cells: Sequence[CellAnswer]) -> list[list[int | str | None]]:
    """Window and answer of each leukocyte, as ``CaseBook.images`` reads them."""
    return [
        [cell.box.x0, cell.box.y0, cell.box.x1, cell.box.y1, cell.answer_name] for cell in cells
    ]


def _diagnosis_entry(
    diagnosis: Diagnosis, user: str | None, detail: Mapping[str, Any]
) -> TrailEntry:
    found = diagnosis.probabilities
    return TrailEntry(
        event=DIAGNOSIS,
        user=user,
        image_sha256=diagnosis.image_sha256,
        bundle_sha256=diagnosis.bundle.sha256,
        detail={
            "finding": diagnosis.finding,
            "label": diagnosis.label,
            "mode": diagnosis.mode,
            "probabilities": found.as_dict() if found else None,
            "engine": diagnosis.engine,
            **detail,
        },
    )


def _run(connection: Connection, run_id: int) -> BatchRun:
    found = read_runs(connection, RUNS.c.id == run_id, 1)
    if not found:
        raise StoreError(NO_SUCH_BATCH)
    return found[0]
