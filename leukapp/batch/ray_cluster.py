"""A batch on the nodes of a Ray cluster: stateful actors, each with its networks and its store.

The store hands the images out and keeps the answers, as among runners on one machine; Ray starts
the actors, sees which of them died and where there is room for others. So a killed actor, node or
command loses what it had in hand, which comes free again, and no answer is saved twice.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from leukapp import __version__
from leukapp.batch.runner import AWAY_SECONDS, run_batch
from leukapp.diagnosis import Diagnoser
from leukapp.errors import ClusterError, LeukappError, StoreAwayError, StoreError
from leukapp.inference.engine import EngineChoice
from leukapp.review.batch_images import BatchImages
from leukapp.review.database import sqlite_file
from leukapp.review.records import BatchRun, RunState
from leukapp.review.store import ReviewStore

ANSWERS_TOGETHER: Final = 16
"""Images that an actor claims, and answers that it saves, in one transaction."""
LOOK_SECONDS: Final = 1.0
DEATHS_AN_ACTOR: Final = 5
"""Actors may die so often, for each that was asked for, without an answer in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterBatch:
    """What an actor needs to know to judge a batch; the same on every node.

    Attributes:
        run_id: of the batch.
        store_url: of the review store, as the nodes reach it.
        bundle: folder of the bundle, on each node.
        bundle_sha256: that it must have.
        engine: which engine runs it.
        root: folder that the nodes share, or address, that the images lie under.
        software_version: of LeukApp, that each node must have.
    """

    run_id: int
    store_url: str
    bundle: Path
    bundle_sha256: str
    engine: EngineChoice
    root: str
    software_version: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """How much of which cluster.

    Attributes:
        address: ``ray://HOST:PORT``; None takes the one that RAY_ADDRESS names or that runs on this
            machine, else starts one here.
        n_actors: None takes one a node.
        gpus_per_actor: 0 or more; a part of 1 shares a device.
    """

    address: str | None = None
    n_actors: int | None = None
    gpus_per_actor: float = 0.0


class BatchActor:
    """Judges images of a batch in a process of its own, on whichever node Ray starts it."""

    def __init__(self, batch: ClusterBatch) -> None:
        self._batch = batch

    def judge(self) -> None:
        """Judge until no image waits, or the batch is stopped.

        Raises:
            LeukappError: this node lacks the bundle, the folder or the store.
        """
        batch = self._batch
        if batch.software_version != __version__:
            raise ClusterError(
                f"Node {socket.gethostname()} has LeukApp {__version__}, and the batch was begun "
                f"by {batch.software_version}: install one version everywhere."
            )
        diagnoser = Diagnoser.open(batch.bundle, engine=batch.engine)
        if diagnoser.bundle.sha256 != batch.bundle_sha256:
            raise ClusterError(
                f"Node {socket.gethostname()} has another bundle in {batch.bundle.name}: put the "
                "same one on every node."
            )
        store = ReviewStore.open(batch.store_url)
        images = BatchImages.of(store.run(batch.run_id), Path(batch.root), address=batch.root)
        try:
            run_batch(
                store=store,
                run_id=batch.run_id,
                diagnoser=diagnoser,
                open_entry=images.read,
                n_together=ANSWERS_TOGETHER,
            )
        finally:
            store.close()


def require_ray() -> None:
    """Refuse a cluster where Ray is not installed.

    Raises:
        ClusterError: it is not.
    """
    if find_spec("ray") is None:
        raise ClusterError("A cluster needs Ray: install it with pip install leukapp[cluster].")


def judge_on_cluster(
    store: ReviewStore,
    batch: ClusterBatch,
    options: ClusterOptions,
    *,
    on_progress: Callable[[BatchRun], None] = lambda _run: None,
) -> BatchRun:
    """Judge a batch on a cluster, and wait until it ended.

    Args:
        store: as this process reaches it.
        batch: what the actors judge.
        options: how many actors, and where.
        on_progress: told the batch every second.

    Returns:
        The batch as it stands at the end.

    Raises:
        ClusterError: the cluster does not answer, or actors die again and again.
        LeukappError: a node or the store cannot go on; what was judged is kept.
    """
    with _connected(options.address) as ray:
        _require_shared_store(ray, batch.store_url)
        n_actors = options.n_actors or _n_nodes(ray)
        actors = _Actors(ray, batch, n_actors, options.gpus_per_actor)
        try:
            while True:
                actors.look()
                run = _patiently(lambda: store.run(batch.run_id))
                on_progress(run)
                if run.state is not RunState.RUNNING or not actors.n_working:
                    return run
                actors.require_progress(run.done + run.unreadable)
        finally:
            actors.end()


class _Actors:
    """The actors of one batch, each replaced when it dies."""

    def __init__(self, ray: Any, batch: ClusterBatch, n: int, gpus_per_actor: float) -> None:
        self._ray = ray
        n_cores = int(ray.cluster_resources().get("CPU", 1))
        self._class = ray.remote(BatchActor).options(
            num_cpus=max(1, n_cores // n),
            num_gpus=gpus_per_actor,
            scheduling_strategy="SPREAD",
        )
        self._batch = ray.put(batch)
        self._n, self._n_deaths, self._n_judged, self._last = n, 0, -1, ""
        self._working: dict[Any, Any] = {}
        for _ in range(n):
            self._start()

    @property
    def n_working(self) -> int:
        """How many work, or wait for a node with room."""
        return len(self._working)

    def look(self) -> None:
        """Wait a moment, and replace those that died.

        Raises:
            LeukappError: what an actor says that cannot go on.
        """
        errors = self._ray.exceptions
        waiting = list(self._working)
        ended, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=LOOK_SECONDS)
        for judged in ended:
            self._working.pop(judged)
            try:
                self._ray.get(judged)
            except errors.RayTaskError as error:
                if isinstance(error.cause, LeukappError):
                    raise error.cause from None
                self._replace(error)
            except errors.RayError as error:
                self._replace(error)

    def require_progress(self, n_judged: int) -> None:
        """Refuse to go on where actors die and nothing is judged.

        Args:
            n_judged: images of the batch that have an answer.

        Raises:
            ClusterError: too many died since the last answer.
        """
        if n_judged != self._n_judged:
            self._n_judged, self._n_deaths = n_judged, 0
        elif self._n_deaths > DEATHS_AN_ACTOR * self._n:
            raise ClusterError(
                "The actors die again and again, and no image is judged in between: see that every "
                f"node has LeukApp, its bundle and enough memory. The last one said: {self._last}"
            )

    def end(self) -> None:
        """End those that still work or wait for room."""
        for actor in self._working.values():
            self._ray.kill(actor)

    def _start(self) -> None:
        actor = self._class.remote(self._batch)
        self._working[actor.judge.remote()] = actor

    def _replace(self, error: Exception) -> None:
        self._n_deaths += 1
        self._last = str(error).strip().rpartition("\n")[2]
        self._start()


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster."""
    # Nothing is told to anybody, and its messages are not this command's.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterError(
            "The cluster does not answer: check its address, that it runs, and that it has the "
            "Python and the Ray of this machine."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _n_nodes(ray: Any) -> int:
    nodes = [node for node in ray.nodes() if node["Alive"] and "CPU" in node["Resources"]]
    return max(1, len(nodes))


def _require_shared_store(ray: Any, url: str) -> None:
    """Refuse a SQLite file where there are other machines: each would write into one of its own."""
    machines = {node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
    if sqlite_file(url) is not None and machines != {socket.gethostname()}:
        raise StoreError(
            "A SQLite file serves one machine, and this cluster has others: name a PostgreSQL "
            "database with --store."
        )


def _patiently(call: Callable[[], BatchRun]) -> BatchRun:
    """Ask the store again while it does not answer, as each runner does."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return call()
        except StoreAwayError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)
