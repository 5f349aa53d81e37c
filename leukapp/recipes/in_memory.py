"""Read labelled images and judge a bundle on them without writing a file, for scripts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from leukapp.data.catalog import Catalog
from leukapp.data.readers.detect import read_catalog
from leukapp.diagnosis import Diagnoser
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.report import EvaluationReport, build_report, report_to_markdown
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.judge import judge_samples
from leukapp.recipes.unseen import choose_unseen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """How a bundle answered on labelled images.

    Attributes:
        report: figures of every source, each with its 95 % interval over groups.
        held_out: what the network said of each image; no pixels.
        n_trained_on: images left out because the bundle was trained on them or on their groups.
    """

    report: EvaluationReport
    held_out: HeldOutSet
    n_trained_on: int

    def to_markdown(self) -> str:
        """The report as a Markdown table."""
        return report_to_markdown(self.report)


def read_samples(
    data: str | Path, *, check: bool = True, report: Callable[[str], None] = lambda _line: None
) -> Catalog:
    """Read a folder or table of labelled images.

    Args:
        data: a folder with ``ALL/``, ``AML/`` and ``Healthy/``, a CSV or parquet table, or a folder
            laid out as ALL-IDB1, ALL-IDB2 or ASH.
        check: decode every image and leave out those that are damaged, without a known label or
            labelled in two ways; ``findings`` names them. False only lists the files.
        report: takes a line for each finding.

    Returns:
        The samples, in a fixed order.

    Raises:
        CatalogError: the data cannot be read, or no image of it can be used.
    """
    if not check:
        return read_catalog(Path(data))
    checked = read_checked_catalog(Path(data), report=report)
    return replace(checked.catalog, findings=checked.findings)


def evaluate(
    bundle: str | Path | Diagnoser,
    samples: Catalog,
    *,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Judge a bundle on labelled images that it was not trained on, by group and by content.

    Args:
        bundle: its name or path, or a diagnoser that is open already.
        samples: as :func:`read_samples` gives them.
        report: takes images done and images in all.

    Returns:
        The figures of each source, never pooled.

    Raises:
        BundleError: the bundle cannot be opened.
        CatalogError: nothing was held out, or an image cannot be judged.
    """
    diagnoser = bundle if isinstance(bundle, Diagnoser) else Diagnoser.from_bundle(bundle)
    kept = choose_unseen(diagnoser.bundle, samples).samples
    held_out = judge_samples(diagnoser, kept, protocol="external", report=report)
    return Evaluation(
        report=build_report((held_out,), diagnoser.bundle.name, None),
        held_out=held_out,
        n_trained_on=len(samples) - len(kept),
    )
