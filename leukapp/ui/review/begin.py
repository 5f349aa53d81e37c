"""The start of a batch, wherever its images came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.kept_images import settle_upload
from leukapp.review.records import BatchRun
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui.review.log import reader_mail
from leukapp.ui.review.worker import BatchWorker
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStart:
    """What a reader asked for.

    Attributes:
        entries: the files, at least one.
        name: of the batch as it was typed; blanks for one that tells the time.
        case: name of the case that the images belong to; blanks for none.
        root: folder of the server that the files are under; None where they were uploaded.
        n_readers: how many readers each image asks for, 1 or 2.
    """

    entries: Sequence[BatchEntry]
    name: str = ""
    case: str = ""
    root: Path | None = None
    n_readers: int = 1


def begin_reading(
    start: BatchStart, store: ReviewStore, worker: BatchWorker, diagnoser: SharedDiagnoser
) -> BatchRun:
    """Write a batch down and let the server read it.

    Args:
        start: what was asked for.
        store: keeps the batch.
        worker: reads it.
        diagnoser: the server's networks.

    Raises:
        StoreError: the store cannot be written, or the images cannot be put into this case.
        BatchSourceError: the images are not on this server.
    """
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    run = store.create_run(
        start.name.strip() or texts.UNNAMED.format(moment=moment),
        start.entries,
        diagnoser.bundle_sha256,
        root=start.root,
        user=reader_mail(),
        n_readers=start.n_readers,
    )
    settle_upload(start.entries[0].source)
    images = BatchImages.of(run, review_root())
    worker.begin(run.id, diagnoser, images, user=reader_mail())
    if start.case.strip():
        store.cases.put_batch(start.case, run.id, user=reader_mail())
    return run
