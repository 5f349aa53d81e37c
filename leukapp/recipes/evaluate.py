"""``leukapp evaluate``: judge a bundle on any labelled images."""

from pathlib import Path

from leukapp.data.readers.detect import read_catalog
from leukapp.diagnosis import Diagnoser
from leukapp.errors import CatalogError
from leukapp.evaluation.held_out import write_held_out
from leukapp.evaluation.report import build_report, report_to_markdown
from leukapp.inference.engine import EngineChoice
from leukapp.recipes.detection import report_marked_folders
from leukapp.recipes.judge import judge_samples


def evaluate_bundle(bundle: Path, data: Path, out: Path, *, engine: EngineChoice = "auto") -> str:
    """Judge a bundle on a data set, leaving out every group that it was trained on.

    Args:
        bundle: folder of the bundle.
        data: folder or table of samples.
        out: made if missing; gets ``held_out.csv`` and ``report.json``, and ``detection.json``
            where leukocytes are marked (``boxes.csv``, or ``.xyc`` files of ALL-IDB1).
        engine: which engine runs it.

    Returns:
        The report as a Markdown table.

    Raises:
        CatalogError: the data cannot be read, or nothing in it was held out.
        BundleError: the bundle cannot be opened.
    """
    diagnoser = Diagnoser.open(bundle, engine=engine)
    training = diagnoser.bundle.training
    seen = {*training.train_groups, *training.validation_groups}
    catalog = read_catalog(data)
    samples = [sample for sample in catalog.samples if sample.group not in seen]
    if not samples:
        raise CatalogError(
            "the bundle was trained on every group of this data; evaluate it on other images"
        )
    held_out = judge_samples(diagnoser, samples, protocol="external")
    out.mkdir(parents=True, exist_ok=True)
    write_held_out(held_out, out / "held_out.csv")
    report = build_report((held_out,), diagnoser.bundle.name, None)
    (out / "report.json").write_text(report.to_json(), encoding="utf-8")
    left_out = len(catalog.samples) - len(samples)
    note = f"\n{left_out} images of groups that the bundle was trained on were left out.\n"
    detection = report_marked_folders((sample.path for sample in catalog.samples), out)
    lines = "".join(f"\n{name}: {found.to_text()}\n" for name, found in detection.items())
    return report_to_markdown(report) + (note if left_out else "") + lines
