"""Judge the images of a batch, one after the other; a killed run goes on where it stopped."""

from collections.abc import Callable, Iterator
from typing import Protocol

from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError
from leukapp.review.records import BatchItem, BatchRun, ItemState, RunState
from leukapp.review.store import ReviewStore


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
    user: str | None = None,
) -> BatchRun:
    """Judge every image of a batch that still waits.

    Each answer is saved in a transaction of its own together with its line in the audit trail, so a
    kill at any moment loses at most the images in hand, and no image is judged twice.

    Args:
        store: keeps the batch.
        run_id: of the batch.
        diagnoser: judges an image.
        open_entry: gives the bytes of an item.
        should_stop: asked before each image; a stopped batch keeps the state that it was given.
        on_progress: told each image that was judged or found unreadable.
        user: mail address of who began the batch, for the audit trail.

    Returns:
        The batch as it stands at the end.

    Raises:
        LeukappError: the store fails, or no file can be read any more; what was judged is kept.
    """
    items = store.items(run_id, state=ItemState.WAITING)
    opened = _open_until(items, open_entry, should_stop)
    n_judged = 0
    for item, answer in zip(items, _judge(diagnoser, opened), strict=False):
        if isinstance(answer, ImageError):
            store.save_unreadable(item, str(answer))
        else:
            store.save_answer(item, answer, user=user)
        n_judged += 1
        on_progress(item)
    if n_judged == len(items):
        store.set_run_state(run_id, RunState.FINISHED)
    return store.run(run_id)


def _open_until(
    items: tuple[BatchItem, ...],
    open_entry: Callable[[BatchItem], bytes],
    should_stop: Callable[[], bool],
) -> Iterator[bytes | ImageError]:
    for item in items:
        if should_stop():
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
