"""Speed and memory of a diagnosis, two ways in one run, as JSON.

python benchmarks/run.py --json                     the shipped bundle, 12 minutes on two cores
python benchmarks/run.py --json --preset paper      EfficientNetB7 with random weights
python benchmarks/run.py --json --out benchmarks/results/compact.json
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).resolve().parent)]

from diagnosis import measure_diagnosis  # noqa: E402
from field import measure_field  # noqa: E402
from folder import measure_folder  # noqa: E402
from folder_memory import measure_folder_memory  # noqa: E402
from machine import describe_machine  # noqa: E402
from other_work import OtherWork  # noqa: E402
from processes import measure_processes  # noqa: E402
from scaling import measure_scaling  # noqa: E402
from subjects import bundle_folder  # noqa: E402

COUNTS = {"compact": (1000, 2000, 4000, 8000)}
PAPER_COUNTS = (100, 200, 400, 800)
FOLDER_IMAGES = {"compact": 1000}
PAPER_FOLDER_IMAGES = 250


def main() -> int:
    """Measure every part and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="compact")
    parser.add_argument("--json", action="store_true", help="print JSON (the only form there is)")
    parser.add_argument("--out", type=Path, help="also write it there")
    parser.add_argument("--only", help="measure this part alone, and replace it in --out")
    options = parser.parse_args()
    started = time.perf_counter()
    folder = bundle_folder(options.preset)
    n_images = FOLDER_IMAGES.get(options.preset, PAPER_FOLDER_IMAGES)
    parts = {
        # First, while this process has not imported TensorFlow yet.
        "folder": lambda: measure_folder(folder, n_images=n_images),
        "scaling": lambda: measure_scaling(folder, COUNTS.get(options.preset, PAPER_COUNTS)),
        "field": lambda: measure_field(folder),
        "folder_memory": lambda: measure_folder_memory(folder),
        "processes": lambda: measure_processes(folder),
        "diagnosis": lambda: measure_diagnosis(folder),
    }
    report: dict[str, object] = {"preset": options.preset, "machine": asdict(describe_machine())}
    if options.only:
        parts = {options.only: parts[options.only]}
        if options.out and options.out.is_file():
            report = json.loads(options.out.read_text(encoding="utf-8"))
    other_cores: dict[str, float] = dict(report.get("cores_busy_with_other_work", {}))  # type: ignore[call-overload]
    for name, measure in parts.items():
        other_work = OtherWork()
        report[name] = asdict(measure())
        other_cores[name] = other_work.mean_cores()
        print(f"{name}: done", file=sys.stderr, flush=True)
    # Close to 0 on a quiet machine; seconds and rates mean little where it is not.
    report["cores_busy_with_other_work"] = other_cores
    if not options.only:
        report["seconds"] = round(time.perf_counter() - started)
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
