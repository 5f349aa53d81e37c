"""Kills parts of a two-node Ray cluster amid a batch, again and again, and compares what is left.

``python tests/reliability/cluster.py --kills 20 --out cluster.json``: an actor, a node, the command
and PostgreSQL are killed in turn with SIGKILL; each batch that ended must give the table of a local
run that nobody disturbed, each image once in the audit trail. Needs requirements-cluster.txt.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT)]

import psutil  # noqa: E402
from kills import draw_folder, judged_in_trail, table_of  # noqa: E402
from postgres_server import PostgresServer, find_postgres, running_postgres  # noqa: E402

from leukapp.errors import StoreError  # noqa: E402
from leukapp.review.records import BatchRun, RunState  # noqa: E402
from leukapp.review.store import ReviewStore  # noqa: E402

KINDS = ("actor", "node", "command", "database")
LONGEST_SECONDS = 3600.0
LONGEST_START_SECONDS = 300.0
CORES_A_NODE = 1


@dataclass
class Tally:
    """What the kills left."""

    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    batches_compared: int = 0
    images_compared: int = 0
    answers_lost: int = 0
    answers_twice: int = 0
    rows_that_differ: int = 0
    failures: list[str] = field(default_factory=list)


class TwoNodes:
    """A cluster of a head that judges nothing and two nodes, all on this machine."""

    def __init__(self) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray._private import services
        from ray.cluster_utils import Cluster

        # Ray gives up a node that has not started after 30 s; a busy machine takes longer.
        services.get_node = _patient(services.get_node)

        self._cluster: Any = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        self._nodes = [self._cluster.add_node(num_cpus=CORES_A_NODE) for _ in range(2)]

    @property
    def address(self) -> str:
        """Where a command finds it."""
        return str(self._cluster.address)

    def actors(self) -> list[psutil.Process]:
        """Processes that judge."""
        raylets = [node.all_processes["raylet"][0].process.pid for node in self._nodes]
        found = [child for pid in raylets for child in psutil.Process(pid).children(recursive=True)]
        return [process for process in found if _is_actor(process)]

    def kill_node(self, place: int) -> None:
        """Kill a node's raylet, which takes its actors along, and start another node."""
        raylet = self._nodes[place].all_processes["raylet"][0].process
        raylet.send_signal(signal.SIGKILL)
        raylet.wait()
        self._cluster.remove_node(self._nodes[place], allow_graceful=False)
        self._nodes[place] = self._cluster.add_node(num_cpus=CORES_A_NODE)

    def end(self) -> None:
        """Stop everything."""
        self._cluster.shutdown()


def _patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*arguments: Any) -> Any:
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    return ask


def _is_actor(process: psutil.Process) -> bool:
    try:
        return "BatchActor" in " ".join(process.cmdline())
    except psutil.Error:
        return False


@dataclass
class Scene:
    """What a kill may strike."""

    folder: Path
    url: str
    nodes: TwoNodes
    server: PostgresServer
    store: ReviewStore
    rng: random.Random
    command: subprocess.Popen[bytes] | None = None

    def go_on(self) -> None:
        """Begin a batch, or go on with the one that is not finished, unless a command runs."""
        if self.command is not None and self.command.poll() is None:
            return
        unfinished = [run for run in self.store.runs() if run.state is not RunState.FINISHED]
        more = ["--resume", str(unfinished[0].id)] if unfinished else []
        environment = {**os.environ, "RAY_ADDRESS": self.nodes.address}
        self.command = subprocess.Popen(
            [
                *(sys.executable, "-m", "leukapp", "batch", str(self.folder), "--store", self.url),
                *("--on", "ray", "--actors", "2", *more),
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )

    def last(self) -> BatchRun | None:
        """The batch that is judged, or was judged last."""
        runs = self.store.runs(limit=1)
        return runs[0] if runs else None

    def n_judged(self) -> int:
        """Images with an answer, in every batch."""
        return sum(run.done + run.unreadable for run in self.store.runs())

    def strike(self, kind: str) -> bool:
        """Kill one thing; False where there is none."""
        if kind == "actor":
            actors = self.nodes.actors()
            if not actors:
                return False
            self.rng.choice(actors).kill()
        elif kind == "node":
            self.nodes.kill_node(self.rng.randrange(2))
        elif kind == "command" and self.command is not None:
            self.command.kill()
            self.command.wait()
        elif kind == "database":
            self.server.kill()
            time.sleep(1)
            self.server.start()
        return True


def disturb(scene: Scene, n_kills: int, expected: list[dict[str, Any]], tally: Tally) -> None:
    """Kill one thing after another, each amid the images of a batch; then let the last one end."""
    compared: set[int] = set()
    deadline = time.monotonic() + LONGEST_SECONDS
    while sum(tally.kills.values()) < n_kills:
        if time.monotonic() > deadline:
            tally.failures.append("the kills took too long")
            return
        wanted = scene.n_judged() + scene.rng.randrange(1, 30)
        scene.go_on()
        while scene.n_judged() < wanted:
            if scene.command is not None and scene.command.poll() is not None:
                break
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        compare_finished(scene.store, expected, compared, tally)
        run = scene.last()
        kind = KINDS[sum(tally.kills.values()) % len(KINDS)]
        if run is not None and run.state is RunState.RUNNING and scene.strike(kind):
            tally.kills[kind] += 1
            print(f"{kind} killed, {run.done} of {run.total}", file=sys.stderr, flush=True)  # noqa: T201
    while (run := scene.last()) is not None and run.state is not RunState.FINISHED:
        scene.go_on()
        if scene.command is not None:
            scene.command.wait(LONGEST_SECONDS)
    compare_finished(scene.store, expected, compared, tally)


def compare_finished(
    store: ReviewStore, expected: list[dict[str, Any]], compared: set[int], tally: Tally
) -> None:
    """Compare each batch that ended since with the undisturbed one, and check the trail."""
    for run in store.runs():
        if run.state is not RunState.FINISHED or run.id in compared:
            continue
        compared.add(run.id)
        tally.batches_compared += 1
        found = table_of(store, run.id)
        tally.images_compared += len(found)
        tally.answers_lost += len(expected) - run.done - run.unreadable
        tally.rows_that_differ += sum(
            one != other for one, other in zip(found, expected, strict=True)
        )
        often = judged_in_trail(store, run.id)
        tally.answers_twice += sum(n - 1 for n in often.values())
        if len(often) != run.done:
            tally.failures.append(f"batch {run.id} has {run.done} answers, its trail {len(often)}")
        tally.failures += store.verify().faults


def run(n_kills: int, n_images: int, seed: int) -> dict[str, object]:
    """Start everything, judge once in peace, then disturb."""
    programs = find_postgres()
    if programs is None:
        return {"failures": ["PostgreSQL is not installed"]}
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, running_postgres(programs) as server:
        os.environ["XDG_DATA_HOME"] = f"{name}/data"
        folder = Path(name) / "images"
        draw_folder(folder, n_images)
        calm_url = f"sqlite:///{name}/calm.sqlite"
        command = [sys.executable, "-m", "leukapp", "batch", str(folder), "--store", calm_url]
        subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.DEVNULL)
        calm = ReviewStore.open(calm_url)
        expected = table_of(calm, calm.runs()[0].id)
        nodes = TwoNodes()
        scene = Scene(
            folder=folder,
            url=server.url,
            nodes=nodes,
            server=server,
            store=PatientStore.open(server.url),
            rng=random.Random(seed),  # noqa: S311
        )
        try:
            disturb(scene, n_kills, expected, tally)
        finally:
            if scene.command is not None and scene.command.poll() is None:
                scene.command.kill()
            nodes.end()
            scene.store.close()
    return {"images_in_a_batch": len(expected), **asdict(tally)}


class PatientStore(ReviewStore):
    """Asks again while the killed database starts."""

    def runs(self, **options: Any) -> tuple[BatchRun, ...]:
        """Batches, once the store answers."""
        for _ in range(60):
            try:
                return super().runs(**options)
            except StoreError:
                time.sleep(0.5)
        return super().runs(**options)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = run(options.kills, options.images, options.seed)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    faults = ("failures", "answers_lost", "answers_twice", "rows_that_differ")
    is_good = bool(report.get("batches_compared")) and not any(report.get(one) for one in faults)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
