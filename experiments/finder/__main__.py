"""Train a finder without a laboratory and judge it there: ``python -m experiments.finder``."""

import argparse
import csv
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from experiments.finder.features import CANVASES_A_PART, MAX_OF_SOURCE, prepare_parts
from experiments.finder.judging import FoundShare, judge_finder
from experiments.finder.labelled import read_labelled_images
from experiments.finder.taps import open_trained_finder
from experiments.finder.training import train_head
from leukapp.model.weights_io import read_arrays, write_arrays

TRIALS: Final = Path(__file__).with_name("trials.csv")
COLUMNS: Final = (
    "date",
    "without",
    "canvases",
    "rounds",
    "seed",
    "minutes",
    "source",
    "images",
    "marked",
    "min_score",
    "recall",
    "precision",
)
JUDGED: Final = ("raabin", "bccd", "itu", "all_idb1")
"""Sources with boxes or points."""

MIN_SCORES: Final = (0.15, 0.25, 0.35, 0.5, 0.65)


def main() -> None:
    """Prepare, train and judge; each step is taken from the work folder where it is done."""
    parser = argparse.ArgumentParser(prog="python -m experiments.finder", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with samples.csv")
    parser.add_argument("--work", type=Path, required=True, help="keeps canvases and trainings")
    parser.add_argument("--without", nargs="*", default=(), metavar="LAB", help="left out")
    parser.add_argument("--parts", type=int, default=24, help=f"of {CANVASES_A_PART} canvases")
    parser.add_argument("--rounds", type=int, default=30, help="of 100 steps")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    sources = _sources_of(options.data, options.without)
    without = "+".join(options.without)
    parts = prepare_parts(
        options.data, options.work, n_parts=options.parts, seed=options.seed, report=print
    )
    name = f"head-{without or 'all'}-{options.parts}-{options.rounds}-{options.seed}"
    path = options.work / f"{name}.npz"
    if not path.exists():
        head = train_head(
            parts,
            without=sources,
            n_rounds=options.rounds,
            seed=options.seed,
            work=options.work / name,
            report=print,
        )
        write_arrays(path, head)
    finder = open_trained_finder(read_arrays(path))
    images = read_labelled_images(options.data, max_of_source=MAX_OF_SOURCE, seed=options.seed)
    for source in JUDGED:
        if sources and source not in sources:
            continue
        fields = [image for image in images if image.source == source]
        shares = judge_finder(finder, fields, min_scores=MIN_SCORES)
        for share, min_score in zip(shares, MIN_SCORES, strict=True):
            minutes = (time.monotonic() - started) / 60
            _write_trial(options, share, min_score=min_score, minutes=minutes)


def _sources_of(data: Path, laboratories: Sequence[str]) -> set[str]:
    with (data / "samples.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    unknown = set(laboratories) - {row["lab"] for row in rows}
    if unknown:
        raise SystemExit(f"there is no laboratory {min(unknown)!r} in samples.csv; name one of it")
    return {row["source"] for row in rows if row["lab"] in laboratories}


def _write_trial(
    options: argparse.Namespace, share: FoundShare, *, min_score: float, minutes: float
) -> None:
    """Print a line, and add it to the committed table."""
    precision = "" if share.precision is None else f"{share.precision:.3f}"
    values = (
        datetime.now(UTC).date().isoformat(),
        "+".join(options.without),
        options.parts * CANVASES_A_PART,
        options.rounds,
        options.seed,
        f"{minutes:.1f}",
        share.source,
        share.n_images,
        share.n_marked,
        min_score,
        f"{share.recall:.3f}",
        precision,
    )
    print(dict(zip(COLUMNS, values, strict=True)))
    is_new = not TRIALS.exists()
    with TRIALS.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(values)


if __name__ == "__main__":
    main()
