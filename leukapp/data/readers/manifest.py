"""A table of samples: path, label, group, source and optionally role, lab and cell_label."""

from pathlib import Path
from typing import Final

from leukapp.data.catalog import ROLES, Catalog, CatalogFinding, Role, Sample
from leukapp.data.readers.files import build_catalog, finding, resolve_inside
from leukapp.data.readers.layout import Layout
from leukapp.data.readers.tables import column_values, read_text_table
from leukapp.errors import CatalogError
from leukapp.labels import CLASS_NAMES, OTHER_LEUKEMIA

TABLE_NAME: Final = "samples.csv"
"""A table of this name is what a folder holds, whatever else lies in it."""

COLUMNS: Final = ("path", "label", "group", "source")
OTHER_LABEL: Final = "other_leukemia"
"""How a table calls a leukemia that is no class."""


def read_manifest(table: Path) -> Catalog:
    """Read a table whose paths are relative to the folder it lies in.

    An empty group means that it is not known: the image is then its own group. Groups are named
    within a source, or within a laboratory where the table has a column ``lab``: two sources that
    show the same patients share their names.

    Args:
        table: a ``.csv`` or ``.parquet`` file with the columns path, label, group, source and,
            if wanted, role (``train`` or ``external``; empty means ``train``), lab and cell_label;
            other columns are left. Or a folder that holds it as ``samples.csv``.

    Returns:
        The catalogue; rows with an unknown label, a missing file or an empty cell are findings,
        and those of the label ``other_leukemia`` are kept apart.

    Raises:
        CatalogError: the table cannot be read, lacks a column, names a file outside its folder
            or an unknown role, or has no usable row.
    """
    table = table / TABLE_NAME if table.is_dir() else table
    frame = read_text_table(table, COLUMNS)
    root = table.parent
    samples: list[Sample] = []
    others: list[Sample] = []
    findings: list[CatalogFinding] = []
    columns = (*COLUMNS, "role", "lab", "cell_label")
    for row in zip(*(column_values(frame, column) for column in columns), strict=True):
        relative, label, group, source, role_name, lab, cell_label = row
        path = resolve_inside(root, relative)
        role = _read_role(role_name)
        problem = _find_problem(path, relative, label, source)
        if problem:
            findings.append(problem)
            continue
        sample_id = Path(relative).as_posix()
        is_other = label == OTHER_LABEL
        (others if is_other else samples).append(
            Sample(
                path=path,
                label=OTHER_LEUKEMIA if is_other else label,
                group=_group_name(group, lab or source, source) or f"{source}:{sample_id}",
                source=source,
                role=role,
                sample_id=sample_id,
                groups_known=bool(group),
                lab=lab,
                cell_label=cell_label,
            )
        )
    return build_catalog(root, samples, findings, others)


def _group_name(group: str, within: str, source: str) -> str:
    """The group under its laboratory or source, once; empty where it is not known."""
    is_named_within = group.startswith((f"{within}:", f"{source}:"))
    return group if is_named_within or not group else f"{within}:{group}"


def _read_role(name: str) -> Role:
    """The role of a row; empty means ``train``."""
    for role in ROLES:
        if name in {role, ""}:
            return role
    raise CatalogError(f"role must be one of {', '.join(ROLES)} or empty, got {name!r}.")


def _find_problem(path: Path, relative: str, label: str, source: str) -> CatalogFinding | None:
    """What keeps a row out of the catalogue, if anything."""
    if not relative or not source:
        return finding("incomplete_row", relative, "A row has no path or no source.")
    if label not in {*CLASS_NAMES, OTHER_LABEL}:
        message = f"Label {label!r} is not one of {', '.join((*CLASS_NAMES, OTHER_LABEL))}."
        return finding("unknown_label", relative, message)
    if not _is_file(path):
        return finding("unreadable_file", relative, f"The file {relative} is not there.")
    return None


def _is_file(path: Path) -> bool:
    """Whether the path is a file; a name too long for the file system is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_table(path: Path) -> bool:
    is_table = path.is_file() and path.suffix.lower() in {".csv", ".parquet"}
    return is_table or (path / TABLE_NAME).is_file()


LAYOUT: Final = Layout(
    name="manifest",
    arrangement=(
        "CSV or Parquet with path, label, group, source and optionally role, lab and cell_label, "
        f"or a folder that holds it as {TABLE_NAME}"
    ),
    recognizes=_is_table,
    read=read_manifest,
)
