"""What every reader does alike: list images, name them, keep inside the folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, CatalogFinding, FindingKind, Sample
from leukapp.errors import CatalogError, EmptyCatalogError

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


def list_images(folder: Path) -> tuple[Path, ...]:
    """All image files below a folder, by suffix, hidden ones left out, sorted by relative path."""
    return tuple(
        sorted(
            (
                path
                for path in folder.rglob("*")
                if path.suffix.lower() in IMAGE_SUFFIXES
                and not any(part.startswith(".") for part in path.relative_to(folder).parts)
                and path.is_file()
            ),
            key=lambda path: path.relative_to(folder).as_posix(),
        )
    )


def sample_id_of(path: Path, root: Path) -> str:
    """The path relative to the root, with ``/``."""
    return path.relative_to(root).as_posix()


def require_folder(folder: Path) -> None:
    """Refuse what is not a folder.

    Raises:
        CatalogError: the folder does not exist or is a file.
    """
    if not folder.is_dir():
        raise CatalogError(f"{folder.name!r} is not a folder; give the folder of the data set.")


def resolve_inside(root: Path, relative: str) -> Path:
    """The file that a table names, refused when it lies outside the table's folder.

    Args:
        root: folder the table lies in.
        relative: path as written in the table, relative to the root.

    Returns:
        The path below the root.

    Raises:
        CatalogError: the path is absolute or leads out of the root, also through a link.
    """
    path = root / relative
    try:
        is_inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        # A name with a null character, or links that lead in a circle.
        is_inside = False
    if Path(relative).is_absolute() or not is_inside:
        raise CatalogError(
            f"The table names {relative!r}, which lies outside its own folder; "
            "use paths relative to the table."
        )
    return path


def finding(kind: FindingKind, sample_id: str, message: str) -> CatalogFinding:
    """A finding about one file."""
    return CatalogFinding(kind=kind, sample_ids=(sample_id,), message=message)


def build_catalog(
    root: Path,
    samples: Sequence[Sample],
    findings: Sequence[CatalogFinding] = (),
    others: Sequence[Sample] = (),
) -> Catalog:
    """A catalogue that is not empty.

    Raises:
        EmptyCatalogError: there are no samples.
    """
    if not samples and not others:
        reason = f" First problem: {findings[0].message}" if findings else ""
        raise EmptyCatalogError(f"No labelled image was found in {root.name!r}.{reason}")
    return Catalog(
        root=root, samples=tuple(samples), findings=tuple(findings), others=tuple(others)
    )
