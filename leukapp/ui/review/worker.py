"""The one thread of the server that reads batches; no browser needs to stay open for it."""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from leukapp.batch.runner import run_batch
from leukapp.diagnosis import Diagnosis
from leukapp.errors import BusyError, LeukappError
from leukapp.review.batch_images import N_CHECKED, BatchImages
from leukapp.review.kept_images import keep_thumbnail, uploaded_sha256
from leukapp.review.records import BatchItem, RunState
from leukapp.review.store import ReviewStore
from leukapp.structured_log import log_event
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts

RATE_SECONDS: Final = 30.0
BUSY_PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStatus:
    """What the thread does for one batch.

    Attributes:
        is_working: it reads this batch now.
        is_in_line: it will, after others.
        images_per_second: over the last half minute, None until two images were read.
        failure: the sentence with which it stopped, or None.
    """

    is_working: bool
    is_in_line: bool
    images_per_second: float | None
    failure: str | None

    @property
    def is_active(self) -> bool:
        """Whether the batch goes on by itself."""
        return self.is_working or self.is_in_line


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLoad:
    """What the thread does for all batches.

    Attributes:
        run_id: of the batch that is read now, or None.
        images_per_second: as in ``WorkStatus``, of that batch.
        n_in_line: batches that wait behind it.
    """

    run_id: int | None
    images_per_second: float | None
    n_in_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    run_id: int
    diagnoser: SharedDiagnoser
    images: BatchImages
    user: str | None


class BatchWorker:
    """Reads batches one after the other in a thread that ends when there is none.

    What was read is in the store at once. The thread is a daemon: a server that ends or is killed
    leaves its batch in state ``running``, to be resumed.
    """

    def __init__(self, store: ReviewStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._line: deque[_Job] = deque()
        self._current: _Job | None = None
        self._stops = threading.Event()
        self._read_at: deque[float] = deque(maxlen=1000)
        self._failures: dict[int, str] = {}

    def begin(
        self,
        run_id: int,
        diagnoser: SharedDiagnoser,
        images: BatchImages,
        *,
        user: str | None = None,
    ) -> None:
        """Read a batch, or go on with it; nothing happens where it is being read already.

        Args:
            run_id: of the batch.
            diagnoser: the server's networks.
            images: reads the files.
            user: mail address of who asked for it, for the audit trail.

        Raises:
            StoreError: the store cannot be written.
            BatchSourceError: the images of the batch are not on this server, or not the same.
        """
        images.check(self._store.sample_items(run_id, N_CHECKED))
        self._store.set_run_state(run_id, RunState.RUNNING, user=user)
        with self._lock:
            self._failures.pop(run_id, None)
            if run_id in self._known():
                return
            self._line.append(_Job(run_id=run_id, diagnoser=diagnoser, images=images, user=user))
            if self._current is None and len(self._line) == 1:
                threading.Thread(target=self._work, name="batch", daemon=True).start()

    def stop(self, run_id: int, state: RunState, *, user: str | None = None) -> None:
        """Stop a batch after the image in hand.

        Args:
            run_id: of the batch; it need not be read now.
            state: ``PAUSED`` or ``CANCELLED``, in which it is left.
            user: mail address of who asked for it, for the audit trail.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._lock:
            self._line = deque(job for job in self._line if job.run_id != run_id)
            if self._current is not None and self._current.run_id == run_id:
                self._stops.set()
        self._store.set_run_state(run_id, state, user=user)

    def status(self, run_id: int) -> WorkStatus:
        """Give the state of a batch: waiting, being read, or why it stopped."""
        with self._lock:
            is_working = self._current is not None and self._current.run_id == run_id
            return WorkStatus(
                is_working=is_working,
                is_in_line=any(job.run_id == run_id for job in self._line),
                images_per_second=self._rate() if is_working else None,
                failure=self._failures.get(run_id),
            )

    @property
    def load(self) -> WorkerLoad:
        """What is read now and how much waits."""
        with self._lock:
            return WorkerLoad(
                run_id=None if self._current is None else self._current.run_id,
                images_per_second=None if self._current is None else self._rate(),
                n_in_line=len(self._line),
            )

    def _known(self) -> set[int]:
        """Batches that are read or in line; one that is being stopped is not among them."""
        known = {job.run_id for job in self._line}
        if self._current is not None and not self._stops.is_set():
            known.add(self._current.run_id)
        return known

    def _rate(self) -> float | None:
        now = time.monotonic()
        recent = [moment for moment in self._read_at if now - moment <= RATE_SECONDS]
        return (len(recent) - 1) / (now - recent[0]) if len(recent) > 1 else None

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._line:
                    self._current = None
                    return
                self._current = job = self._line.popleft()
                self._stops.clear()
                self._read_at.clear()
            try:
                self._read(job)
            except LeukappError as error:
                with self._lock:
                    self._failures[job.run_id] = str(error)
            except Exception as error:  # noqa: BLE001 - the batches in line must still be read
                log_event("batch_failed", run_id=job.run_id, kind=type(error).__name__)
                with self._lock:
                    self._failures[job.run_id] = texts.UNEXPECTED

    def _read(self, job: _Job) -> None:
        networks = QueuedDiagnoser(job.diagnoser, job.images, should_stop=self._stops.is_set)
        run_batch(
            store=self._store,
            run_id=job.run_id,
            diagnoser=networks,
            open_entry=networks.read,
            should_stop=self._stops.is_set,
            on_progress=lambda _: self._read_at.append(time.monotonic()),
            # After it is saved: the thumbnail of a batch that was removed meanwhile would stay.
            on_answer=lambda answer: keep_thumbnail(answer.image_sha256, answer.image),
            user=job.user,
        )


class QueuedDiagnoser:
    """Diagnoses the images of a batch on the networks that all readers share.

    Each image waits in one queue with theirs, so that a batch does not shut readers out. An upload
    is named by the hash of the reader's own file.
    """

    def __init__(
        self,
        diagnoser: SharedDiagnoser,
        images: BatchImages,
        *,
        should_stop: Callable[[], bool],
    ) -> None:
        self._diagnoser = diagnoser
        self._images = images
        self._should_stop = should_stop
        self._uploaded: dict[str, str] = {}

    def read(self, item: BatchItem) -> bytes:
        """Read one file, and remember the hash of what the reader had uploaded.

        Raises:
            ImageError: this file is missing or not readable.
            BatchSourceError: no file of this batch can be read.
        """
        data = self._images.read(item)
        original = uploaded_sha256(item.source)
        if original is not None:
            self._uploaded[hashlib.sha256(data).hexdigest()] = original
        return data

    def diagnose(self, data: bytes) -> Diagnosis:
        """Diagnose one image, however long it waits in the queue.

        Raises:
            ImageError: the bytes are not an image that can be judged.
            BusyError: the batch is being stopped while it waits.
        """
        diagnosis = self._ask(data)
        digest = diagnosis.image_sha256
        return replace(diagnosis, image_sha256=self._uploaded.get(digest, digest))

    def _ask(self, data: bytes) -> Diagnosis:
        while True:
            try:
                return self._diagnoser.diagnose(data)
            except BusyError:
                if self._should_stop():
                    raise
                time.sleep(BUSY_PAUSE_SECONDS)
