"""Train a cell backbone, with or without some laboratories: ``python -m experiments.backbones``."""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from experiments.backbones.cell_types import CELL_TYPES
from experiments.backbones.gathering import gather_cells
from experiments.backbones.training import DEFAULT_STAGES, train_cell_backbone
from experiments.finder.taps import open_trained_finder
from leukapp.errors import LeukappError
from leukapp.json_files import write_json
from leukapp.model.presets import get_preset
from leukapp.model.weights_io import read_arrays, write_arrays
from leukapp.quoted_names import one_line
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.preparation import TrainOptions, split_samples

TABLE: Final = "samples.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather the cells, train, and write the weights with what they saw beside them.

    Args:
        arguments: words of the command line; those of the process if None.

    Returns:
        Exit status: 0 all went well, 2 the command could not run.
    """
    options = _parser().parse_args(arguments)

    def report(line: str) -> None:
        print(one_line(line), file=sys.stderr, flush=True)

    try:
        _train(options, report)
    except LeukappError as error:
        print(f"backbones: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.backbones", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {TABLE}")
    parser.add_argument("--work", type=Path, required=True, help="keeps checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="file of the weights (.npz)")
    parser.add_argument("--finder", type=Path, required=True, help="weights of the finder's head")
    parser.add_argument("--without", nargs="*", default=(), metavar="LAB", help="left out")
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to go on from")
    parser.add_argument(
        "--epochs",
        type=int,
        default=DEFAULT_STAGES[0].n_epochs,
        help=f"at {DEFAULT_STAGES[0].size_px} px; one more follows at {DEFAULT_STAGES[1].size_px}",
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _train(options: argparse.Namespace, report: Callable[[str], None]) -> None:
    started = time.monotonic()
    catalog = read_checked_catalog(options.data / TABLE, report=report).catalog
    # The split of a bundle that is trained with the same seed: what judges it is held out here.
    asked = TrainOptions(
        preset="compact", data=options.data / TABLE, out=options.out, seed=options.seed
    )
    samples, split = split_samples(catalog, asked)
    held_out = [
        *(samples[i] for i in (*split.validation, *split.test)),
        *(sample for sample in catalog.samples if sample.role == "external"),
        *catalog.others,
    ]
    cells = gather_cells(
        options.data,
        [samples[i] for i in split.train],
        held_out,
        without=options.without,
        finder=open_trained_finder(read_arrays(options.finder)),
        report=report,
    )
    enhancement = get_preset("compact").enhancement
    stages = (replace(DEFAULT_STAGES[0], n_epochs=options.epochs), *DEFAULT_STAGES[1:])
    start = None if options.start is None else options.start.read_bytes()
    settings = {
        "start": None if start is None else hashlib.sha256(start).hexdigest(),
        "without": sorted(options.without),
        "seed": options.seed,
        "types": CELL_TYPES,
        "stages": [asdict(stage) for stage in stages],
        "enhancement": asdict(enhancement),
        "cells": dict(sorted(Counter(cells.laboratories).items())),
    }
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    arrays = train_cell_backbone(
        cells,
        enhancement=enhancement,
        seed=options.seed,
        work_dir=options.work / key,
        stages=stages,
        start=None if start is None else read_arrays(options.start),
        report=report,
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(options.out, arrays)
    minutes = round((time.monotonic() - started) / 60, 1)
    write_json(options.out.with_suffix(".json"), {**settings, "minutes": minutes})
    report(f"cell backbone: {options.out}, {minutes} minutes")


if __name__ == "__main__":
    sys.exit(main())
