"""Leukocytes of an image as they stand once readers corrected them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final, TypeAlias

from leukapp.cells import CellAnswer, CellSummary, count_findings
from leukapp.imaging.cell_boxes import CellBox
from leukapp.labels import ANSWER_NAMES, split_answer
from leukapp.review.records import NOT_LEUKOCYTES, CellCorrection
from leukapp.spreadsheet import Cell

CORRECTION_COLUMNS: Final = (
    *("n_corrected_cells", "cells_corrected_by", "cells_corrected_at_utc", "corrected_cells"),
)
"""How many leukocytes readers corrected, who, when last, and each correction as JSON."""

Corrections: TypeAlias = Mapping[str, Sequence[CellCorrection]]
"""SHA-256 of an image to the corrections of its leukocytes that stand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedCell:
    """One leukocyte of an image.

    Attributes:
        box: its window, in pixels of the image.
        cell: as the networks judged it, which no correction overwrites; None for one that a reader
            marked, which has no share in their answer for the image.
        correction: of a reader that stands, or None.
    """

    box: CellBox
    cell: CellAnswer | None
    correction: CellCorrection | None

    @property
    def answer(self) -> str | None:
        """What it is called: by the reader, else by the networks; None for no call."""
        if self.correction is not None:
            return self.correction.answer
        return None if self.cell is None else self.cell.answer_name

    @property
    def is_leukocyte(self) -> bool:
        """Whether it counts as one: no reader called it an artifact or removed it."""
        return self.answer not in NOT_LEUKOCYTES


def correct_cells(
    cells: Sequence[CellAnswer], corrections: Sequence[CellCorrection]
) -> tuple[CorrectedCell, ...]:
    """Put the corrections of an image beside its leukocytes; those that readers marked come last.

    A correction of a window that is none of these cells, as another bundle had found it, is left
    out.

    Args:
        cells: of the image.
        corrections: that stand, at most one a window.
    """
    of_boxes, marked = _match([cell.box for cell in cells], corrections)
    found = [
        CorrectedCell(box=cell.box, cell=cell, correction=correction)
        for cell, correction in zip(cells, of_boxes, strict=True)
    ]
    return (
        *found,
        *(CorrectedCell(box=made.box, cell=None, correction=made) for made in marked),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedNames:
    """The answers of an image's leukocytes as readers corrected them.

    Attributes:
        answers: those that count; what is no leukocyte is left out.
        n_corrected: how many leukocytes a reader corrected, marked or removed.
    """

    answers: tuple[str | None, ...]
    n_corrected: int


def corrected_names(
    boxes: Sequence[CellBox],
    answers: Sequence[str | None],
    corrections: Sequence[CellCorrection],
) -> CorrectedNames:
    """Correct the answers that are kept of an image, as :func:`correct_cells` does its cells.

    Args:
        boxes: window of each leukocyte.
        answers: of the networks, as many; None for no call.
        corrections: that stand, at most one a window.
    """
    of_boxes, marked = _match(boxes, corrections)
    names = [
        answer if made is None else made.answer
        for answer, made in zip(answers, of_boxes, strict=True)
    ]
    names += [made.answer for made in marked]
    return CorrectedNames(
        answers=tuple(name for name in names if name not in NOT_LEUKOCYTES),
        n_corrected=len(marked) + sum(made is not None for made in of_boxes),
    )


def _match(
    boxes: Sequence[CellBox], corrections: Sequence[CellCorrection]
) -> tuple[list[CellCorrection | None], list[CellCorrection]]:
    """The correction of each window or None, and those of cells that readers marked."""
    of_box = {correction.box: correction for correction in corrections}
    found = [of_box.pop(box, None) for box in boxes]
    return found, [correction for correction in of_box.values() if correction.is_marked]


def n_corrected(cells: Sequence[CorrectedCell]) -> int:
    """How many leukocytes a reader corrected, marked or removed."""
    return sum(cell.correction is not None for cell in cells)


def corrected_answers(cells: Sequence[CorrectedCell]) -> list[str | None]:
    """Give the answers that count, by reader or networks; what is no leukocyte is left out."""
    return [cell.answer for cell in cells if cell.is_leukocyte]


def count_corrected(cells: Sequence[CorrectedCell]) -> CellSummary:
    """Count an image's leukocytes as readers corrected them.

    What a reader calls reactive or other was judged and is not called leukemia.

    Args:
        cells: of the image.
    """
    return count_findings([finding_of_answer(answer) for answer in corrected_answers(cells)])


def finding_of_answer(answer: str | None) -> str | None:
    """Finding of an answer; what only a reader says, as reactive, stands for itself.

    Args:
        answer: of the networks or of a reader; None for no call.

    Example:
        >>> finding_of_answer("ALL"), finding_of_answer("reactive"), finding_of_answer(None)
        ('leukemia', 'reactive', None)
    """
    return split_answer(answer)[0] if answer is None or answer in ANSWER_NAMES else answer


def correction_record(correction: CellCorrection) -> dict[str, Any]:
    """Fields of a correction, ready for ``json.dumps``.

    Args:
        correction: that stands.
    """
    box = correction.box
    return {
        "box": [box.x0, box.y0, box.x1, box.y1],
        "answer": correction.answer,
        "marked": correction.is_marked,
        "initials": correction.initials,
        "user": correction.user,
        "corrected_at_utc": corrected_at(correction),
        "trail_row": correction.sequence,
    }


def corrected_at(correction: CellCorrection) -> str:
    """When a cell was corrected, as ISO 8601 in UTC."""
    return correction.corrected_at.astimezone(UTC).isoformat(timespec="seconds")


def corrected_minute(correction: CellCorrection) -> str:
    """The same for readers, to the minute: ``2026-03-01 13:00``, in UTC."""
    return correction.corrected_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def correction_columns(corrections: Sequence[CellCorrection]) -> dict[str, Cell]:
    """What readers said of an image's leukocytes; the networks' own answers stand beside it.

    Args:
        corrections: that stand for one image.

    Returns:
        The columns of ``CORRECTION_COLUMNS``, empty where nothing was corrected.
    """
    if not corrections:
        return dict.fromkeys(CORRECTION_COLUMNS)
    last = max(corrections, key=lambda correction: correction.corrected_at)
    return {
        "n_corrected_cells": len(corrections),
        "cells_corrected_by": ", ".join(sorted({one.initials for one in corrections})),
        "cells_corrected_at_utc": corrected_at(last),
        "corrected_cells": json.dumps([correction_record(one) for one in corrections]),
    }
