"""Read a data set and say what is wrong with it before anything is learned or judged."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, CatalogFinding, FindingKind, validate_catalog
from leukapp.data.readers.detect import read_catalog
from leukapp.errors import CatalogError
from leukapp.json_files import write_json

LEFT_OUT: Final[tuple[FindingKind, ...]] = (
    "unreadable_file",
    "unknown_label",
    "duplicate_across_labels",
)
"""Images with these findings have no pixels or no certain label, so they are not used."""

N_PRINTED: Final = 20
FINDINGS_FILE: Final = "data_findings.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCatalog:
    """A catalogue without the images that cannot be used, and what was found.

    Attributes:
        catalog: the images that are left.
        findings: everything that was found, also what does not keep an image out.
        n_left_out: images left out by the check.
    """

    catalog: Catalog
    findings: tuple[CatalogFinding, ...]
    n_left_out: int


def read_checked_catalog(
    data: Path, *, report: Callable[[str], None] = lambda _line: None
) -> CheckedCatalog:
    """Read a data set of any layout, decode every image once, and name what is wrong.

    Args:
        data: folder or table of samples.
        report: takes a line for each finding, and a count of those beyond the first twenty.

    Returns:
        The usable images and all findings.

    Raises:
        CatalogError: the data cannot be read, or no image of it can be used.
    """
    catalog = read_catalog(data)
    findings = validate_catalog(catalog, compare_pixels=True).findings
    unusable = {
        sample_id
        for finding in findings
        if finding.kind in LEFT_OUT
        for sample_id in finding.sample_ids
    }
    samples, others = (
        tuple(sample for sample in listed if sample.sample_id not in unusable)
        for listed in (catalog.samples, catalog.others)
    )
    for line in describe_findings(findings):
        report(line)
    if not samples:
        raise CatalogError("no image of the data can be used; correct what is named above")
    return CheckedCatalog(
        catalog=replace(catalog, samples=samples, others=others),
        findings=findings,
        n_left_out=len(catalog.samples) - len(samples),
    )


def describe_findings(findings: Sequence[CatalogFinding]) -> list[str]:
    """Lines for people: how many of each kind, then the first ones by name."""
    if not findings:
        return []
    counts = Counter(finding.kind for finding in findings)
    told = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(counts.items()))
    lines = [f"data check: {told}"]
    # What keeps an image out is named first.
    ordered = sorted(findings, key=lambda finding: finding.kind not in LEFT_OUT)
    for finding in ordered[:N_PRINTED]:
        fate = "left out" if finding.kind in LEFT_OUT else "kept"
        lines.append(f"  {fate}: {', '.join(finding.sample_ids)}: {finding.message}")
    if len(ordered) > N_PRINTED:
        lines.append(f"  and {len(ordered) - N_PRINTED} more, all in {FINDINGS_FILE}")
    return lines


def write_findings(findings: Sequence[CatalogFinding], folder: Path) -> None:
    """Write every finding as JSON beside the results, also where there is none."""
    write_json(folder / FINDINGS_FILE, findings)
