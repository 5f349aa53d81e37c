"""Where experts marked leukocytes: a box table, or the ``.xyc`` files of ALL-IDB1."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.data.readers.files import list_images
from leukapp.errors import CatalogError

BOX_TABLE: Final = "boxes.csv"
BOX_COLUMNS: Final = ("image", "cell", "xmin", "ymin", "xmax", "ymax")
LEUKOCYTE: Final = "WBC"
"""What the box table calls a leukocyte; its other boxes are not read."""

MAX_MARKS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMark:
    """One marked leukocyte, in pixels of the image.

    Attributes:
        x_px: middle from the left edge.
        y_px: middle from the upper edge.
        half_width_px: from the middle to the side of its box; None for a mark without a box.
        half_height_px: from the middle to the top of its box; None as ``half_width_px``.
    """

    x_px: float
    y_px: float
    half_width_px: float | None = None
    half_height_px: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedImage:
    """An image and its marked leukocytes, which may be none."""

    path: Path
    marks: tuple[CellMark, ...]


def read_cell_marks(folder: Path) -> tuple[MarkedImage, ...]:
    """Read the marks of every image that has any, by name.

    Args:
        folder: holds ``boxes.csv`` beside its images, or images of ALL-IDB1 (in it or in ``im/``)
            with ``.xyc`` files of the same names (beside them or in ``xyc/``). A box table speaks
            of every image of the folder: one without a row has no leukocyte.

    Returns:
        Images in the order of their names; empty where the folder has no marks.

    Raises:
        CatalogError: a table cannot be understood, or names an image that is not there.
    """
    if not folder.is_dir():
        return ()
    table = folder / BOX_TABLE
    if table.is_file():
        return _read_boxes(table)
    return _read_centroids(folder)


def _read_boxes(table: Path) -> tuple[MarkedImage, ...]:
    paths = {path.name: path for path in list_images(table.parent)}
    marks: dict[str, list[CellMark]] = {name: [] for name in paths}
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            for number, row in enumerate(csv.DictReader(stream), start=2):
                if number > MAX_MARKS:
                    raise CatalogError(f"{BOX_TABLE} has more than {MAX_MARKS} rows; split it")
                if row["image"] not in marks:
                    raise CatalogError(
                        f"{BOX_TABLE} row {number} names {row['image']!r}, which is not in the "
                        "folder; add the image or delete the row"
                    )
                if row["cell"] == LEUKOCYTE:
                    left, top, right, bottom = (float(row[name]) for name in BOX_COLUMNS[2:])
                    marks[row["image"]].append(
                        CellMark(
                            x_px=(left + right) / 2,
                            y_px=(top + bottom) / 2,
                            half_width_px=(right - left) / 2,
                            half_height_px=(bottom - top) / 2,
                        )
                    )
    except (KeyError, TypeError, ValueError, csv.Error, OSError) as error:
        raise CatalogError(
            f"{BOX_TABLE} cannot be understood; give it the columns {', '.join(BOX_COLUMNS)}"
        ) from error
    return tuple(
        MarkedImage(path=paths[name], marks=tuple(of_image))
        for name, of_image in sorted(marks.items())
    )


def _read_centroids(folder: Path) -> tuple[MarkedImage, ...]:
    files = {
        path.stem: path
        for place in (folder, folder / "xyc")
        for path in sorted(place.glob("*.xyc"))
    }
    if not files:
        return ()
    return tuple(
        MarkedImage(path=path, marks=_read_xyc(files[path.stem]))
        for path in list_images(folder)
        if path.stem in files
    )


def _read_xyc(path: Path) -> tuple[CellMark, ...]:
    """One middle a line, x and y with white space between; an empty file marks no cell."""
    marks = []
    try:
        for line in path.read_text(encoding="ascii").splitlines()[:MAX_MARKS]:
            if line.strip():
                x_px, y_px = (float(value) for value in line.split())
                marks.append(CellMark(x_px=x_px, y_px=y_px))
    except (ValueError, OSError) as error:
        raise CatalogError(
            f"{path.name} cannot be understood; each of its lines is an x and a y in pixels"
        ) from error
    return tuple(marks)


__all__ = ["CellMark", "MarkedImage", "read_cell_marks"]
