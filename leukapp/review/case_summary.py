"""What a case amounts to: its leukocytes by answer, as networks and as readers say, and a share.

Fields alone are counted: who photographs a single cell has chosen it. Readers correct cells of
fields alone, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from leukapp.cells import CellSummary, count_findings
from leukapp.evaluation.intervals import Estimate, rate_over_groups
from leukapp.labels import LEUKEMIA
from leukapp.review.answer_keys import REJECTED
from leukapp.review.corrected_cells import Corrections, corrected_names, finding_of_answer
from leukapp.review.export import file_sha256
from leukapp.review.records import CaseImage, ItemState
from leukapp.review.worklist import verdict_of

ENOUGH_FIELDS: Final = 5
"""With fewer fields, drawing them anew says nothing of how much fields differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCount:
    """The leukocytes of one field of a case.

    Attributes:
        item_id: of the image.
        answers: of the networks, one a leukocyte; None for no call.
        corrected: the answers that count once readers corrected them; what is no leukocyte is left
            out, what a reader marked is among them.
        n_corrected: leukocytes that a reader corrected, marked or removed.
    """

    item_id: int
    answers: tuple[str | None, ...]
    corrected: tuple[str | None, ...]
    n_corrected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """The leukocytes of a case.

    Attributes:
        item_ids: of the images that stand for the case: judged, each file once.
        fields: those that are counted.
        n_repeated: images left out, for the same file stands in the case a second time.
        n_not_fields: judged images that are no fields: single cells, images judged whole.
        n_refused: fields that the quality check refused.
        n_without_cells: fields that were read by a version that did not keep their leukocytes.
    """

    item_ids: tuple[int, ...]
    fields: tuple[FieldCount, ...]
    n_repeated: int
    n_not_fields: int
    n_refused: int
    n_without_cells: int

    @property
    def answers(self) -> tuple[str | None, ...]:
        """Of every counted leukocyte, as the networks say."""
        return tuple(answer for field in self.fields for answer in field.answers)

    @property
    def corrected(self) -> tuple[str | None, ...]:
        """Of every counted leukocyte, as readers corrected them."""
        return tuple(answer for field in self.fields for answer in field.corrected)

    @property
    def n_corrected(self) -> int:
        """Leukocytes that readers corrected, marked or removed."""
        return sum(field.n_corrected for field in self.fields)

    @property
    def counted(self) -> CellSummary:
        """The blast-like share of the networks, with Wilson's interval over leukocytes."""
        return count_findings([finding_of_answer(answer) for answer in self.answers])

    @property
    def counted_as_corrected(self) -> CellSummary:
        """The same as readers corrected it."""
        return count_findings([finding_of_answer(answer) for answer in self.corrected])

    @property
    def over_fields(self) -> Estimate | None:
        """The share as corrected, with the interval of fields drawn anew; None for too few."""
        return _over_fields([field.corrected for field in self.fields])


def summarize_case(images: Iterable[CaseImage], corrections: Corrections) -> CaseSummary:
    """Count the leukocytes of a case.

    Args:
        images: of the case; of the same file the one that was read last counts.
        corrections: of leukocytes, by the hash of the reader's file.
    """
    judged = [one for one in images if one.item.state is ItemState.DONE]
    last = {file_sha256(one.item): one for one in sorted(judged, key=lambda one: one.item.id)}
    kept = [one for one in judged if last[file_sha256(one.item)] is one]
    fields = [one for one in kept if one.item.mode == "field"]
    readable = [one for one in fields if verdict_of(one.item) != REJECTED]
    counted = [one for one in readable if one.cells is not None]
    return CaseSummary(
        item_ids=tuple(one.item.id for one in kept),
        fields=tuple(_count(one, corrections) for one in counted),
        n_repeated=len(judged) - len(kept),
        n_not_fields=len(kept) - len(fields),
        n_refused=len(fields) - len(readable),
        n_without_cells=len(readable) - len(counted),
    )


def _count(image: CaseImage, corrections: Corrections) -> FieldCount:
    cells = image.cells or ()
    made = corrections.get(file_sha256(image.item) or "", ())
    names = corrected_names([cell.box for cell in cells], [cell.answer for cell in cells], made)
    return FieldCount(
        item_id=image.item.id,
        answers=tuple(cell.answer for cell in cells),
        corrected=names.answers,
        n_corrected=names.n_corrected,
    )


def _over_fields(fields: Sequence[Sequence[str | None]]) -> Estimate | None:
    judged = [
        (number, finding_of_answer(answer) == LEUKEMIA)
        for number, answers in enumerate(fields)
        for answer in answers
        if answer is not None
    ]
    groups = [number for number, _ in judged]
    if len(set(groups)) < ENOUGH_FIELDS:
        return None
    return rate_over_groups(np.array([hit for _, hit in judged], np.bool_), groups)
