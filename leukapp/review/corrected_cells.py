"""Leukocytes of an image as they stand once readers corrected them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from leukapp.cells import CellAnswer, CellSummary, count_findings
from leukapp.labels import ANSWER_NAMES, split_answer
from leukapp.review.records import ARTIFACT, CellCorrection


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedCell:
    """One leukocyte of an image.

    Attributes:
        cell: as the networks judged it; never overwritten.
        correction: of a reader that stands, or None.
    """

    cell: CellAnswer
    correction: CellCorrection | None = None

    @property
    def answer(self) -> str | None:
        """What it is called: by the reader, else by the networks; None for no call."""
        return self.cell.answer_name if self.correction is None else self.correction.answer

    @property
    def is_leukocyte(self) -> bool:
        """Whether it counts as one: no reader called it an artifact."""
        return self.answer != ARTIFACT


def correct_cells(
    cells: Sequence[CellAnswer], corrections: Sequence[CellCorrection]
) -> tuple[CorrectedCell, ...]:
    """Put the corrections of an image beside its leukocytes, in the order of these.

    A correction of a window that is none of these cells, as another bundle had found it, is left
    out.

    Args:
        cells: of the image.
        corrections: that stand, at most one a window.
    """
    of_box = {correction.box: correction for correction in corrections}
    return tuple(CorrectedCell(cell=cell, correction=of_box.get(cell.box)) for cell in cells)


def n_corrected(cells: Sequence[CorrectedCell]) -> int:
    """How many leukocytes a reader corrected."""
    return sum(cell.correction is not None for cell in cells)


def corrected_answers(cells: Sequence[CorrectedCell]) -> list[str | None]:
    """Give the answers that count, by reader or networks; an artifact is no leukocyte."""
    return [cell.answer for cell in cells if cell.is_leukocyte]


def count_corrected(cells: Sequence[CorrectedCell]) -> CellSummary:
    """Count an image's leukocytes as readers corrected them.

    What a reader calls reactive or other was judged and is not called leukemia.

    Args:
        cells: of the image.
    """
    return count_findings(
        [
            split_answer(answer)[0] if answer is None or answer in ANSWER_NAMES else answer
            for answer in corrected_answers(cells)
        ]
    )


def correction_record(correction: CellCorrection) -> dict[str, Any]:
    """Fields of a correction, ready for ``json.dumps``.

    Args:
        correction: that stands.
    """
    box = correction.box
    return {
        "box": [box.x0, box.y0, box.x1, box.y1],
        "answer": correction.answer,
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
