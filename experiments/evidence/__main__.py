"""All evidence of a bundle on this project's collection: ``python -m experiments.evidence``."""

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from experiments.evidence.goals import FOLDS, write_goals
from experiments.evidence.painted_over import judge_painted_over
from leukapp.data.readers.cell_marks import read_cell_marks
from leukapp.data.readers.detect import read_catalog
from leukapp.errors import LeukappError
from leukapp.inference.finder_engine import open_finder
from leukapp.model.bundle import Bundle, open_bundle
from leukapp.quoted_names import one_line
from leukapp.recipes.detection import detect_marked
from leukapp.recipes.evidence import FOLDER_NAME, gather_evidence
from leukapp.recipes.evidence_networks import EvidenceOptions
from leukapp.recipes.evidence_rows import MEANS, Evidence, EvidenceRow, format_estimate
from leukapp.resources import SHIPPED_COMPACT, find_bundle, training_dir

TRIALS: Final = Path(__file__).with_name("trials.csv")
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
MARKED_FIELDS: Final = "smears/bccd_fields"
"""Fields with boxes; every second one tuned the rules by which a bundle without a finder finds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather the evidence, hold it against its targets, and add a line to the trials.

    Args:
        arguments: words of the command line; those of the process if None.

    Returns:
        Exit status: 0 all went well, 2 the command could not run.
    """
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    work_dir = options.work_dir or training_dir()

    def report(line: str) -> None:
        print(one_line(line), file=sys.stderr, flush=True)

    try:
        evidence = gather_evidence(
            EvidenceOptions(
                data=options.data,
                bundle=options.bundle,
                work_dir=work_dir,
                folds=FOLDS,
                backbones=_by_laboratory(options.backbone),
                finders=_by_laboratory(options.finder),
            ),
            report=report,
        )
        bundle = open_bundle(options.bundle)
        samples = read_catalog(options.data).samples
        told = "\n".join(
            [
                write_goals(evidence),
                evidence.to_markdown(),
                judge_painted_over(bundle, samples, work_dir / "features", report),
                _detection(options.data, bundle),
            ]
        )
    except LeukappError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    (bundle.folder / FOLDER_NAME / "evidence.md").write_text(told, encoding="utf-8")
    if options.page:
        _fill_page(told)
    _write_trial(options.note, bundle, evidence, minutes=(time.monotonic() - started) / 60)
    print(told)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.evidence", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with samples.csv")
    parser.add_argument("--bundle", type=find_bundle, default=SHIPPED_COMPACT)
    parser.add_argument("--work-dir", type=Path, help="features and checkpoints (default: cache)")
    parser.add_argument(
        "--backbone",
        nargs="+",
        action="append",
        default=[],
        metavar=("FILE", "LAB"),
        help="weights of a cell backbone that saw none of these laboratories, for their rows; "
        "may be given several times",
    )
    parser.add_argument(
        "--finder",
        nargs="+",
        action="append",
        default=[],
        metavar=("FILE", "LAB"),
        help="weights of a finder's head that saw none of these laboratories, for their rows; may "
        "be given several times",
    )
    parser.add_argument("--note", default="", help="what changed, for the line of the trial")
    parser.add_argument("--page", action="store_true", help="put the figures into docs/evidence.md")
    return parser


def _by_laboratory(named: Sequence[Sequence[str]]) -> dict[str, Path]:
    """Files by the laboratories that they are for."""
    return {laboratory: Path(file) for file, *laboratories in named for laboratory in laboratories}


def _detection(data: Path, bundle: Bundle) -> str:
    marked = read_cell_marks(data / MARKED_FIELDS)
    if not marked:
        return ""
    finder = open_finder(bundle)
    if finder is not None:
        found = detect_marked(marked, finder).to_text()
        return f"- BCCD, fields that the finder learned from: {found}\n"
    return (
        f"- BCCD, fields tuned on: {detect_marked(marked[::2]).to_text()}\n"
        f"- BCCD, the other fields: {detect_marked(marked[1::2]).to_text()}\n"
    )


def _fill_page(figures: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}", encoding="utf-8")


def _write_trial(note: str, bundle: Bundle, evidence: Evidence, *, minutes: float) -> None:
    """One line: what was tried, the means over laboratories left out, and every row's figures."""
    line = {
        "date": datetime.now(UTC).date().isoformat(),
        "note": note,
        "bundle": bundle.sha256[:12],
        "preset": bundle.preset.name,
        "seed": evidence.seed,
        "minutes": f"{minutes:.1f}",
        **{
            f"mean_{measure}": format_estimate(evidence.mean_left_out(measure))
            for _, measure in MEANS
        },
        "rows": "; ".join(_short(row) for row in evidence.rows),
    }
    is_new = not TRIALS.exists()
    with TRIALS.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, tuple(line), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(line)


def _short(row: EvidenceRow) -> str:
    area = "-" if row.auroc is None else f"{row.auroc.value:.3f}"
    return (
        f"{row.name} ({row.kind}) AUROC {area} wrong {row.wrong.value:.3f} "
        f"called {row.coverage.value:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
