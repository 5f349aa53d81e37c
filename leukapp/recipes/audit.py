"""``leukapp audit``: run audits and write their reports."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.audits.data_audit import audit_data
from leukapp.audits.explained_network import ExplainedNetwork
from leukapp.audits.explanation_audit import audit_explanations, choose_held_out
from leukapp.audits.no_call_audit import audit_no_calls
from leukapp.audits.not_smears import draw_not_smears
from leukapp.audits.report_files import write_audit
from leukapp.data.readers.detect import read_catalog
from leukapp.diagnosis import Diagnoser
from leukapp.errors import CatalogError

NOT_SMEARS_SEED: Final = 1
"""Another seed than the one that the quality check was improved on (0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What to audit; with ``data`` alone, the data set.

    Attributes:
        data: folder or table of samples, or None.
        out: folder of the reports.
        bundle: folder of the bundle.
        explanations: test the bundle's heatmaps on the data.
        not_smears: ask the bundle about pictures that are no smear.
        whole: also audit the data set beside the other two.
        limit: images of the heatmap audit.
    """

    data: Path | None
    out: Path
    bundle: Path
    explanations: bool
    not_smears: bool
    whole: bool
    limit: int


def run_audits(options: AuditOptions, *, report: Callable[[str], None]) -> tuple[Path, ...]:
    """Run what is asked for.

    Args:
        options: what to audit.
        report: takes lines of progress.

    Returns:
        Paths of the files written.

    Raises:
        CatalogError: the audit needs a data set and none is named.
    """
    wants_data = options.whole or not (options.explanations or options.not_smears)
    if options.data is None and (wants_data or options.explanations):
        raise CatalogError("This audit needs images; name their folder or table with --data.")
    if options.limit < 1:
        raise CatalogError("The heatmap audit needs at least one image; give --limit 1 or more.")
    written: list[Path] = []
    if wants_data and options.data is not None:
        written += write_data_audit(options.data, options.out, report=report)
    if options.not_smears or options.explanations:
        diagnoser = Diagnoser.open(options.bundle)
        if options.not_smears:
            written += write_no_call_audit(diagnoser, options.out, report=report)
        if options.explanations and options.data is not None:
            written += write_explanation_audit(
                diagnoser, options.data, options.out, limit=options.limit, report=report
            )
    return tuple(written)


def write_data_audit(data: Path, out: Path, *, report: Callable[[str], None]) -> tuple[Path, Path]:
    """Audit a data set into ``data.json`` and ``data.html``.

    Args:
        data: folder or table of samples.
        out: folder of the report.
        report: takes lines of progress.

    Returns:
        Paths of the JSON and of the HTML file.
    """
    audit = audit_data(read_catalog(data), report=_every_500(report))
    return write_audit(out, "data", audit)


def write_no_call_audit(
    diagnoser: Diagnoser, out: Path, *, report: Callable[[str], None]
) -> tuple[Path, Path]:
    """Ask a bundle about pictures that are no smear, into ``not_smears.json`` and ``.html``.

    Args:
        diagnoser: bundle and engine.
        out: folder of the report.
        report: takes lines of progress.

    Returns:
        Paths of the JSON and of the HTML file.
    """

    def count(done: int) -> None:
        if done % 100 == 0:
            report(f"{done} pictures that are no smear judged")

    return write_audit(
        out, "not_smears", audit_no_calls(diagnoser, draw_not_smears(NOT_SMEARS_SEED), count)
    )


def write_explanation_audit(
    diagnoser: Diagnoser, data: Path, out: Path, *, limit: int, report: Callable[[str], None]
) -> tuple[Path, Path]:
    """Test a bundle's heatmaps on held-out images, into ``explanations.json`` and ``.html``.

    Args:
        diagnoser: bundle and engine.
        data: folder or table of samples; groups that the bundle has seen are left out.
        out: folder of the report.
        limit: images in all, at most; about as many of every source.
        report: takes lines of progress.

    Returns:
        Paths of the JSON and of the HTML file.
    """
    training = diagnoser.bundle.training
    used_groups = (*training.train_groups, *training.validation_groups)
    samples = choose_held_out(read_catalog(data), used_groups, limit=limit)

    def count(done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            report(f"{done} of {total} images explained")

    network = ExplainedNetwork(bundle=diagnoser.bundle, engine=diagnoser.engine)
    return write_audit(out, "explanations", audit_explanations(network, samples, report=count))


def _every_500(report: Callable[[str], None]) -> Callable[[int, int], None]:
    def count(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            report(f"{done} of {total} images read")

    return count
