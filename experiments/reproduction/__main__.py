"""The paper's tables on any labelled images: ``python -m experiments.reproduction``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.reproduction.run import DEFAULT_TABLES, TABLES, ReproduceOptions, reproduce
from experiments.reproduction.tables import write_tables
from leukapp.errors import LeukappError
from leukapp.model.presets import PRESETS
from leukapp.quoted_names import one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the reproduction and print its tables.

    Args:
        arguments: words of the command line; those of the process if None.

    Returns:
        Exit status: 0 all went well, 2 the command could not run.
    """
    options = _parser().parse_args(arguments)
    try:
        result = reproduce(
            ReproduceOptions(
                data=options.data,
                out=options.out,
                preset=options.preset,
                tables=tuple(options.tables),
                sets=tuple(options.sets),
                seed=options.seed,
                work_dir=options.work_dir,
                backbone_weights=options.backbone_weights,
                stem_input=options.stem_input.replace("-", "_").replace(".", "_"),
                n_epochs=options.epochs,
                keep_bundles=options.keep_bundles,
            ),
            report=lambda line: print(one_line(line), file=sys.stderr, flush=True),
        )
    except LeukappError as error:
        print(f"reproduction: {error}", file=sys.stderr)
        return 2
    print(write_tables(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.reproduction",
        description="The paper's protocol and the grouped one, side by side.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or table of samples")
    parser.add_argument("--out", type=Path, required=True, help="folder of tables and predictions")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="compact", help="backbones")
    parser.add_argument(
        "--tables",
        type=int,
        nargs="+",
        choices=TABLES,
        default=DEFAULT_TABLES,
        metavar="N",
        help="tables of the paper to make again: 2 the eight base models, 3 parameters and time, "
        "4 the data sets, 5 class by class, 8 ablation (default: all but 2)",
    )
    parser.add_argument(
        "--sets", nargs="+", default=[], metavar="NAME", help="only these, named as in the tables"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work-dir", type=Path, help="features and checkpoints (default: cache)")
    parser.add_argument("--backbone-weights", type=Path, metavar="DIR", help="keras .h5 files")
    parser.add_argument(
        "--stem-input",
        choices=["as-trained", "tensorflow-2.9"],
        default="as-trained",
        help="EfficientNetB6 and B7: rescale the input as their weights were trained (default), or "
        "as TensorFlow 2.9 did, 2.1 times smaller",
    )
    parser.add_argument("--epochs", type=int, help="upper bound of epochs (default: 100)")
    parser.add_argument(
        "--keep-bundles",
        action="store_true",
        help="keep a bundle of each data set and protocol in OUT/bundles, for the app",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
