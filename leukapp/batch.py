"""Judge the images of a batch, one after the other; a killed run goes on where it stopped.

Several runners, in one process or in many, may work on one batch: each takes the images that no
other has in hand.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError, StoreAwayError, StoreError
from leukapp.review.records import BatchItem, BatchRun
from leukapp.review.store import ReviewStore
from leukapp.structured_log import log_event

RENEW_SECONDS: Final = 3.0
"""Between two signs of life of a runner, well under the time that a claim lasts."""
AWAY_SECONDS: Final = 600.0
"""How long a batch waits for a store that does not answer, as while its server starts again."""
PAUSE_SECONDS: Final = 0.5

Result = TypeVar("Result")


class DiagnosesBytes(Protocol):
    """What a batch needs of a diagnoser."""

    def diagnose(self, data: bytes) -> Diagnosis:
        """Judge one image."""


def run_batch(  # noqa: PLR0913
    *,
    store: ReviewStore,
    run_id: int,
    diagnoser: DiagnosesBytes,
    open_entry: Callable[[BatchItem], bytes],
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[BatchItem], None] = lambda _item: None,
    on_answer: Callable[[Diagnosis], None] = lambda _diagnosis: None,
    user: str | None = None,
) -> BatchRun:
    """Judge every image of a batch that still waits.

    Each answer is saved in a transaction of its own together with its line in the audit trail, so a
    kill at any moment loses at most the images in hand, and no image is judged twice. A batch that
    is paused, cancelled or removed, by whomever, is left after the images in hand. A store that
    does not answer is asked again for some minutes.

    Args:
        store: keeps the batch.
        run_id: of the batch.
        diagnoser: judges an image.
        open_entry: gives the bytes of an item.
        should_stop: asked before each image; a stopped batch keeps the state that it was given.
        on_progress: told each image that was judged or found unreadable.
        on_answer: told each answer once it is saved.
        user: mail address of who began the batch, for the audit trail.

    Returns:
        The batch as it stands at the end.

    Raises:
        LeukappError: the store fails, or no file can be read any more; what was judged is kept.
    """
    asked = _PatientStore(store, run_id, should_stop)
    with asked.in_hand():
        while True:
            opened = _open_until(asked, open_entry, should_stop)
            for answer in _judge(diagnoser, opened):
                item = asked.items[0]
                if asked.save(item, answer, user=user) and isinstance(answer, Diagnosis):
                    on_answer(answer)
                on_progress(item)
            # What another runner has in hand may come back, if that runner was killed.
            if should_stop() or not asked.finish():
                return store.run(run_id)
            time.sleep(PAUSE_SECONDS)


class _PatientStore:
    """The store as one runner of a batch asks it: again and again while it does not answer."""

    def __init__(self, store: ReviewStore, run_id: int, should_stop: Callable[[], bool]) -> None:
        self._store, self._run_id, self._should_stop = store, run_id, should_stop
        self._runner = secrets.token_hex(8)
        self.items: deque[BatchItem] = deque()

    def claim(self) -> BatchItem | None:
        """Take the next image that is free, or None."""
        item = self._ask(lambda: self._store.claim_item(self._run_id, self._runner))
        if item is not None:
            self.items.append(item)
        return item

    def save(self, item: BatchItem, answer: Diagnosis | ImageError, *, user: str | None) -> bool:
        """Keep what an image gave; False where another runner's answer is kept already."""
        store, runner = self._store, self._runner
        if isinstance(answer, ImageError):
            sentence = str(answer)
            kept = self._ask(
                lambda: store.save_unreadable(item, sentence, user=user, runner=runner)
            )
        else:
            kept = self._ask(lambda: store.save_answer(item, answer, user=user, runner=runner))
        self.items.popleft()
        return kept

    def finish(self) -> bool:
        """Call the batch finished if it is; True where images wait in other hands."""
        return self._ask(lambda: self._store.finish_run(self._run_id))

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Give signs of life, and at the end what was not come to."""
        is_over = threading.Event()
        alive = threading.Thread(target=self._renew, args=(is_over,), name="claims", daemon=True)
        alive.start()
        try:
            yield
        finally:
            is_over.set()
            alive.join()
            self._release()

    def _renew(self, is_over: threading.Event) -> None:
        while not is_over.wait(RENEW_SECONDS):
            try:
                self._store.renew_claims(self._runner, [item.id for item in tuple(self.items)])
            except StoreError:
                log_event("claims_not_renewed", run_id=self._run_id)

    def _release(self) -> None:
        if not self.items:
            return
        try:
            self._store.release_claims(self._runner, [item.id for item in self.items])
        except StoreError:
            # They come free by themselves, seconds later.
            log_event("claims_not_released", run_id=self._run_id)

    def _ask(self, call: Callable[[], Result]) -> Result:
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return call()
            except StoreAwayError:
                if self._should_stop() or time.monotonic() > deadline:
                    raise
                log_event("store_away", run_id=self._run_id)
                time.sleep(PAUSE_SECONDS)


def _open_until(
    asked: _PatientStore,
    open_entry: Callable[[BatchItem], bytes],
    should_stop: Callable[[], bool],
) -> Iterator[bytes | ImageError]:
    while not should_stop():
        item = asked.claim()
        if item is None:
            return
        try:
            yield open_entry(item)
        except ImageError as error:
            yield error


def _judge(
    diagnoser: DiagnosesBytes, opened: Iterator[bytes | ImageError]
) -> Iterator[Diagnosis | ImageError]:
    """Side by side where the diagnoser can; else one after the other."""
    if isinstance(diagnoser, Diagnoser):
        yield from diagnoser.diagnose_many(opened)
        return
    for data in opened:
        if isinstance(data, ImageError):
            yield data
            continue
        try:
            yield diagnoser.diagnose(data)
        except ImageError as error:
            yield error
