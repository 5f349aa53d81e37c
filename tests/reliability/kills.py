"""Kills a batch and a signing reviewer with SIGKILL again and again, and compares what is left.

``python tests/reliability/kills.py --kills 50 --out kills.json``: each batch that was killed and
resumed until it ended must give the table of one that nobody disturbed; each decision that had been
acknowledged must be there after the kill; the audit trail must be whole.
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
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from PIL import Image  # noqa: E402
from sqlalchemy import text  # noqa: E402

from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell  # noqa: E402
from leukapp.review.records import BatchItem, DecisionKind, RunState  # noqa: E402
from leukapp.review.store import ReviewStore  # noqa: E402

KINDS: tuple[CellKind, ...] = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte")
LONGEST_RUN_SECONDS = 600


@dataclass
class Tally:
    """What the kills left."""

    kills: int = 0
    kills_amid_images: int = 0
    batches_compared: int = 0
    decisions_acknowledged: int = 0
    failures: list[str] = field(default_factory=list)


def draw_folder(folder: Path, n_images: int) -> None:
    """Distinct small images, and two files that are none."""
    folder.mkdir()
    for number in range(n_images):
        pixels = draw_synthetic_cell(KINDS[number % len(KINDS)], seed=number, size_px=160)
        Image.fromarray(pixels).save(folder / f"cell-{number:04d}.png")
    (folder / "broken.png").write_bytes(b"not an image")
    (folder / "empty.jpg").write_bytes(b"")


def start(folder: Path, url: str, *more: str) -> subprocess.Popen[bytes]:
    """Start ``leukapp batch`` as its own process."""
    command = [sys.executable, "-m", "leukapp", "batch", str(folder), "--store", url, *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sign_forever(url: str) -> None:
    """Save a decision again and again; each is printed once it is saved."""
    store = ReviewStore.open(url)
    while True:
        decision = store.record_decision(
            image_sha256=os.urandom(32).hex(),
            image_name="image",
            bundle_sha256="ab" * 32,
            kind=DecisionKind.AGREE,
            label="ALL",
            reason="",
            initials="AB",
        )
        print(decision.id, decision.image_sha256, flush=True)  # noqa: T201
        time.sleep(0.02)


def table_of(store: ReviewStore, run_id: int) -> list[dict[str, Any]]:
    """The answers of a batch without what tells one batch from another."""
    return [_without_ids(item) for item in store.items(run_id)]


def _without_ids(item: BatchItem) -> dict[str, Any]:
    fields = asdict(item)
    del fields["id"], fields["run_id"]
    return fields


def judged_in_trail(store: ReviewStore, run_id: int) -> Counter[int]:
    """How often each position of a batch was judged, by the audit trail."""
    with store._engine.connect() as connection:
        rows = connection.execute(
            text("SELECT detail FROM audit_trail WHERE event = 'diagnosis'")
        ).scalars()
        details = [json.loads(row) for row in rows]
    return Counter(one["position"] for one in details if one["run_id"] == run_id)


def kill_once(
    folder: Path, url: str, store: ReviewStore, rng: random.Random, tally: Tally, seconds: float
) -> None:
    """Go on with the batch that is not finished, or begin one, and kill it at a random moment."""
    unfinished = [run for run in store.runs() if run.state is not RunState.FINISHED]
    more = ["--resume", str(unfinished[0].id)] if unfinished else []
    batch = start(folder, url, *more)
    with tempfile.TemporaryFile() as acknowledged:
        signer = subprocess.Popen(
            [sys.executable, __file__, "--sign", url], stdout=acknowledged, cwd=ROOT
        )
        time.sleep(rng.uniform(0, seconds))
        is_amid = batch.poll() is None
        for process in (batch, signer):
            process.send_signal(signal.SIGKILL)
            process.wait()
        acknowledged.seek(0)
        # The kill may cut the last line; a whole line was saved before it was printed.
        lines = acknowledged.read().decode().split("\n")[:-1]
    runs = store.runs()[:1]
    if is_amid:
        tally.kills += 1
        judged = runs[0].done + runs[0].unreadable if runs else 0
        tally.kills_amid_images += bool(runs) and 0 < judged < runs[0].total
    kept = {decision.id: decision.image_sha256 for decision in store.decisions()}
    tally.decisions_acknowledged += len(lines)
    for line in lines:
        number, image = line.split()
        if kept.get(int(number)) != image:
            tally.failures.append(f"decision {number} was acknowledged and is not there")
    report = store.verify()
    tally.failures += report.faults


def compare_finished(
    store: ReviewStore, expected: list[dict[str, Any]], compared: set[int], tally: Tally
) -> None:
    """Compare each batch that ended since with the undisturbed one."""
    for run in store.runs():
        if run.state is not RunState.FINISHED or run.id in compared:
            continue
        compared.add(run.id)
        tally.batches_compared += 1
        if table_of(store, run.id) != expected:
            tally.failures.append(f"batch {run.id} differs from the undisturbed one")
        often = judged_in_trail(store, run.id)
        if len(often) != run.done or set(often.values()) != {1}:
            tally.failures.append(f"batch {run.id} was not judged once an image")


def run(n_kills: int, n_images: int, seed: int) -> dict[str, object]:
    """Kill until there were so many kills, then let the last batch end."""
    rng = random.Random(seed)  # noqa: S311
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        draw_folder(folder, n_images)
        # The first process may have to compile the networks; its time says nothing about others.
        start(folder, f"sqlite:///{name}/first.sqlite").wait(LONGEST_RUN_SECONDS)
        calm_url = f"sqlite:///{name}/calm.sqlite"
        started = time.monotonic()
        start(folder, calm_url).wait(LONGEST_RUN_SECONDS)
        calm_seconds = time.monotonic() - started
        calm = ReviewStore.open(calm_url)
        expected = table_of(calm, calm.runs()[0].id)
        url = f"sqlite:///{name}/killed.sqlite"
        store = ReviewStore.open(url)
        compared: set[int] = set()
        while tally.kills < n_kills:
            # Half of an undisturbed run: some kills strike before the first image, most amid them.
            kill_once(folder, url, store, rng, tally, 0.6 * calm_seconds)
            compare_finished(store, expected, compared, tally)
        unfinished = [run.id for run in store.runs() if run.state is not RunState.FINISHED]
        for run_id in unfinished:
            start(folder, url, "--resume", str(run_id)).wait(LONGEST_RUN_SECONDS)
        compare_finished(store, expected, compared, tally)
        n_rows = store.verify().n_rows
    return {
        "images_in_a_batch": len(expected),
        "undisturbed_seconds": round(calm_seconds, 2),
        "rows_of_the_trail": n_rows,
        **asdict(tally),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sign", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.sign:
        sign_forever(options.sign)
    report = run(options.kills, options.images, options.seed)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failures"] or not report["batches_compared"] else 0


if __name__ == "__main__":
    sys.exit(main())
