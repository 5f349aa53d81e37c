"""The held-out tables that lie beside bundles, found, verified and read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import HeldOutSet, Protocol, parse_held_out
from leukapp.evaluation.report import EvaluationReport
from leukapp.model.bundle import MANIFEST_FILE, REPORT_FILE

PAPERS_FILE: Final = "papers.json"
TABLE_PATTERNS: Final = ("held_out*.csv", "held_out*.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutFile:
    """A held-out table beside a bundle, found but not yet read.

    Attributes:
        bundle_name: folder name of the bundle.
        path: of the table.
    """

    bundle_name: str
    path: Path


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


def held_out_files_of(bundle: Path) -> tuple[HeldOutFile, ...]:
    """Find the tables of one bundle, by file name.

    Args:
        bundle: its folder; may be missing.
    """
    paths = sorted(path for pattern in TABLE_PATTERNS for path in bundle.glob(pattern))
    return tuple(HeldOutFile(bundle_name=bundle.name, path=path) for path in paths)


def read_held_out_file(file: HeldOutFile) -> HeldOutTable:
    """Read a bundle's table, verify its hash, and find the baseline in the bundle's report.

    Args:
        file: as ``held_out_files_of`` found it.

    Raises:
        HeldOutError: the table or the report cannot be read, was changed since the bundle was
            judged, or is of another bundle.
    """
    folder = file.path.parent
    data = read_paper(folder, file.path.name)
    held_out = parse_held_out(data, file.path.name)
    if held_out.bundle_sha256 != bundle_sha256(folder):
        raise HeldOutError(
            f"{file.path.name} of {file.bundle_name} was made by another version of the bundle; "
            "evaluate the bundle again."
        )
    return HeldOutTable(
        title=f"{file.bundle_name} · {file.path.stem}",
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
    manifests = sorted(weights.glob(f"*/{MANIFEST_FILE}"))
    return HeldOutTable(
        title=name,
        sha256=hashlib.sha256(data).hexdigest(),
        held_out=held_out,
        background={},
        bundle_folder=next(
            (
                manifest.parent
                for manifest in manifests
                if bundle_sha256(manifest.parent) == held_out.bundle_sha256
            ),
            None,
        ),
    )


def read_paper(folder: Path, name: str) -> bytes:
    """Bytes of a file that a bundle carries beside its weights, verified where its hash is listed.

    Args:
        folder: of the bundle.
        name: file name in that folder.

    Raises:
        HeldOutError: the file cannot be read, or is not what ``papers.json`` lists.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise HeldOutError(
            f"{name} of the bundle {folder.name} cannot be read; restore the bundle."
        ) from error
    expected = _listed_hashes(folder).get(name)
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise HeldOutError(
            f"{name} of the bundle {folder.name} was changed after the bundle was judged; "
            "restore it or evaluate again."
        )
    return data


def bundle_sha256(folder: Path) -> str:
    """Identity of a bundle: the hash of its manifest, hexadecimal; the weights are not read.

    Args:
        folder: of the bundle.

    Raises:
        HeldOutError: there is no readable manifest.
    """
    try:
        return hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    except OSError as error:
        raise HeldOutError(
            f"The manifest of the bundle {folder.name} cannot be read; restore the bundle."
        ) from error


def _listed_hashes(folder: Path) -> Mapping[str, str]:
    """Hashes by file name as the bundle's list has them; empty where there is no list."""
    try:
        content = json.loads((folder / PAPERS_FILE).read_bytes())
        return {str(name): str(digest) for name, digest in content["files"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeldOutError(
            f"{PAPERS_FILE} of the bundle {folder.name} is damaged; restore the bundle."
        ) from error


def _background(folder: Path, protocol: Protocol) -> Mapping[str, float]:
    """The baseline by source as the bundle's report has it; empty without a report."""
    if not (folder / REPORT_FILE).is_file():
        return {}
    report = EvaluationReport.from_json(read_paper(folder, REPORT_FILE).decode("utf-8", "replace"))
    return {
        result.source: result.background_balanced_accuracy
        for result in report.sources
        if result.protocol == protocol and result.background_balanced_accuracy is not None
    }
