"""The single-cell archives for representation learning, and which cells a held-out set forbids."""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.data.readers.tables import column_values, read_text_table
from leukapp.errors import CatalogError, ImageError
from leukapp.imaging.image_io import decode_image

CELL_SIDE_PX: Final = 112
TABLE_NAME: Final = "cells.csv"
COLUMNS: Final = ("archive", "name", "source", "group", "cell_type", "diagnosis")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSample:
    """One single cell in an archive.

    Attributes:
        archive: the ZIP file.
        name: the cell's name in the archive, unique over all archives.
        laboratory: as ``Sample.laboratory``; the table calls it ``source``.
        group: the patient, under the laboratory; or the cell itself where none is known.
        cell_type: the data set's own name of the cell, e.g. ``Myelocyte``.
        diagnosis: of the patient: ``AML``, ``APL`` or ``Healthy``.
    """

    archive: Path
    name: str
    laboratory: str
    group: str
    cell_type: str
    diagnosis: str


def read_cells(data_root: Path) -> tuple[CellSample, ...]:
    """Read the table of single cells; no archive is opened.

    Args:
        data_root: the folder with ``cells.csv`` and its archives.

    Returns:
        The cells in the order of the table.

    Raises:
        CatalogError: the table is missing or malformed, names a cell twice, or an archive that is
            not in the folder.
    """
    frame = read_text_table(data_root / TABLE_NAME, COLUMNS)
    columns = [column_values(frame, column) for column in COLUMNS]
    cells = []
    for archive, name, laboratory, group, cell_type, diagnosis in zip(*columns, strict=True):
        cells.append(
            CellSample(
                archive=data_root / archive,
                name=name,
                laboratory=laboratory,
                group=f"{laboratory}:{group}" if group else name,
                cell_type=cell_type,
                diagnosis=diagnosis,
            )
        )
    if len({cell.name for cell in cells}) < len(cells):
        raise CatalogError(f"{TABLE_NAME} lists a cell more than once; list each cell once.")
    for archive_name in sorted(set(columns[0])):
        if Path(archive_name).name != archive_name or not (data_root / archive_name).is_file():
            raise CatalogError(f"The archive {archive_name!r} must lie beside {TABLE_NAME}.")
    return tuple(cells)


def read_cell_images(cells: Sequence[CellSample]) -> NDArray[np.uint8]:
    """Decode cells, opening each archive once.

    Args:
        cells: the cells wanted, in any order.

    Returns:
        sRGB pixels, uint8 (cells, 112, 112, 3), 0-255, in the order of ``cells``.

    Raises:
        CatalogError: an archive is missing or damaged, or a cell is not in it, damaged or not
            112 x 112 pixels.
    """
    images = np.empty((len(cells), CELL_SIDE_PX, CELL_SIDE_PX, 3), np.uint8)
    indices_of_archive = defaultdict(list)
    for index, cell in enumerate(cells):
        indices_of_archive[cell.archive].append(index)
    for archive_path, indices in indices_of_archive.items():
        try:
            with zipfile.ZipFile(archive_path) as archive:
                for index in indices:
                    images[index] = _decode_cell(cells[index].name, archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise CatalogError(
                f"The archive {archive_path.name!r} cannot be read; copy it again."
            ) from error
    return images


def excluded_cell_names(
    cells: Iterable[CellSample], held_out_samples: Iterable[Sample]
) -> frozenset[str]:
    """Cells that representation learning must not see, because a held-out image shows them.

    Args:
        cells: the cells at hand.
        held_out_samples: images that the network will be judged by.

    Returns:
        Names of the cells whose patient is held out, or whose laboratory and file name (without
        folder and suffix) are those of a held-out image.
    """
    held_out = tuple(held_out_samples)
    groups = {
        f"{sample.laboratory}:{_name_within(sample)}" for sample in held_out if sample.groups_known
    }
    stems = {(sample.laboratory, _stem(sample.sample_id)) for sample in held_out}
    return frozenset(
        cell.name
        for cell in cells
        if cell.group in groups or (cell.laboratory, _stem(cell.name)) in stems
    )


def _name_within(sample: Sample) -> str:
    """The group without the laboratory or source that it is named under."""
    return sample.group.removeprefix(f"{sample.source}:").removeprefix(f"{sample.laboratory}:")


def _stem(name: str) -> str:
    """File name without folder and suffix."""
    return PurePosixPath(name).stem


def _decode_cell(name: str, archive: zipfile.ZipFile) -> NDArray[np.uint8]:
    """One cell, uint8 (112, 112, 3)."""
    try:
        image = decode_image(archive.read(name))
    except KeyError as error:
        raise CatalogError(f"The cell {name} is not in its archive; copy both again.") from error
    except ImageError as error:
        raise CatalogError(f"The cell {name} is damaged; copy its archive again.") from error
    if image.shape[:2] != (CELL_SIDE_PX, CELL_SIDE_PX):
        raise CatalogError(
            f"The cell {name} must be {CELL_SIDE_PX} x {CELL_SIDE_PX} pixels, got "
            f"{image.shape[1]} x {image.shape[0]}."
        )
    return image
