"""Images with what is known of their cells: boxes, points, or one cell in the middle."""

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image

Boxes = NDArray[np.float32]
"""Float32 (n, 4): middle x, middle y, width and height in pixels; width 0 where none is known."""

NO_BOXES: Final[Boxes] = np.zeros((0, 4), np.float32)

ARTEFACT: Final = "none"
ERYTHROCYTE: Final = "RBC"
NOT_LEUKOCYTES: Final = frozenset({ERYTHROCYTE, ARTEFACT, "Platelets", "platelet", "PLT"})

STRETCH: Final = {"itu": 1067 / 640, "aria": 4 / 3}
"""Sources whose images were squashed: how much wider they were."""

LEUKOCYTE_PX: Final = {
    "all_idb1": 45.0,
    "all_idb2": 130.0,
    "jhu_aml": 140.0,
    "lmu_more": 170.0,
    "pbc_healthy": 140.0,
}
"""Usual width of a leukocyte in sources without boxes, pixels of the image as it is stored."""

BLACK_LEVEL: Final = 8
"""Cells that were cut out lie on black: what is brighter is the cell."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledImage:
    """An image and its cells.

    Attributes:
        pixels: uint8 (height, width, 3).
        source: as in ``samples.csv``.
        leukocytes: marked leukocytes.
        erythrocytes: marked erythrocytes; all of the image if ``knows_erythrocytes``.
        unclear: places that teach nothing.
        is_complete: every leukocyte is marked; else dark places without a mark teach nothing.
        knows_erythrocytes: whether erythrocytes were marked.
        leukocyte_px: usual width of a leukocyte here.
    """

    pixels: RgbImage
    source: str
    leukocytes: Boxes
    erythrocytes: Boxes
    unclear: Boxes
    is_complete: bool
    knows_erythrocytes: bool
    leukocyte_px: float


def read_labelled_images(data: Path, *, max_of_source: int, seed: int) -> list[LabelledImage]:
    """Read every image that says where a leukocyte is.

    Args:
        data: folder with ``samples.csv``, ``labs/boxes.csv``, ``labs/points.csv`` and
            ``smears/bccd_fields/boxes.csv``.
        max_of_source: images of a source without boxes at most; they are drawn with ``seed``.
        seed: of the draw.
    """
    boxes = _read_boxes(data)
    points = _read_points(data)
    of_source = defaultdict(list)
    with (data / "samples.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            of_source[row["source"]].append(row["path"])
    rng = np.random.default_rng(seed)
    images = []
    for source, paths in of_source.items():
        if source in {"itu", "raabin", "bccd"}:
            images += [_boxed(data, path, source, boxes[path]) for path in paths if path in boxes]
        elif source == "all_idb1":
            images += [_pointed(data, path, points.get(path, NO_BOXES)) for path in paths]
        elif source == "cnmc" or source in LEUKOCYTE_PX:
            chosen = [paths[i] for i in rng.permutation(len(paths))[:max_of_source]]
            make = _cut_out if source == "cnmc" else _one_cell
            images += [make(data, path, source) for path in sorted(chosen)]
    return images


def _read(data: Path, path: str) -> RgbImage:
    return decode_image((data / path).read_bytes())


def _read_boxes(data: Path) -> dict[str, list[tuple[str, NDArray[np.float32]]]]:
    """Of each image, by its path: what is in a box, and the box."""
    boxes = defaultdict(list)
    with (data / "labs/boxes.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            x, y, width, height = (float(row[key]) for key in ("x", "y", "w", "h"))
            box = np.array([x + width / 2, y + height / 2, width, height], np.float32)
            boxes[f"labs/{row['image']}"].append((row["cell_label"], box))
    with (data / "smears/bccd_fields/boxes.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            x0, y0, x1, y1 = (float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
            box = np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], np.float32)
            boxes[f"smears/bccd_fields/{row['image']}"].append((row["cell"], box))
    return boxes


def _read_points(data: Path) -> dict[str, Boxes]:
    points = defaultdict(list)
    with (data / "labs/points.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            points[f"labs/{row['image']}"].append((float(row["x"]), float(row["y"]), 0.0, 0.0))
    return {path: np.array(marks, np.float32) for path, marks in points.items()}


def _boxed(
    data: Path, path: str, source: str, boxes: list[tuple[str, NDArray[np.float32]]]
) -> LabelledImage:
    def those(wanted: list[bool]) -> Boxes:
        chosen = [box for (_, box), is_wanted in zip(boxes, wanted, strict=True) if is_wanted]
        return np.array(chosen, np.float32).reshape(-1, 4)

    leukocytes = those([name not in NOT_LEUKOCYTES for name, _ in boxes])
    image = LabelledImage(
        pixels=_read(data, path),
        source=source,
        leukocytes=leukocytes,
        erythrocytes=those([name == ERYTHROCYTE for name, _ in boxes]),
        unclear=those([name == ARTEFACT for name, _ in boxes]),
        is_complete=True,
        knows_erythrocytes=source != "itu",
        leukocyte_px=float(np.median(leukocytes[:, 2:].max(axis=1))) if len(leukocytes) else 100.0,
    )
    return _stretched(image, STRETCH[source]) if source in STRETCH else image


def _stretched(image: LabelledImage, factor: float) -> LabelledImage:
    """The image as wide as it was before it was squashed."""
    height, width = image.pixels.shape[:2]
    pixels = cv2.resize(
        image.pixels, (round(width * factor), height), interpolation=cv2.INTER_CUBIC
    )
    wider = np.array([factor, 1, factor, 1], np.float32)
    return replace(
        image,
        pixels=np.asarray(pixels, np.uint8),
        leukocytes=image.leukocytes * wider,
        erythrocytes=image.erythrocytes * wider,
        unclear=image.unclear * wider,
    )


def _pointed(data: Path, path: str, points: Boxes) -> LabelledImage:
    """A field whose blasts alone are marked, by their middles."""
    return LabelledImage(
        pixels=_read(data, path),
        source="all_idb1",
        leukocytes=points,
        erythrocytes=NO_BOXES,
        unclear=NO_BOXES,
        is_complete=False,
        knows_erythrocytes=False,
        leukocyte_px=LEUKOCYTE_PX["all_idb1"],
    )


def _one_cell(data: Path, path: str, source: str) -> LabelledImage:
    """A photograph of one cell, which is in the middle."""
    pixels = _read(data, path)
    height, width = pixels.shape[:2]
    return LabelledImage(
        pixels=pixels,
        source=source,
        leukocytes=np.array([[width / 2, height / 2, 0, 0]], np.float32),
        erythrocytes=NO_BOXES,
        unclear=NO_BOXES,
        is_complete=False,
        knows_erythrocytes=False,
        leukocyte_px=LEUKOCYTE_PX[source],
    )


def _cut_out(data: Path, path: str, source: str) -> LabelledImage:
    """A cell on black, whose outline is its box."""
    pixels = _read(data, path)
    rows, columns = np.nonzero(pixels.max(axis=2) > BLACK_LEVEL)
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    width, height = right - left + 1, bottom - top + 1
    box = [(left + right) / 2, (top + bottom) / 2, width, height]
    return LabelledImage(
        pixels=pixels,
        source=source,
        leukocytes=np.array([box], np.float32),
        erythrocytes=NO_BOXES,
        unclear=NO_BOXES,
        is_complete=True,
        knows_erythrocytes=False,
        leukocyte_px=float(max(width, height)),
    )
