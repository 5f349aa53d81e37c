"""Feeds bad input to every reader in this process and writes what became of it as JSON.

Run as a process of its own, so that its peak of memory is the readers' and nobody else's:
``python tests/reliability/bad_input.py --images 400 --others 100 --out bad_input.json``
"""

import argparse
import hashlib
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from corpus.bad_images import BadFile, mutate, mutated_files, named_files  # noqa: E402
from corpus.readers_under_test import READERS, fate_of, good_inputs, prepare_folder  # noqa: E402


def peak_mb() -> float:
    """The highest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def damaged_inputs(n_images: int, n_others: int, seed: int) -> list[tuple[str, BadFile]]:
    """Which reader gets which bytes; all distinct."""
    inputs = [("decoder", file) for file in named_files()]
    inputs += [("decoder", file) for file in mutated_files(n_images, seed=seed)]
    inputs += [("finder", file) for file in mutated_files(n_others, seed=seed + 1)]
    chooser = random.Random(seed)  # noqa: S311
    for reader in READERS:
        if reader not in {"decoder", "finder"}:
            inputs += [
                (
                    reader,
                    BadFile(
                        name=f"{reader}_{number}",
                        file_name=reader,
                        data=mutate(chooser.choice(good_inputs(reader)), chooser),
                        fate="either",
                    ),
                )
                for number in range(n_others)
            ]
    return inputs


def run(n_images: int, n_others: int, seed: int = 20) -> dict[str, object]:
    """Feed everything; a failure is an exception other than the plain one, or a wrong fate."""
    inputs = damaged_inputs(n_images, n_others, seed)
    fates: Counter[str] = Counter()
    failures: list[str] = []
    seen: set[tuple[str, str]] = set()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_folder(folder)
        for reader in READERS:
            fate_of(reader, good_inputs(reader)[0], folder)
        before = peak_mb()
        for reader, file in inputs:
            seen.add((reader, hashlib.sha256(file.data).hexdigest()))
            started = time.perf_counter()
            try:
                fate = "decodes" if fate_of(reader, file.data, folder) is None else "refused"
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                failures.append(f"{reader} {file.name}: {traceback.format_exc()[-600:]}")
                continue
            slowest = max(slowest, time.perf_counter() - started)
            fates[f"{reader} {fate}"] += 1
            if file.fate not in {"either", fate}:
                failures.append(f"{reader} {file.name}: {fate}, expected {file.fate}")
        growth = peak_mb() - before
        written = {path.name for path in folder.rglob("*") if path.is_file()}
    return {
        "inputs": len(inputs),
        "distinct_inputs": len(seen),
        "fates": dict(sorted(fates.items())),
        "failures": failures,
        "peak_growth_mb": round(growth, 1),
        "slowest_seconds": round(slowest, 3),
        "files_in_folder": sorted(written),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--others", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    report = run(options.images, options.others, options.seed)
    options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
