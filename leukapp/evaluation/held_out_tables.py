"""Held-out tables of bundles and of users, read and verified."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import HeldOutSet, SplitProtocol, parse_held_out
from leukapp.evaluation.report import EvaluationReport
from leukapp.model.artifacts import REPORT_FILE, bundle_sha256, read_artifact
from leukapp.model.manifest import MANIFEST_FILE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutTable:
    """A held-out table that was read.

    Attributes:
        title: bundle and file, or the uploaded file's name.
        sha256: of the file's bytes, hexadecimal.
        held_out: its rows, of any number of sources.
        background: balanced accuracy of the background-only baseline by source, 0-1; sources
            without one are left out.
        bundle_folder: the bundle whose answers these are, or None where it is not at hand.
    """

    title: str
    sha256: str
    held_out: HeldOutSet
    background: Mapping[str, float]
    bundle_folder: Path | None


def read_bundle_table(path: Path) -> HeldOutTable:
    """Read a bundle's table, verify its hash, and find the baseline in the bundle's report.

    Args:
        path: of a table in the bundle's folder.

    Raises:
        HeldOutError: the table or the report cannot be read, was changed since the bundle was
            judged, or is of another bundle.
    """
    folder = path.parent
    data = read_artifact(folder, path.name)
    held_out = parse_held_out(data, path.name)
    if held_out.bundle_sha256 != bundle_sha256(folder):
        raise HeldOutError(
            f"{path.name} of {folder.name} was made by another version of the bundle; "
            "evaluate the bundle again."
        )
    return HeldOutTable(
        title=f"{folder.name} · {path.stem}",
        sha256=hashlib.sha256(data).hexdigest(),
        held_out=held_out,
        background=_background(folder, held_out.protocol),
        bundle_folder=folder,
    )


def read_uploaded_table(data: bytes, name: str, weights: Path) -> HeldOutTable:
    """Read a table that a user brought; there is no baseline for it.

    Args:
        data: the file's bytes, of any origin.
        name: file name, ends in ``.csv`` or ``.parquet``; shown as the title.
        weights: folder of bundles, in which the table's own bundle is looked for.

    Raises:
        HeldOutError: the bytes are not a table in the documented format.
    """
    held_out = parse_held_out(data, name)
    folders = (path.parent for path in sorted(weights.glob(f"*/{MANIFEST_FILE}")))
    own = (folder for folder in folders if bundle_sha256(folder) == held_out.bundle_sha256)
    return HeldOutTable(
        title=name,
        sha256=hashlib.sha256(data).hexdigest(),
        held_out=held_out,
        background={},
        bundle_folder=next(own, None),
    )


def _background(folder: Path, protocol: SplitProtocol) -> Mapping[str, float]:
    """The baseline by source as the bundle's report has it; empty without a report."""
    if not (folder / REPORT_FILE).is_file():
        return {}
    report = EvaluationReport.from_json(read_artifact(folder, REPORT_FILE))
    return {
        result.source: result.background_balanced_accuracy
        for result in report.sources
        if result.protocol == protocol and result.background_balanced_accuracy is not None
    }
