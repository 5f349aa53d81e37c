"""``leukapp batch``: judge a folder into the review store, to be read on page "Batch review"."""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from leukapp.batch.ray_cluster import ClusterBatch, ClusterOptions, judge_on_cluster, require_ray
from leukapp.batch.runner import run_batch
from leukapp.diagnosis import Diagnoser
from leukapp.errors import BatchSourceError, StoreError
from leukapp.inference.engine import EngineChoice
from leukapp.model.bundle import open_bundle
from leukapp.quoted_names import one_line, quoted
from leukapp.resources import review_root, store_url
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.batch_images import ELSEWHERE, N_CHECKED, BatchImages
from leukapp.review.export import stream_review_tables, write_review_parquet
from leukapp.review.kept_images import is_upload
from leukapp.review.records import BatchRun, ItemState, RunState
from leukapp.review.remote_folder import RemoteFolder, is_address
from leukapp.review.server_folder import walk_files
from leukapp.review.store import ReviewStore

SECONDS_BETWEEN_LINES = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What ``leukapp batch`` was asked for.

    Attributes:
        source: folder of images, with its subfolders, or the address of one.
        bundle: folder of the bundle; on a cluster, on every node.
        engine: which engine runs it.
        name: of a new batch; None takes the folder's name.
        resume: number of the batch to go on with; None begins a new one.
        store_url: of the review store; None takes the default one.
        out: folder for the answers as parquet; None writes none.
        cluster: where to judge; None judges in this process.
    """

    source: str
    bundle: Path
    engine: EngineChoice = "auto"
    name: str | None = None
    resume: int | None = None
    store_url: str | None = None
    out: Path | None = None
    cluster: ClusterOptions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where the images lie: a folder under a root, or one behind an address.

    Attributes:
        root: folder, links resolved, or address that the batch keeps.
        folder: the named one, or None at an address.
    """

    root: Path | str
    folder: Path | None

    @property
    def name(self) -> str:
        return one_line((self.folder or PurePosixPath(str(self.root))).name)

    def walk_files(self) -> Iterator[str]:
        if self.folder is None:
            return RemoteFolder.at(str(self.root)).walk_files()
        root = Path(self.root)
        return walk_files(root, self.folder.relative_to(root).as_posix())

    def images_of(self, run: BatchRun) -> BatchImages:
        if self.folder is None:
            return BatchImages.of(run, None, address=str(self.root))
        return BatchImages.of(run, Path(self.root if run.root is None else run.root))


def judge_folder(options: BatchOptions) -> int:
    """Judge every file of a folder and keep the answers.

    Args:
        options: what is asked for.

    Returns:
        0, or 1 if a file could not be read.

    Raises:
        LeukappError: the folder, the bundle, the store or the cluster cannot be used.
    """
    if options.cluster is not None:
        require_ray()
    source = _find_source(options.source)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    store = ReviewStore.open(options.store_url)
    # The networks of a cluster are opened by its nodes.
    diagnoser = None if options.cluster else Diagnoser.open(options.bundle, engine=options.engine)
    bundle = open_bundle(options.bundle) if diagnoser is None else diagnoser.bundle
    if options.resume is None:
        run = _begin(store, source, options.name, bundle.sha256)
    else:
        run = _resumed(store, options.resume, source, bundle.sha256)
    waiting = run.total - run.done - run.unreadable
    print(
        f"batch {run.id}, {quoted(run.name)}: {waiting} of {run.total} images to judge",
        file=sys.stderr,
        flush=True,
    )
    progress = _Progress(waiting)
    try:
        if diagnoser is not None:
            images = source.images_of(run)
            run = run_batch(
                store=store,
                run_id=run.id,
                diagnoser=diagnoser,
                open_entry=images.read,
                on_progress=lambda _item: progress.step(),
            )
        elif options.cluster is not None:
            run = judge_on_cluster(
                store,
                _cluster_batch(run, source, options),
                options.cluster,
                on_progress=lambda now: progress.reach(waiting - _n_waiting(now)),
            )
    except KeyboardInterrupt:
        store.set_run_state(run.id, RunState.PAUSED)
        print(f"batch {run.id} is paused; go on with --resume {run.id}", file=sys.stderr)
        raise
    for line in _summary(run, store):
        print(line)
    if options.out is not None:
        print(f"answers: {quoted(_write_answers(store, run.id, options.out))}")
    return 1 if run.unreadable else 0


def _find_source(named: str) -> _Source:
    """The review folder of the server where the images lie in it, so that its pages find them."""
    if is_address(named):
        return _Source(root=RemoteFolder.at(named).address, folder=None)
    folder = Path(named)
    if not folder.is_dir():
        raise BatchSourceError(f"{folder.name} is not a folder: name the folder of the images.")
    root = review_root()
    resolved = folder.resolve()
    is_inside = root is not None and resolved.is_relative_to(root)
    return _Source(root=root if root is not None and is_inside else resolved, folder=resolved)


def _begin(store: ReviewStore, source: _Source, name: str | None, bundle_sha256: str) -> BatchRun:
    files = source.walk_files()
    first = next(files, None)
    if first is None:
        raise BatchSourceError(f"There is no file in {source.name}: name another one.")
    named = one_line(name or source.name)
    entries = _entries(first, files)
    return store.create_run(named, entries, bundle_sha256, root=source.root)


def _entries(first: str, others: Iterable[str]) -> Iterator[_Entry]:
    yield _Entry(name=one_line(PurePosixPath(first).name), source=first)
    for file in others:
        yield _Entry(name=one_line(PurePosixPath(file).name), source=file)


def _resumed(store: ReviewStore, run_id: int, source: _Source, bundle_sha256: str) -> BatchRun:
    run, items = store.run(run_id), store.sample_items(run_id, N_CHECKED)
    if run.bundle_sha256 != bundle_sha256:
        raise StoreError(
            f"Batch {run_id} was begun with bundle {run.bundle_sha256[:12]}: name that bundle, or "
            "begin a new batch."
        )
    if any(is_upload(item.source) for item in items):
        raise BatchSourceError(
            f'The images of batch {run_id} were uploaded: go on with it on page "Batch review".'
        )
    if source.folder is None:
        is_elsewhere = run.root != source.root
    else:
        root = Path(source.root) if run.root is None else Path(run.root)
        is_elsewhere = not all((root / item.source).is_relative_to(source.folder) for item in items)
    if is_elsewhere:
        raise BatchSourceError(ELSEWHERE)
    source.images_of(run).check(items)
    store.set_run_state(run_id, RunState.RUNNING)
    return run


def _cluster_batch(run: BatchRun, source: _Source, options: BatchOptions) -> ClusterBatch:
    return ClusterBatch(
        run_id=run.id,
        store_url=options.store_url or store_url(),
        bundle=options.bundle.resolve(),
        bundle_sha256=run.bundle_sha256,
        engine=options.engine,
        root=run.root or str(source.root),
    )


def _n_waiting(run: BatchRun) -> int:
    return run.total - run.done - run.unreadable


def _write_answers(store: ReviewStore, run_id: int, folder: Path) -> Path:
    """Write the answers as they stand in the store; another try replaces the file as a whole."""
    path = folder / f"batch-{run_id}.parquet"
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as stream:
        write_review_parquet(stream, stream_review_tables(store, run_id))
    partial.replace(path)
    return path


class _Progress:
    """A line with rate and time left, every few seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._started = self._last = time.monotonic()

    def step(self) -> None:
        """One image more."""
        self.reach(self._done + 1)

    def reach(self, done: int) -> None:
        """So many images by now."""
        is_new, self._done = done != self._done, done
        now = time.monotonic()
        if not is_new or (now - self._last < SECONDS_BETWEEN_LINES and done < self._total):
            return
        self._last = now
        rate = self._done / max(1e-9, now - self._started)
        left = (self._total - self._done) / rate
        print(
            f"{self._done}/{self._total}, {rate:.1f} images a second, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


def _summary(run: BatchRun, store: ReviewStore) -> Iterator[str]:
    counts = sorted((count.name or "no call", count.n) for count in store.count_answers(run.id))
    shares = ", ".join(f"{name} {n}" for name, n in counts)
    yield f"batch {run.id}: {run.done} judged ({shares}), {run.unreadable} unreadable"
    for page in store.item_pages(run.id, state=ItemState.UNREADABLE):
        for item in page:
            yield f"{quoted(item.source)}: {one_line(item.error or '')}"
    yield RESEARCH_USE_NOTICE
