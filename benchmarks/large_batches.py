"""Memory and processor time of batches of 1,000 to 100,000 images, from the listing to the export.

``python benchmarks/large_batches.py --out benchmarks/results/large_batches.json``: each size in a
process of its own on a SQLite file; listing and answers are generated, every other step is that of
``leukapp batch``. Times are of the processor, so that other work on the machine does not count.
``--postgres`` takes a server that it starts, and adds the time of the server's own process.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import psutil  # noqa: E402
from fake_diagnoser import make_diagnosis  # noqa: E402
from postgres_server import find_postgres, running_postgres  # noqa: E402

from leukapp.review.export import stream_review_tables, write_review_parquet  # noqa: E402
from leukapp.review.server_folder import walk_files  # noqa: E402
from leukapp.review.store import ItemAnswer, ReviewStore  # noqa: E402
from leukapp.review.worklist import WorklistOrder  # noqa: E402
from leukapp.review.worklist_book import ChosenList, WorklistScope  # noqa: E402

SIZES = (1_000, 10_000, 100_000)
FILES_A_FOLDER = 1_000
N_DISTINCT = 50
TOGETHER = 16
IMAGES_A_PAGE = 24


@dataclass(frozen=True)
class Entry:
    """One file of the listing."""

    name: str
    source: str


@dataclass
class Measured:
    """One size.

    Attributes:
        images: in the batch.
        start_mb: peak memory of the process before the first step.
        steps: name of a step to its processor time in milliseconds an image.
        peak_mb: name of a step to the peak memory of the process after it, in megabytes.
        worklist_ms: what page "Batch review" asks for in each order to its processor time, in
            milliseconds: the list's first page, and an image in the middle of the list.
    """

    images: int
    start_mb: float
    steps: dict[str, float]
    peak_mb: dict[str, float]
    worklist_ms: dict[str, float]


def peak_mb() -> float:
    """Peak memory of this process so far, in megabytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def measure(n: int, folder: Path, url: str) -> Measured:
    """Take one batch through every step."""
    found = Measured(images=n, start_mb=0.0, steps={}, peak_mb={}, worklist_ms={})
    store = ReviewStore.open(url)
    answers = [make_diagnosis(f"{number}".encode(), side_px=96) for number in range(N_DISTINCT)]
    found.start_mb = peak_mb()

    def step(name: str, work: Callable[[], object]) -> None:
        started = time.process_time()
        work()
        found.steps[name] = round(1e3 * (time.process_time() - started) / n, 4)
        found.peak_mb[name] = peak_mb()

    def entries() -> Iterator[Entry]:
        for source in walk_files(folder):
            yield Entry(name=Path(source).name, source=source)

    def judge() -> None:
        while items := store.claim_items(1, "runner", TOGETHER):
            together = [
                ItemAnswer(item=item, answer=answers[item.position % N_DISTINCT]) for item in items
            ]
            store.save_answers(together, runner="runner")
        store.finish_run(1)

    def export() -> None:
        with (folder.parent / "answers.parquet").open("wb") as stream:
            write_review_parquet(stream, stream_review_tables(store, 1))

    bundle = hashlib.sha256(b"bundle").hexdigest()
    step("listing", lambda: sum(1 for _ in walk_files(folder)))
    step("listing and beginning the batch", lambda: store.create_run("large", entries(), bundle))
    answers_on_server = time_of_server(store)
    step("claims and answers", judge)
    if answers_on_server is not None:
        spent = (time_of_server(store) or 0.0) - answers_on_server
        found.steps["claims and answers, on the server"] = round(1e3 * spent / n, 4)
    step("export as parquet", export)
    step("the worklist of page Batch review", lambda: list_for_review(store, found))
    store.close()
    return found


def list_for_review(store: ReviewStore, found: Measured) -> None:
    """Ask for what the page shows of the list and of an image in its middle, in each order."""
    book, scope = store.worklists, WorklistScope(run_id=1)
    for order in WorklistOrder:
        chosen = ChosenList(scope=scope, order=order)
        started = time.process_time()
        store.run(1)
        book.count_verdicts(scope)
        book.size(chosen)
        book.first_open(chosen)
        book.page(chosen, first=0, n=IMAGES_A_PAGE)
        listed = time.process_time()
        [middle] = book.page(chosen, first=found.images // 2, n=1)
        opened = time.process_time()
        store.run(1)
        book.count_verdicts(scope)
        book.size(chosen)
        book.image(scope, middle.item.position + 1)
        book.place_of(chosen, middle)
        stepped = time.process_time()
        found.worklist_ms[f"first page, {order}"] = round(1e3 * (listed - started), 1)
        found.worklist_ms[f"next image, {order}"] = round(1e3 * (stepped - opened), 1)


def time_of_server(store: ReviewStore) -> float | None:
    """Processor time of the database's process for this store's one connection, in seconds."""
    with store._engine.connect().execution_options(is_reader=True) as connection:
        if connection.dialect.name == "sqlite":
            return None
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    spent = psutil.Process(pid).cpu_times()
    return spent.user + spent.system


def make_files(folder: Path, n: int) -> None:
    """Empty files: only their names are read here."""
    for number in range(n):
        place = folder / f"{number // FILES_A_FOLDER:04d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06d}.png").touch()


def main() -> int:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--postgres", action="store_true", help="in place of a SQLite file")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory() as name, ExitStack() as started:
            folder = Path(name) / "images"
            make_files(folder, options.one)
            url = f"sqlite:///{name}/review.sqlite"
            programs = find_postgres()
            if options.postgres and programs is not None:
                url = started.enter_context(running_postgres(programs, settings="")).url
            print(json.dumps(asdict(measure(options.one, folder, url))))
        return 0
    rows = []
    for n in options.sizes:
        command = [sys.executable, __file__, "--one", str(n)]
        command += ["--postgres"] * options.postgres
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
        if options.out:
            options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
