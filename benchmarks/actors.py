"""One Ray actor against two on this machine: processor time an image, and who spends it.

``python benchmarks/actors.py --out benchmarks/results/actors.json``: each batch is a run of
``leukapp batch --on ray`` on a PostgreSQL that is started for it. What starting costs falls out,
since a large batch is held against a small one. Needs requirements-cluster.txt. Times are of the
processor, so that other work on the machine counts little; the clock's are given beside them.
``--a-core-each`` binds one actor to one core, two to two: on an idle machine the clock then tells
how two scale.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]

import psutil  # noqa: E402
from machine import describe_machine  # noqa: E402
from other_work import OtherWork  # noqa: E402
from subjects import REPOSITORY, bundle_folder, cell_png  # noqa: E402

sys.path[:0] = [str(REPOSITORY / "tests")]

from postgres_server import PostgresServer, find_postgres, running_postgres  # noqa: E402

from leukapp.review.records import RunState  # noqa: E402
from leukapp.review.store import ReviewStore  # noqa: E402

LOOK_SECONDS = 0.25
IDLE_CORES = 0.1
"""Other work that takes more than this makes times of the clock say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one batch took.

    Attributes:
        actors_s: processor time of the actors, seconds.
        ray_s: of Ray's other processes.
        command_s: of the command.
        database_s: of PostgreSQL.
        judging_s: from the first answer that was seen to the last, by the clock.
    """

    actors_s: float
    ray_s: float
    command_s: float
    database_s: float
    judging_s: float


class ProcessorTimes:
    """The processor time of processes, those that end included; looked at again and again."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[int, float], float] = {}
        self._kinds: dict[tuple[int, float], str] = {}

    def look(self, root: int, kind: str) -> None:
        """Note the times of a process and of all below it."""
        try:
            processes = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                key = (process.pid, process.create_time())
                times = process.cpu_times()
                self._kinds[key] = _kind_of(process, root, kind)
            except psutil.NoSuchProcess:
                continue
            self._seconds[key] = times.user + times.system

    def by_kind(self) -> Counter[str]:
        """Seconds of each kind of process."""
        sums: Counter[str] = Counter()
        for key, seconds in self._seconds.items():
            sums[self._kinds[key]] += seconds  # type: ignore[assignment]
        return sums


def _kind_of(process: psutil.Process, root: int, kind: str) -> str:
    if kind == "database" or process.pid == root:
        return kind
    line = process.cmdline()
    return "actors" if line and line[0].startswith("ray::BatchActor") else "ray"


def judge(
    server: PostgresServer, folder: Path, n_images: int, n_actors: int, *, n_cores: int | None
) -> Spent:
    """Judge a batch of cells with so many actors, on every core or on the first ones."""
    images = folder / f"images-{n_images}"
    if not images.is_dir():
        images.mkdir()
        for number in range(n_images):
            (images / f"{number:04}.png").write_bytes(cell_png(number))
    store = ReviewStore.open(server.url)
    store.runs()
    command = [sys.executable, "-m", "leukapp", "batch", str(images), "--on", "ray"]
    command += ["--actors", str(n_actors), "--store", server.url]
    command += ["--bundle", str(bundle_folder("compact"))]
    if n_cores is not None:
        command = ["taskset", "--cpu-list", f"0-{n_cores - 1}", *command]
    known = {run.id for run in store.runs()}
    times = ProcessorTimes()
    database = int((folder / "postmaster").read_text(encoding="ascii"))
    times.look(database, "database")
    before = times.by_kind()["database"]
    first = last = 0.0
    done = 0
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        while running.poll() is None:
            times.look(running.pid, "command")
            times.look(database, "database")
            now = sum(run.done for run in store.runs() if run.id not in known)
            if now != done:
                first, last, done = first or time.perf_counter(), time.perf_counter(), now
            time.sleep(LOOK_SECONDS)
    (run,) = (run for run in store.runs() if run.id not in known)
    store.close()
    if run.state is not RunState.FINISHED or run.done != n_images:
        raise RuntimeError((folder / "log").read_text()[-2000:])
    sums = times.by_kind()
    return Spent(
        actors_s=sums["actors"],
        ray_s=sums["ray"],
        command_s=sums["command"],
        database_s=sums["database"] - before,
        judging_s=last - first,
    )


def main() -> int:
    """Measure one and two actors in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=32)
    parser.add_argument("--large", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--a-core-each", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    programs = find_postgres()
    if programs is None:
        parser.error("PostgreSQL is not installed: apt-get install postgresql")
    rounds: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    other_work = OtherWork()
    with tempfile.TemporaryDirectory() as name, running_postgres(programs, settings="") as server:
        folder = Path(name)
        (folder / "postmaster").write_text(str(_postmaster(server)), encoding="ascii")
        for _ in range(options.rounds):
            for n_actors, seen in rounds.items():
                n_cores = n_actors if options.a_core_each else None
                small, large = (
                    asdict(judge(server, folder, n_images, n_actors, n_cores=n_cores))
                    for n_images in (options.small, options.large)
                )
                n = options.large - options.small
                seen.append({kind: 1e3 * (large[kind] - small[kind]) / n for kind in small})
                print(f"{n_actors} actors: {seen[-1]}", file=sys.stderr, flush=True)
    busy = other_work.mean_cores()
    by_clock = [statistics.median(one["judging_s"] for one in seen) for seen in rounds.values()]
    is_told = options.a_core_each and busy < IDLE_CORES
    report = {
        "machine": asdict(describe_machine()),
        "images": [options.small, options.large],
        "rounds": options.rounds,
        "cores_busy_with_other_work": busy,
        "a_core_each": options.a_core_each,
        "two_against_one_by_the_clock": round(by_clock[0] / by_clock[1], 2) if is_told else None,
        **{
            f"{n_actors}_actors_ms_an_image": {
                kind.removesuffix("_s"): round(statistics.median(one[kind] for one in seen), 2)
                for kind in seen[0]
            }
            for n_actors, seen in rounds.items()
        },
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


def _postmaster(server: PostgresServer) -> int:
    """Process id of the server: the one that listens on its port."""
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    return next(
        int(connection.pid)
        for connection in psutil.net_connections("tcp")
        if connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
    )


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    sys.exit(main())
