"""The project's own collection of smear images: ``smears/MANIFEST.csv`` and its folders."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, CatalogFinding, Role, Sample
from leukapp.data.readers import all_idb2
from leukapp.data.readers.files import build_catalog, finding, resolve_inside
from leukapp.data.readers.tables import column_values, read_text_table
from leukapp.errors import CatalogError
from leukapp.labels import ALL, AML, HEALTHY

MANIFEST_NAME: Final = "MANIFEST.csv"
COLUMNS: Final = ("path", "class3", "group", "suggested_role")
MAX_HEADER_CHARACTERS: Final = 10_000
JHU_SOURCE: Final = "jhu_aml"
PBC_SOURCE: Final = "pbc_healthy"

LABEL_OF_CLASS3: Final = {
    "ALL": ALL,
    "AML": AML,
    "Healthy": HEALTHY,
    "normal_cell_in_AML_patient": HEALTHY,
    "normal_cell_LMU": HEALTHY,
}
# Longer prefixes first: the second camera of the PBC data is a source of its own.
_SOURCE_OF_PREFIX: Final = (
    ("pbc_healthy/batch2_366x369/", "pbc_healthy_batch2"),
    ("pbc_healthy/", PBC_SOURCE),
    ("jhu_aml/", JHU_SOURCE),
    ("all_idb2_103px/", all_idb2.SOURCE),
    ("aria_all_fields/", "aria"),
    ("lmu_aml/", "lmu"),
    ("bccd_fields/", "bccd"),
    ("tecom_wbc_120/", "tecom"),
)


def jhu_patient_group(patient: str) -> str:
    """The group of a Johns Hopkins patient, the same for whole smears and for single cells.

    Example:
        >>> jhu_patient_group("Patient_00")
        'jhu_aml:Patient_00'
    """
    return f"{JHU_SOURCE}:{patient}"


def find_smears_folder(folder: Path) -> Path | None:
    """The folder that holds the collection's manifest: this one, or its ``smears/``."""
    for candidate in (folder, folder / "smears"):
        manifest = candidate / MANIFEST_NAME
        if manifest.is_file():
            # Only the header is read here; what is damaged below it the table's reader names.
            with manifest.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
                header = next(csv.reader([lines.readline(MAX_HEADER_CHARACTERS)]), [])
            if "class3" in {name.strip() for name in header}:
                return candidate
    return None


def read_smears(folder: Path, *, all_idb2_role: Role = "train") -> Catalog:
    """Read the project's collection; ids are the paths of its manifest.

    Args:
        folder: the data folder or its ``smears/``.
        all_idb2_role: role of ALL-IDB2, which the manifest suggests as external.

    Returns:
        The catalogue. Patients and blocks become groups; where none is known, each image is its
        own group and ``groups_known`` is False.

    Raises:
        CatalogError: there is no such manifest, or it names files outside its folder.
    """
    root = find_smears_folder(folder)
    if root is None:
        raise CatalogError(
            f"{folder.name!r} holds no {MANIFEST_NAME} with a class3 column; give its folder."
        )
    frame = read_text_table(root / MANIFEST_NAME, COLUMNS)
    rows = [
        _Row(*values)
        for values in zip(*(column_values(frame, column) for column in COLUMNS), strict=True)
    ]
    return _build(root, rows, all_idb2_role)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the manifest, as text."""

    path: str
    class3: str
    group: str
    suggested_role: str


def _build(root: Path, rows: Sequence[_Row], all_idb2_role: Role) -> Catalog:
    samples: list[Sample] = []
    findings: list[CatalogFinding] = []
    for row in rows:
        path = resolve_inside(root, row.path)
        label = LABEL_OF_CLASS3.get(row.class3)
        source = _source_of(row.path)
        if source is None:
            message = f"{row.path} is in no folder of a known source."
            findings.append(finding("unexpected_file", row.path, message))
        elif label is None:
            message = f"class3 {row.class3!r} is not a known class."
            findings.append(finding("unknown_label", row.path, message))
        elif not path.is_file():
            message = f"The file {row.path} is not there."
            findings.append(finding("unreadable_file", row.path, message))
        else:
            groups_known = bool(row.group) and not row.group.startswith("unknown")
            samples.append(
                Sample(
                    path=path,
                    label=label,
                    group=_group_of(row, source) if groups_known else f"{source}:{row.path}",
                    source=source,
                    role=_role_of(row, source, all_idb2_role),
                    sample_id=row.path,
                    groups_known=groups_known,
                )
            )
    return build_catalog(root, samples, findings)


def _source_of(relative: str) -> str | None:
    return next(
        (source for prefix, source in _SOURCE_OF_PREFIX if relative.startswith(prefix)), None
    )


def _group_of(row: _Row, source: str) -> str:
    """Patients get their source in front; block names already begin with theirs."""
    return jhu_patient_group(row.group) if source == JHU_SOURCE else row.group


def _role_of(row: _Row, source: str, all_idb2_role: Role) -> Role:
    if source == all_idb2.SOURCE:
        return all_idb2_role
    return "train" if row.suggested_role == "train" else "external"
