"""Kills ``leukapp restore`` before each of its steps, and at random moments.

``python tests/reliability/restores.py --random 20 --out restores.json``: after each kill the store
must be the old one or the new one, whole.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from restore_kills import decisions_in, kill_at_every_step, prepare, url_of  # noqa: E402

OLD, NEW = (5, ()), (3, ())


def kill_at_random(folder: Path, n_kills: int, seed: int) -> Counter[str]:
    """Kill the command's own process at moments spread over the time that a whole one takes."""
    if not n_kills:
        return Counter()
    rng = random.Random(seed)  # noqa: S311
    base = folder / "random"
    base.mkdir()
    copy = prepare(base)

    def restore(place: Path, seconds: float | None) -> None:
        command = [sys.executable, "-m", "leukapp", "restore", str(copy), "--store", url_of(place)]
        process = subprocess.Popen(
            command, cwd=TESTS.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if seconds is not None:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        process.wait()

    started = time.monotonic()
    whole = folder / "whole"
    shutil.copytree(base, whole)
    restore(whole, None)
    takes = time.monotonic() - started
    found: Counter[str] = Counter()
    for number in range(n_kills):
        place = folder / f"random-{number}"
        shutil.copytree(base, place)
        restore(place, rng.uniform(0.3, 1.0) * takes)
        found[_name(decisions_in(place))] += 1
        shutil.rmtree(place)
    return found


def _name(left: tuple[int, tuple[str, ...]]) -> str:
    return {OLD: "old", NEW: "new"}.get(left, f"broken: {left}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=10)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = os.environ["LEUKAPP_BATCH_DIR"] = f"{name}/data"
        folder = Path(name)
        left = kill_at_every_step(folder)
        steps = Counter(_name(one) for one in left[:-1])
        at_random = kill_at_random(folder, options.random, options.seed)
    failures = [state for state in {*steps, *at_random} if state not in {"old", "new"}]
    # Once it is the new store it stays the new one.
    if left != sorted(left, reverse=True) or left[-1] != NEW:
        failures.append(f"an old store after a new one: {left}")
    report = {
        "killed_before_a_step": sum(steps.values()),
        "old_store_then": steps["old"],
        "new_store_then": steps["new"],
        "killed_at_random": sum(at_random.values()),
        "old_store_after": at_random["old"],
        "new_store_after": at_random["new"],
        "failures": failures,
    }
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
