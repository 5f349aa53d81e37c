"""The figures of docs/reliability.md, as one JSON file: bad input, fuzzing, kills, load and so on.

``python tests/reliability/run.py --quick`` is the short run, ``--full`` the reported one.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from corpus.readers_under_test import READERS  # noqa: E402

FUZZ = HERE.parent / "fuzz" / "fuzz_readers.py"
SECTIONS = ("bad_input", "fuzz", "two_processes", "restores", "kills", "load", "large_images")
# Ray is no requirement of the other tests, so this one runs where it is asked for.
ON_DEMAND = ("cluster",)


def run_part(program: str, *options: str) -> dict[str, object]:
    """Run a program beside this one that writes JSON to ``--out``."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "part.json"
        command = [sys.executable, str(HERE / program), *options, f"--out={out}"]
        done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        if not out.is_file():
            return {"exit_status": done.returncode, "stderr": done.stderr[-2000:]}
        return {"exit_status": done.returncode, **json.loads(out.read_text(encoding="utf-8"))}


def run_fuzz(seconds: int) -> dict[str, object]:
    """Fuzz each reader for some seconds; one that fails is named with its last lines."""
    parts: dict[str, object] = {}
    worst = 0
    for reader in READERS:
        with TemporaryDirectory() as folder:
            command = [sys.executable, str(FUZZ), reader, str(seconds), f"{folder}/found"]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, errors="replace"
            )
        figures = {
            name.removeprefix("stat::"): int(value)
            for name, _, value in (line.partition(": ") for line in done.stderr.splitlines())
            if name.startswith("stat::")
        }
        parts[reader] = figures if done.returncode == 0 else {"failure": done.stderr[-1500:]}
        worst = max(worst, done.returncode)
    return {"exit_status": worst, "seconds_each": seconds, "readers": parts}


def run_section(section: str, *, is_full: bool) -> dict[str, object]:
    """Run one section."""
    if section == "bad_input":
        images, others = (12_000, 1_500) if is_full else (2_000, 300)
        return run_part("bad_input.py", f"--images={images}", f"--others={others}")
    if section == "fuzz":
        return run_fuzz(120 if is_full else 5)
    if section == "two_processes":
        return run_part("two_processes.py", f"--images={2000 if is_full else 300}")
    if section == "restores":
        return run_part("restores.py", f"--random={100 if is_full else 10}")
    if section == "large_images":
        seconds = 240 if is_full else 60
        return run_part("load.py", "--sessions=4", "--large=4", f"--seconds={seconds}")
    if section == "cluster":
        return run_part("cluster.py", f"--kills={20 if is_full else 4}")
    if section == "load":
        return run_part("load.py", f"--seconds={600 if is_full else 60}")
    if not (HERE / "kills.py").is_file():
        return {"exit_status": 1, "missing": "kills.py is not there"}
    return run_part("kills.py", f"--kills={50 if is_full else 5}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--quick", action="store_true")
    length.add_argument("--full", action="store_true")
    parser.add_argument(
        "--sections", nargs="+", choices=SECTIONS + ON_DEMAND, default=list(SECTIONS)
    )
    parser.add_argument("--out", type=Path, default=Path("reliability.json"))
    options = parser.parse_args()
    report: dict[str, object] = {"run": "full" if options.full else "quick"}
    worst = 0
    for section in options.sections:
        started = time.monotonic()
        part = run_section(section, is_full=options.full)
        report[section] = {**part, "wall_seconds": round(time.monotonic() - started, 1)}
        worst = max(worst, abs(int(str(part["exit_status"]))))
        # Written after each section, so that a run cut short leaves what it had.
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"{section}: {'failed' if part['exit_status'] else 'passed'}", flush=True)  # noqa: T201
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
