"""Print how often the quality gate refuses real smears, per source, as JSON.

Usage: python scripts/measure_quality.py DATA_FOLDER [--limit 100]

Every folder directly under DATA_FOLDER is one source.
"""

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from leukapp.errors import ImageError
from leukapp.imaging.image_io import read_image
from leukapp.imaging.quality import QualityReport, assess_quality

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}
MEASURES = ("focus", "brightness", "contrast", "saturated_fraction", "stained_fraction")


def measure_source(paths: list[Path]) -> dict[str, object]:
    """Judge the images of one source."""
    reports: list[QualityReport] = []
    n_unreadable = 0
    for path in paths:
        try:
            reports.append(assess_quality(read_image(path)))
        except ImageError:
            n_unreadable += 1
    kinds = Counter(found.kind for report in reports for found in report.findings)
    n_blocked = sum(report.blocking is not None for report in reports)
    quantiles = {
        name: np.quantile([getattr(report, name) for report in reports], (0, 0.05, 0.5, 0.95, 1))
        for name in MEASURES
        if reports
    }
    return {
        "n_images": len(reports),
        "n_unreadable": n_unreadable,
        "n_blocked": n_blocked,
        "blocked_fraction": n_blocked / len(reports) if reports else None,
        "findings": dict(kinds),
        "quantiles_0_5_50_95_100": {
            name: [round(float(value), 4) for value in values] for name, values in quantiles.items()
        },
    }


def main() -> int:
    """Read the command line and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_folder", type=Path)
    parser.add_argument("--limit", type=int, help="at most this many images of each source")
    arguments = parser.parse_args()
    rates = {}
    for folder in sorted(path for path in arguments.data_folder.iterdir() if path.is_dir()):
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if arguments.limit is not None and len(paths) > arguments.limit:
            paths = random.Random(0).sample(paths, arguments.limit)  # noqa: S311
        if paths:
            rates[folder.name] = measure_source(paths)
    print(json.dumps(rates, indent=2))
    return 0 if rates else 1


if __name__ == "__main__":
    sys.exit(main())
