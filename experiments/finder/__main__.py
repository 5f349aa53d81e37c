"""Train a finder without a laboratory and judge it there: ``python -m experiments.finder``."""

import argparse
import csv
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from experiments.finder.features import CANVASES_A_PART, MAX_OF_SOURCE, prepare_parts
from experiments.finder.find import Finder
from experiments.finder.judging import FoundShare, judge_finder
from experiments.finder.labelled import read_labelled_images
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

MIN_SCORES: Final = (0.2, 0.3, 0.4, 0.5)


def main() -> None:
    """Prepare, train and judge; each step is taken from the work folder where it is done."""
    parser = argparse.ArgumentParser(prog="python -m experiments.finder", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with samples.csv")
    parser.add_argument("--work", type=Path, required=True, help="keeps canvases and trainings")
    parser.add_argument("--without", default="", metavar="LAB", help="laboratory to leave out")
    parser.add_argument("--parts", type=int, default=24, help=f"of {CANVASES_A_PART} canvases")
    parser.add_argument("--rounds", type=int, default=30, help="of 100 steps")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    sources = _sources_of(options.data, options.without) if options.without else set()
    parts = prepare_parts(
        options.data, options.work, n_parts=options.parts, seed=options.seed, report=print
    )
    name = f"head-{options.without or 'all'}-{options.parts}-{options.rounds}-{options.seed}"
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
    finder = Finder(read_arrays(path))
    images = read_labelled_images(options.data, max_of_source=MAX_OF_SOURCE, seed=options.seed)
    for source in JUDGED:
        if sources and source not in sources:
            continue
        fields = [image for image in images if image.source == source]
        for min_score in MIN_SCORES:
            share = judge_finder(finder, fields, min_score=min_score)
            minutes = (time.monotonic() - started) / 60
            _write_trial(options, share, min_score=min_score, minutes=minutes)


def _sources_of(data: Path, laboratory: str) -> set[str]:
    with (data / "samples.csv").open(encoding="utf-8", newline="") as stream:
        sources = {row["source"] for row in csv.DictReader(stream) if row["lab"] == laboratory}
    if not sources:
        raise SystemExit(f"there is no laboratory {laboratory!r} in samples.csv; name one of it")
    return sources


def _write_trial(
    options: argparse.Namespace, share: FoundShare, *, min_score: float, minutes: float
) -> None:
    """Print a line, and add it to the committed table."""
    precision = "" if share.precision is None else f"{share.precision:.3f}"
    values = (
        datetime.now(UTC).date().isoformat(),
        options.without,
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
