"""Two commits on the same images, in turns in one run: answers compared, times as a ratio.

python benchmarks/compare_commits.py OLD NEW                  e.g. main~3 HEAD; three minutes
python benchmarks/compare_commits.py OLD NEW --out benchmarks/results/compared_commits.json

Each commit runs in a process of its own, and only one of them works at a time. What counts is the
processor time, which other work on the machine moves far less than the clock's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Self

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from commit_worker import Measured  # noqa: E402
from machine import describe_machine  # noqa: E402
from subjects import REPOSITORY, bundle_folder, cell_png, field_png  # noqa: E402

GIT = shutil.which("git") or "git"
WORKER = Path(__file__).with_name("commit_worker.py")
ROUNDS = {"cell": 20, "folder": 4, "field": 5, "find with the learned finder": 7}
N_CELLS = 16


class Worker:
    """A process that answers with one commit's program."""

    def __init__(self, checkout: Path, images: Path, bundle: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(images), str(bundle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait()

    def measure(self, subject: str) -> Measured:
        """Let it answer for one subject once."""
        asked = self._pipe(self._process.stdin)
        print(subject, file=asked, flush=True)
        return Measured(**json.loads(self._pipe(self._process.stdout).readline()))

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise RuntimeError("the worker was started without pipes")
        return pipe


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--preset", default="compact")
    parser.add_argument("--out", type=Path, help="also write the JSON there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        images = Path(name) / "images"
        _write_images(images)
        bundle = bundle_folder(options.preset)
        with (
            _checked_out(options.old, Path(name) / "old") as old,
            _checked_out(options.new, Path(name) / "new") as new,
            Worker(old, images, bundle) as old_worker,
            Worker(new, images, bundle) as new_worker,
        ):
            compared = {
                subject: _compare(old_worker, new_worker, subject, n_rounds)
                for subject, n_rounds in ROUNDS.items()
            }
    report = {
        "old": _hash(options.old),
        "new": _hash(options.new),
        "preset": options.preset,
        "machine": asdict(describe_machine()),
        **compared,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


def _compare(old: Worker, new: Worker, subject: str, n_rounds: int) -> dict[str, object]:
    """Medians of the processor time an image, their ratio, and whether the answers are equal."""
    old.measure(subject), new.measure(subject)
    pairs = [(old.measure(subject), new.measure(subject)) for _ in range(n_rounds)]
    ratios = sorted(before.cpu_ms / after.cpu_ms for before, after in pairs)
    return {
        "old_cpu_ms": round(statistics.median(before.cpu_ms for before, _ in pairs), 2),
        "new_cpu_ms": round(statistics.median(after.cpu_ms for _, after in pairs), 2),
        "times_less": round(statistics.median(ratios), 3),
        "times_less_middle_half": [
            round(ratios[len(ratios) // 4], 3),
            round(ratios[-1 - len(ratios) // 4], 3),
        ],
        "old_network_cpu_ms": _median_network([before for before, _ in pairs]),
        "new_network_cpu_ms": _median_network([after for _, after in pairs]),
        "answers_are_equal": all(before.answers == after.answers for before, after in pairs),
    }


def _median_network(measured: list[Measured]) -> float | None:
    times = [one.network_cpu_ms for one in measured if one.network_cpu_ms is not None]
    return round(statistics.median(times), 2) if times else None


def _write_images(folder: Path) -> None:
    (folder / "cells").mkdir(parents=True)
    for number in range(N_CELLS):
        (folder / "cells" / f"{number:03}.png").write_bytes(cell_png(number))
    (folder / "field.png").write_bytes(field_png())


@contextmanager
def _checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A work tree of a commit, removed at the end; ``.`` is the work tree as it is."""
    if commit == ".":
        yield REPOSITORY
        return
    git = [GIT, "-C", str(REPOSITORY), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def _hash(commit: str) -> str:
    if commit == ".":
        return "the work tree"
    done = subprocess.run(
        [GIT, "-C", str(REPOSITORY), "rev-parse", "--short=10", commit],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
