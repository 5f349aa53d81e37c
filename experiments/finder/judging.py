"""Recall and precision of a finder on fields with boxes or points, one laboratory at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.finder.labelled import Boxes, LabelledImage
from leukapp.fields.found_cells import FoundCell
from leukapp.fields.learned_finder import LearnedFinder

POINT_REACH: Final = 0.4
"""A found cell belongs to a point up to this far away, in usual widths of a leukocyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundShare:
    """Counts over the fields of one source.

    Attributes:
        source: as in ``samples.csv``.
        n_images: fields.
        n_marked: marked leukocytes.
        n_found: found leukocytes, without those in places that are marked as unclear.
        n_right: pairs of a mark and a found one, each in one pair at most.
        is_complete: whether every leukocyte is marked, so that precision means something.
    """

    source: str
    n_images: int
    n_marked: int
    n_found: int
    n_right: int
    is_complete: bool

    @property
    def recall(self) -> float:
        """Pairs among the marked."""
        return self.n_right / max(1, self.n_marked)

    @property
    def precision(self) -> float | None:
        """Pairs among the found; None where not every leukocyte is marked."""
        return self.n_right / max(1, self.n_found) if self.is_complete else None


def judge_finder(
    finder: LearnedFinder, images: Sequence[LabelledImage], *, min_scores: Sequence[float]
) -> list[FoundShare]:
    """Count what a finder finds in the fields of one source, from several scores on.

    Args:
        finder: that has not seen the source's laboratory.
        images: of one source.
        min_scores: limits, 0-1.
    """
    n_found, n_right = np.zeros(len(min_scores), int), np.zeros(len(min_scores), int)
    for image in images:
        candidates = finder.find_cells(image.pixels).leukocytes
        for number, min_score in enumerate(min_scores):
            found = [cell for cell in candidates if cell.score >= min_score]
            right = pair_with_marks(image.leukocytes, found, usual_px=image.leukocyte_px)
            others = [cell for index, cell in enumerate(found) if index not in right]
            n_right[number] += len(right)
            n_found[number] += len(right) + sum(
                not _lies_in(cell, image.unclear) for cell in others
            )
    return [
        FoundShare(
            source=images[0].source,
            n_images=len(images),
            n_marked=sum(len(image.leukocytes) for image in images),
            n_found=int(found),
            n_right=int(right),
            is_complete=images[0].is_complete,
        )
        for found, right in zip(n_found, n_right, strict=True)
    ]


def pair_with_marks(marks: Boxes, found: Sequence[FoundCell], *, usual_px: float) -> set[int]:
    """Pair marks with found cells: the nearest whose middle lies in the mark's box.

    Args:
        marks: of experts; a point has a reach instead of a box.
        found: of the program.
        usual_px: usual width of a leukocyte.

    Returns:
        Indices of the found cells that have a mark.
    """
    taken: set[int] = set()
    for x, y, width, height in marks:
        reach = (width / 2, height / 2) if width > 0 else (POINT_REACH * usual_px,) * 2
        near = [
            (float(np.hypot(cell.x_px - x, cell.y_px - y)), index)
            for index, cell in enumerate(found)
            if index not in taken
            and abs(cell.x_px - x) <= reach[0]
            and abs(cell.y_px - y) <= reach[1]
        ]
        if near:
            taken.add(min(near)[1])
    return taken


def _lies_in(
    cell: FoundCell, boxes: Iterable[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]
) -> bool:
    return any(
        abs(cell.x_px - x) <= width / 2 and abs(cell.y_px - y) <= height / 2
        for x, y, width, height in boxes
    )
