"""``python -m experiments.commissioning``: measure the table of docs/commissioning.md."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from experiments.commissioning.curves import PICTURE, draw_curves
from experiments.commissioning.draws import (
    N_DRAWS,
    SIZES,
    Draw,
    Result,
    by_image_where_one_person,
    draw_once,
)
from experiments.commissioning.page import RESULT, write_tables
from experiments.commissioning.parents import unseen_laboratories
from leukapp.commissioning.fitting import Promise
from leukapp.json_files import write_json
from leukapp.model.bundle import open_bundle
from leukapp.process_threads import one_blas_thread

LABORATORIES: Final = ("monza", "taleqani", "jhu", "lmu", "aiims")
PAGE: Final = Path(__file__).parents[2] / "docs" / "commissioning.md"


def main() -> None:
    """Measure, and write the result, the page's tables and its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--laboratories", nargs="+", default=list(LABORATORIES))
    parser.add_argument("--draws", type=int, default=N_DRAWS)
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    draws: list[Draw] = []
    for laboratory in unseen_laboratories(
        options.laboratories, bundle, options.data, options.work_dir, report
    ):
        known = replace(laboratory, images=by_image_where_one_person(laboratory.images))
        for size in SIZES:
            with one_blas_thread():
                draws += [draw_once(known, size, n, Promise()) for n in range(options.draws)]
            report(f"{laboratory.name}, {size} a class: {draws[-1]}")
        result = Result(bundle_sha256=bundle.sha256, draws=tuple(draws))
        write_json(RESULT, result)
        write_tables(PAGE, result)
        PICTURE.write_text(draw_curves(result), encoding="utf-8")


if __name__ == "__main__":
    main()
