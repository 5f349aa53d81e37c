"""``leukapp batch``: judge a folder into the review store, to be read on page "Batch review"."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leukapp.batch import run_batch
from leukapp.diagnosis import Diagnoser
from leukapp.errors import BatchSourceError, StoreError
from leukapp.inference.engine import EngineChoice
from leukapp.quoted_names import one_line, quoted
from leukapp.resources import review_root
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.batch_images import ELSEWHERE, BatchImages
from leukapp.review.kept_images import is_upload
from leukapp.review.records import BatchItem, BatchRun, ItemState, RunState
from leukapp.review.server_folder import files_of
from leukapp.review.store import ReviewStore

SECONDS_BETWEEN_LINES = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What ``leukapp batch`` was asked for.

    Attributes:
        folder: of images, with its subfolders.
        bundle: folder of the bundle.
        engine: which engine runs it.
        name: of a new batch; None takes the folder's name.
        resume: number of the batch to go on with; None begins a new one.
        store_url: of the review store; None takes the default one.
    """

    folder: Path
    bundle: Path
    engine: EngineChoice = "auto"
    name: str | None = None
    resume: int | None = None
    store_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    source: str


def judge_folder(options: BatchOptions) -> int:
    """Judge every file of a folder and keep the answers.

    Args:
        options: what is asked for.

    Returns:
        0, or 1 if a file could not be read.

    Raises:
        LeukappError: the folder, the bundle or the store cannot be used.
    """
    root = _root_of(options.folder)
    store = ReviewStore.open(options.store_url)
    diagnoser = Diagnoser.open(options.bundle, engine=options.engine)
    if options.resume is None:
        relative = options.folder.resolve().relative_to(root).as_posix()
        sources = files_of(root, relative)
        if not sources:
            raise BatchSourceError(f"There is no file in {options.folder.name}: name another one.")
        name = one_line(options.name or options.folder.resolve().name)
        entries = [_Entry(name=one_line(Path(source).name), source=source) for source in sources]
        run = store.create_run(name, entries, diagnoser.bundle.sha256, root=root)
    else:
        run = _resumed(store, options.resume, options.folder, diagnoser)
    images = BatchImages.of(run, root if run.root is None else Path(run.root))
    waiting = run.total - run.done - run.unreadable
    print(
        f"batch {run.id}, {quoted(run.name)}: {waiting} of {run.total} images to judge",
        file=sys.stderr,
    )
    progress = _Progress(waiting)
    try:
        run = run_batch(
            store=store,
            run_id=run.id,
            diagnoser=diagnoser,
            open_entry=images.read,
            on_progress=progress.step,
        )
    except KeyboardInterrupt:
        store.set_run_state(run.id, RunState.PAUSED)
        print(f"batch {run.id} is paused; go on with --resume {run.id}", file=sys.stderr)
        raise
    for line in _summary(run, store.items(run.id)):
        print(line)
    return 1 if run.unreadable else 0


def _root_of(folder: Path) -> Path:
    """The review folder of the server where the images lie in it, so that its pages find them."""
    if not folder.is_dir():
        raise BatchSourceError(f"{folder.name} is not a folder: name the folder of the images.")
    root = review_root()
    resolved = folder.resolve()
    return root if root is not None and resolved.is_relative_to(root) else resolved


def _resumed(store: ReviewStore, run_id: int, folder: Path, diagnoser: Diagnoser) -> BatchRun:
    run, items = store.run(run_id), store.items(run_id)
    if run.bundle_sha256 != diagnoser.bundle.sha256:
        raise StoreError(
            f"Batch {run_id} was begun with bundle {run.bundle_sha256[:12]}: name that bundle, or "
            "begin a new batch."
        )
    if any(is_upload(item.source) for item in items):
        raise BatchSourceError(
            f'The images of batch {run_id} were uploaded: go on with it on page "Batch review".'
        )
    root = _root_of(folder) if run.root is None else Path(run.root)
    named = folder.resolve()
    if not all((root / item.source).is_relative_to(named) for item in items):
        raise BatchSourceError(ELSEWHERE)
    BatchImages.of(run, root).check(items)
    store.set_run_state(run_id, RunState.RUNNING)
    return run


class _Progress:
    """A line with rate and time left, every few seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._started = self._last = time.monotonic()

    def step(self, _item: BatchItem) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_LINES and self._done < self._total:
            return
        self._last = now
        rate = self._done / max(1e-9, now - self._started)
        left = (self._total - self._done) / rate
        print(
            f"{self._done}/{self._total}, {rate:.1f} images a second, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


def _summary(run: BatchRun, items: tuple[BatchItem, ...]) -> Iterator[str]:
    done = [item for item in items if item.state is ItemState.DONE]
    verdicts = Counter(item.answer_name or "no call" for item in done)
    shares = ", ".join(f"{name} {count}" for name, count in sorted(verdicts.items()))
    yield f"batch {run.id}: {run.done} judged ({shares}), {run.unreadable} unreadable"
    for item in items:
        if item.state is ItemState.UNREADABLE:
            yield f"{quoted(item.source)}: {one_line(item.error or '')}"
    yield RESEARCH_USE_NOTICE
