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
from leukapp.review.store import ItemAnswer, ReviewStore
from leukapp.structured_log import log_event

RENEW_SECONDS: Final = 3.0
"""Between two signs of life of a runner, well under the time that a claim lasts."""
AWAY_SECONDS: Final = 600.0
"""How long a batch waits for a store that does not answer, as while its server starts again."""
PAUSE_SECONDS: Final = 0.5
SAVE_SECONDS: Final = 2.0
"""How long an answer waits for others to be saved with it."""

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
    n_together: int = 1,
) -> BatchRun:
    """Judge every image of a batch that still waits.

    Each answer is saved in one transaction with its line in the audit trail, so a kill at any
    moment loses at most the images in hand, which are judged again, and no answer is saved twice. A
    batch that is paused, cancelled or removed, by whomever, is left after the images in hand. A
    store that does not answer is asked again for some minutes.

    Args:
        store: keeps the batch.
        run_id: of the batch.
        diagnoser: judges an image.
        open_entry: gives the bytes of an item.
        should_stop: asked before each image; a stopped batch keeps the state that it was given.
        on_progress: told each image that was judged or found unreadable.
        on_answer: told each answer once it is saved.
        user: mail address of who began the batch, for the audit trail.
        n_together: images that are claimed, and answers that are saved, in one transaction; more
            than 1 where many runners share one store.

    Returns:
        The batch as it stands at the end.

    Raises:
        LeukappError: the store fails, or no file can be read any more; what was judged is kept.
    """
    asked = _PatientStore(store, run_id, should_stop, n_together=n_together, user=user)

    def save() -> None:
        for saved, is_kept in asked.save():
            if is_kept and isinstance(saved.answer, Diagnosis):
                on_answer(saved.answer)
            on_progress(saved.item)

    with asked.in_hand():
        while True:
            opened = _open_until(asked, open_entry, should_stop)
            for answer in _judge(diagnoser, opened):
                if asked.is_due(answer):
                    save()
            save()
            # What another runner has in hand may come back, if that runner was killed.
            if should_stop() or not asked.finish():
                return store.run(run_id)
            time.sleep(PAUSE_SECONDS)


class _PatientStore:
    """The store as one runner of a batch asks it: again and again while it does not answer."""

    def __init__(
        self,
        store: ReviewStore,
        run_id: int,
        should_stop: Callable[[], bool],
        *,
        n_together: int,
        user: str | None,
    ) -> None:
        self._store, self._run_id, self._should_stop = store, run_id, should_stop
        self._n_together, self._user = n_together, user
        self._runner = secrets.token_hex(8)
        self._in_hand: deque[BatchItem] = deque()
        self._unopened: deque[BatchItem] = deque()
        self._answers: list[Diagnosis | ImageError] = []
        self._saved_at = time.monotonic()

    def claim(self) -> BatchItem | None:
        """Take the next image that is free, or None."""
        if not self._unopened:
            store, runner, n_together = self._store, self._runner, self._n_together
            items = self._ask(lambda: store.claim_items(self._run_id, runner, n_together))
            self._in_hand.extend(items)
            self._unopened.extend(items)
        return self._unopened.popleft() if self._unopened else None

    def is_due(self, answer: Diagnosis | ImageError) -> bool:
        """Take the answer for the next image in hand; True where it is time to save."""
        self._answers.append(answer)
        is_full = len(self._answers) >= self._n_together
        return is_full or time.monotonic() - self._saved_at > SAVE_SECONDS

    def save(self) -> list[tuple[ItemAnswer, bool]]:
        """Keep what was judged; False stands where another runner's answer is kept already."""
        answers = [
            ItemAnswer(item=item, answer=answer)
            for item, answer in zip(self._in_hand, self._answers, strict=False)
        ]
        if not answers:
            return []
        kept = self._ask(
            lambda: self._store.save_answers(answers, user=self._user, runner=self._runner)
        )
        self._answers.clear()
        for _ in answers:
            self._in_hand.popleft()
        self._saved_at = time.monotonic()
        return list(zip(answers, kept, strict=True))

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
                self._store.renew_claims(self._runner, [item.id for item in tuple(self._in_hand)])
            except StoreError:
                log_event("claims_not_renewed", run_id=self._run_id)

    def _release(self) -> None:
        if not self._in_hand:
            return
        try:
            self._store.release_claims(self._runner, [item.id for item in self._in_hand])
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
