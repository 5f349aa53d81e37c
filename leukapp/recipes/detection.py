"""Look for leukocytes where experts marked them, and count what was found."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from leukapp.data.readers.cell_marks import MarkedImage, read_cell_marks
from leukapp.errors import CatalogError, ImageError
from leukapp.evaluation.detection import DetectionReport, count_found, report_detection
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.fields.leukocytes import find_leukocytes
from leukapp.imaging.image_io import read_image

REPORT_NAME = "detection.json"


def detect_marked(
    images: Sequence[MarkedImage], finder: LearnedFinder | None = None
) -> DetectionReport:
    """Find the leukocytes of marked images as a bundle does, and compare.

    Args:
        images: at least one.
        finder: of the bundle; None finds by rules.

    Raises:
        CatalogError: an image cannot be read.
    """
    find = find_leukocytes if finder is None else finder.find
    counts = []
    for image in images:
        try:
            found = find(read_image(image.path), mode="field")
        except ImageError as error:
            raise CatalogError(f"{image.path.name}: {error}") from error
        counts.append(count_found(image.marks, found))
    has_boxes = any(mark.half_width_px is not None for image in images for mark in image.marks)
    return report_detection(counts, has_boxes=has_boxes)


def report_marked_folders(
    image_paths: Iterable[Path], out: Path, finder: LearnedFinder | None = None
) -> dict[str, DetectionReport]:
    """Report detection for every folder of a data set that has marks.

    Args:
        image_paths: of the data set.
        out: an existing folder; gets ``detection.json`` if there is a mark at all.
        finder: of the bundle; None finds by rules.

    Returns:
        Folder name to report.

    Raises:
        CatalogError: marks or images cannot be read.
    """
    parents = {path.parent for path in image_paths}
    # ALL-IDB1 keeps its images in im/ and the marks beside it, in xyc/.
    folders = sorted({parent.parent if parent.name == "im" else parent for parent in parents})
    reports = {
        folder.name: detect_marked(marked, finder)
        for folder in folders
        if (marked := read_cell_marks(folder))
    }
    if reports:
        fields = {name: report.to_dict() for name, report in reports.items()}
        (out / REPORT_NAME).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return reports
