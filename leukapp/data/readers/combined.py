"""The paper's three-class set: ALL and Healthy of ALL-IDB2, AML of ASH."""

import dataclasses
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, CatalogFinding, Sample
from leukapp.data.readers import all_idb1, all_idb2, ash
from leukapp.data.readers.files import require_folder
from leukapp.data.readers.layout import Layout
from leukapp.errors import CatalogError


def read_combined(all_idb2_folder: Path, ash_folder: Path) -> Catalog:
    """Read the paper's three-class set from its two folders.

    Args:
        all_idb2_folder: folder of ALL-IDB2.
        ash_folder: folder of AML images of the ASH image bank.

    Returns:
        One catalogue; ids begin with ``all_idb2/`` or ``ash/``, wherever the folders lie, and
        its root is the folder of ALL-IDB2's parent.

    Raises:
        CatalogError: a folder is missing or holds no image of its layout.
    """
    parts = (
        (all_idb2.SOURCE, all_idb2.read_all_idb2(all_idb2_folder)),
        (ash.SOURCE, ash.read_ash(ash_folder)),
    )
    return Catalog(
        root=all_idb2_folder.parent,
        samples=tuple(
            _prefix_sample(sample, source) for source, part in parts for sample in part.samples
        ),
        findings=tuple(
            _prefix_finding(finding, source) for source, part in parts for finding in part.findings
        ),
    )


def find_combined_folders(folder: Path) -> tuple[Path, Path] | None:
    """The ALL-IDB2 and ASH subfolders of a folder by their names, or None if one is missing."""
    found = find_paper_sets(folder)
    idb2, ash_folder = found.get(all_idb2.SOURCE), found.get(ash.SOURCE)
    return (idb2, ash_folder) if idb2 and ash_folder else None


def find_paper_sets(folder: Path) -> dict[str, Path]:
    """Which subfolder is which of the paper's data sets, by their names.

    Args:
        folder: that may hold them.

    Returns:
        Source name to folder, for ``all_idb1``, ``all_idb2`` and ``ash`` as far as they are there.
    """
    found: dict[str, Path] = {}
    for child in sorted(folder.iterdir()):
        for source in (all_idb1.SOURCE, all_idb2.SOURCE, ash.SOURCE):
            is_named_so = _plain_name(child).startswith(source.replace("_", ""))
            if is_named_so and source not in found and child.is_dir():
                found[source] = child
    return found


def read_combined_parent(folder: Path) -> Catalog:
    """Read the three-class set from a folder that holds an ALL-IDB2 and an ASH folder.

    Raises:
        CatalogError: one of the two subfolders is missing.
    """
    require_folder(folder)
    found = find_combined_folders(folder)
    if found is None:
        raise CatalogError(
            f"{folder.name!r} must hold a folder named ALL-IDB2 and one named ASH; add them."
        )
    catalog = read_combined(*found)
    idb1 = find_paper_sets(folder).get(all_idb1.SOURCE)
    if idb1 is None:
        return catalog
    left_out = CatalogFinding(
        kind="unexpected_file",
        sample_ids=(idb1.name,),
        message=(
            "ALL-IDB1 is left out: cells of ALL-IDB2 are cut out of its fields. Give its folder to "
            "use it alone."
        ),
    )
    return dataclasses.replace(catalog, findings=(*catalog.findings, left_out))


def _plain_name(folder: Path) -> str:
    return folder.name.lower().replace("-", "").replace("_", "").replace(" ", "")


def _prefix_sample(sample: Sample, source: str) -> Sample:
    return dataclasses.replace(sample, sample_id=f"{source}/{sample.sample_id}")


def _prefix_finding(finding: CatalogFinding, source: str) -> CatalogFinding:
    sample_ids = tuple(f"{source}/{sample_id}" for sample_id in finding.sample_ids)
    return dataclasses.replace(finding, sample_ids=sample_ids)


def _is_combined(path: Path) -> bool:
    """Whether ALL-IDB2 and ASH are there; refuses several of the paper's sets without ASH."""
    if find_combined_folders(path) is not None:
        return True
    sets = find_paper_sets(path)
    if len(sets) > 1:
        names = " and ".join(folder.name for folder in sets.values())
        raise CatalogError(
            f"{path.name!r} holds {names}, which are not one data set: cells of one are cut out of "
            "fields of the other, or they share no healthy cells. Give one of these folders, or "
            "add ASH to ALL-IDB2 for the paper's three classes."
        )
    return False


LAYOUT: Final = Layout(
    name="combined",
    arrangement="an ALL-IDB2 folder beside an ASH folder",
    recognizes=_is_combined,
    read=read_combined_parent,
)
