"""Processes that use one store at once: runners of one batch, one of them killed, and readers.

``python tests/reliability/two_processes.py --images 300 --out two.json``: each image must be judged
once and saved once, except what the killed runner had in hand; each decision that was acknowledged
must be there; no decision may be taken back twice; the audit trail must be whole.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from fake_diagnoser import make_diagnosis  # noqa: E402

from leukapp.batch.runner import run_batch  # noqa: E402
from leukapp.diagnosis import Diagnosis  # noqa: E402
from leukapp.errors import StoreError  # noqa: E402
from leukapp.review.records import DecisionKind, RunState  # noqa: E402
from leukapp.review.store import ReviewStore  # noqa: E402
from leukapp.review.uploads import BatchEntry  # noqa: E402

N_RUNNERS = 3
N_READERS = 4
LONGEST_SECONDS = 300
BUNDLE = "ab" * 32


@dataclass
class Tally:
    """What the processes left."""

    images: int = 0
    images_judged_twice: int = 0
    images_saved: int = 0
    decisions_acknowledged: int = 0
    undos_acknowledged: int = 0
    undos_refused: int = 0
    failures: list[str] = field(default_factory=list)


class SlowNetworks:
    """Answers by the bytes after a while, and prints what it was asked."""

    def diagnose(self, data: bytes) -> Diagnosis:
        print(data.decode(), flush=True)  # noqa: T201
        time.sleep(0.01)
        return make_diagnosis(data)


def read_batch(url: str, run_id: int) -> None:
    """One runner."""
    run_batch(
        store=ReviewStore.open(url),
        run_id=run_id,
        diagnoser=SlowNetworks(),
        open_entry=lambda item: item.source.encode(),
    )


def sign_and_undo(url: str, n: int) -> None:
    """One reader: decide on an image that all readers decide on, and take back what stands."""
    store = ReviewStore.open(url)
    for number in range(n):
        image = f"{number % 5:064x}"
        made = store.record_decision(
            image_sha256=image,
            image_name="image",
            bundle_sha256=BUNDLE,
            kind=DecisionKind.AGREE,
            label="ALL",
            reason="",
            initials="AB",
        )
        print("made", made.id, flush=True)  # noqa: T201
        standing = store.current_decision(image_sha256=image)
        if standing is None:
            continue
        try:
            undone = store.undo_decision(standing.id, initials="KM")
            print("undone", undone.takes_back, flush=True)  # noqa: T201
        except StoreError:
            print("refused", standing.id, flush=True)  # noqa: T201


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(n_images: int, n_decisions: int) -> Tally:
    """Start them all, kill one runner amid its images, and look at what is there."""
    tally = Tally(images=n_images)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = os.environ["LEUKAPP_BATCH_DIR"] = f"{folder}/data"
        url = f"sqlite:///{folder}/review.sqlite"
        store = ReviewStore.open(url)
        entries = [BatchEntry(name=f"{number}", source=f"{number}") for number in range(n_images)]
        batch = store.create_run("all", entries, BUNDLE)
        runners = [start("--read", url, "--batch", batch.id) for _ in range(N_RUNNERS)]
        readers = [start("--sign", url, "--decisions", n_decisions) for _ in range(N_READERS)]
        killed = runners[0]
        while store.run(batch.id).done < n_images // 4 and killed.poll() is None:
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
        asked: list[str] = []
        for runner in runners:
            out, err = runner.communicate(timeout=LONGEST_SECONDS)
            asked += out.split()
            if runner is not killed and runner.returncode:
                tally.failures.append(f"a runner failed: {err[-300:]}")
        told: list[tuple[str, int]] = []
        for reader in readers:
            out, err = reader.communicate(timeout=LONGEST_SECONDS)
            told += [(line.split()[0], int(line.split()[1])) for line in out.splitlines()]
            if reader.returncode:
                tally.failures.append(f"a reader failed: {err[-300:]}")
        _compare(store, batch.id, asked, told, tally)
        store.close()
    return tally


def _compare(
    store: ReviewStore,
    run_id: int,
    asked: list[str],
    told: list[tuple[str, int]],
    tally: Tally,
) -> None:
    ended = store.run(run_id)
    tally.images_saved = ended.done
    tally.images_judged_twice = sum(often - 1 for often in Counter(asked).values())
    if ended.state is not RunState.FINISHED or ended.done != tally.images:
        tally.failures.append(f"the batch is {ended.state} with {ended.done} images")
    if tally.images_judged_twice > 1:
        tally.failures.append(f"{tally.images_judged_twice} images were judged twice")
    lines = store.decisions()
    kept = {line.id for line in lines}
    of_kind = Counter(word for word, _ in told)
    tally.decisions_acknowledged = of_kind["made"]
    tally.undos_acknowledged, tally.undos_refused = of_kind["undone"], of_kind["refused"]
    missing = {number for word, number in told if word == "made"} - kept
    tally.failures += [f"decision {number} is not there" for number in sorted(missing)]
    taken_back = Counter(line.takes_back for line in lines if line.takes_back is not None)
    if any(often > 1 for often in taken_back.values()):
        tally.failures.append("a decision was taken back twice")
    if sum(taken_back.values()) != of_kind["undone"]:
        tally.failures.append("an undo is there that nobody was told of, or the other way round")
    tally.failures += store.verify().faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--sign", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--decisions", type=int, default=60)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.read:
        read_batch(options.read, options.batch)
        return 0
    if options.sign:
        sign_and_undo(options.sign, options.decisions)
        return 0
    tally = run(options.images, options.decisions)
    if options.out:
        options.out.write_text(json.dumps(asdict(tally), indent=1) + "\n", encoding="utf-8")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
