"""The list of images to review: what is in it, in which order, and what comes next."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from leukapp.labels import ANSWER_NAMES
from leukapp.review.double_reading import DoubleReading, read_doubly
from leukapp.review.records import BatchItem, Decision, DecisionKind, ItemState
from leukapp.review.standing import standing_decisions

NO_CALL: Final = "no call"
"""Stands for "no call" among the verdicts of a filter."""
REJECTED: Final = "not to be judged"
"""Stands for a picture that the quality check refused, so that nothing was asked of its cells."""
NO_CLASS: Final = "no class given"
"""Stands for a decision that gives no class among the answers of reviewers."""
SAID: Final = (*ANSWER_NAMES, NO_CLASS)
VERDICTS: Final = (*ANSWER_NAMES, NO_CALL, REJECTED)


class BranchFilter(StrEnum):
    """Filter by the branches' votes."""

    ANY = "any"
    AGREE = "agree"
    DISAGREE = "disagree"


class QualityFilter(StrEnum):
    """Filter by the quality check."""

    ANY = "any"
    CLEAN = "clean"
    WITH_FINDINGS = "with findings"


class ReviewFilter(StrEnum):
    """Filter by what a reviewer said."""

    ANY = "any"
    OPEN = "not reviewed"
    REVIEWED = "reviewed"
    AGREE = "agree"
    OVERRIDE = "override"
    UNSURE = "unsure"
    DIFFER = "readers differ"


class WorklistOrder(StrEnum):
    """Order of the worklist."""

    UNCERTAIN_FIRST = "uncertain first"
    CONFIDENT_FIRST = "confident first"
    POSITION = "as they came"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistEntry:
    """One judged image and what a reviewer said last.

    Attributes:
        item: the image, judged.
        decision: the decision that stands, or None; of two readers the one that may be shown.
        reading: what both readers signed, once both have; None before, and where one is asked for.
    """

    item: BatchItem
    decision: Decision | None
    reading: DoubleReading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistFilter:
    """Which images are shown; the default shows all.

    Attributes:
        verdicts: among ``VERDICTS``; empty for every verdict.
        min_confidence: lowest probability of the verdict, of the most probable class where there is
            no call, 0-1.
        max_confidence: highest, 0-1; an image without probabilities counts as 0.
        branches: by the branches' votes.
        quality: by the quality check.
        review: by what a reviewer said.
        said: among ``SAID``, by the answer that a reviewer gave; empty for every answer.
    """

    verdicts: frozenset[str] = frozenset()
    min_confidence: float = 0.0
    max_confidence: float = 1.0
    branches: BranchFilter = BranchFilter.ANY
    quality: QualityFilter = QualityFilter.ANY
    review: ReviewFilter = ReviewFilter.ANY
    said: frozenset[str] = frozenset()

    def keeps(self, entry: WorklistEntry) -> bool:
        """Whether an image is shown."""
        item = entry.item
        return (
            (not self.verdicts or verdict_of(item) in self.verdicts)
            and self.min_confidence <= (item.confidence or 0.0) <= self.max_confidence
            and _keeps_branches(self.branches, item)
            and _keeps_quality(self.quality, item)
            and _keeps_review(self.review, entry)
            and (not self.said or _said(entry) in self.said)
        )


def build_worklist(
    items: Iterable[BatchItem], decisions: Iterable[Decision]
) -> tuple[WorklistEntry, ...]:
    """Join judged images with the decisions that stand.

    Args:
        items: of one batch; those that wait or could not be read are left out.
        decisions: of the same batch, oldest first.
    """
    standing = standing_decisions(decisions)
    return tuple(
        WorklistEntry(item=item, decision=standing.get(item.id))
        for item in items
        if item.state is ItemState.DONE
    )


def build_double_worklist(
    items: Iterable[BatchItem], decisions: Iterable[Decision], *, reader: str
) -> tuple[WorklistEntry, ...]:
    """Join judged images with what one of two readers may see.

    Args:
        items: of one batch; those that wait or could not be read are left out.
        decisions: of the same batch, oldest first.
        reader: as ``reader_of`` names who looks.
    """
    readings = read_doubly(decisions)
    entries = []
    for item in items:
        if item.state is not ItemState.DONE:
            continue
        reading = readings.get(item.id, DoubleReading())
        visible = reading if reading.is_revealed else None
        entries.append(WorklistEntry(item=item, decision=reading.shown_to(reader), reading=visible))
    return tuple(entries)


def reviewer_answer(entry: WorklistEntry) -> str | None:
    """Give the answer that the reviewer stands for, or None for "unsure" and without a decision.

    To agree with a "no call" gives no answer either.

    Args:
        entry: an image and its decision.
    """
    if entry.decision is None:
        return None
    if entry.decision.kind is DecisionKind.AGREE:
        return entry.item.answer_name
    return entry.decision.answer_name if entry.decision.kind is DecisionKind.OVERRIDE else None


def choose_entries(
    entries: Sequence[WorklistEntry], wanted: WorklistFilter, order: WorklistOrder
) -> tuple[WorklistEntry, ...]:
    """Give the images that a filter keeps, in an order.

    Args:
        entries: of one batch.
        wanted: which are kept.
        order: how they are sorted; equal ones stay as they came. Sorted by the answer, pictures
            that the quality check refused come last, for they have none.
    """
    kept = [entry for entry in entries if wanted.keeps(entry)]
    if order is WorklistOrder.POSITION:
        return tuple(sorted(kept, key=lambda entry: entry.item.position))
    sign = -1 if order is WorklistOrder.UNCERTAIN_FIRST else 1
    return tuple(
        sorted(
            kept,
            key=lambda entry: (
                verdict_of(entry.item) == REJECTED,
                sign * uncertainty(entry.item),
                entry.item.position,
            ),
        )
    )


def verdict_of(item: BatchItem) -> str:
    """Give what a judged image counts as: an answer, ``NO_CALL`` or ``REJECTED``.

    Args:
        item: judged.
    """
    if item.answer_name is not None:
        return item.answer_name
    return REJECTED if item.no_call_reason in item.quality else NO_CALL


def count_verdicts(entries: Iterable[WorklistEntry]) -> dict[str, int]:
    """Count the images of each verdict that there is, in the order of ``VERDICTS``.

    Args:
        entries: of one batch.
    """
    counts = Counter(verdict_of(entry.item) for entry in entries)
    return {name: counts[name] for name in VERDICTS if counts[name]}


def uncertainty(item: BatchItem) -> float:
    """How unsure an answer is, 0 for one certain class to 1.

    The entropy of the calibrated probabilities over its largest value. An image without
    probabilities is as uncertain as can be: nobody can say what it shows.

    Args:
        item: judged.
    """
    if not item.probabilities:
        return 1.0
    values = item.probabilities.values()
    entropy = -sum(value * math.log(value) for value in values if value > 0)
    return entropy / math.log(max(2, len(item.probabilities)))


def neighbor(
    entries: Sequence[WorklistEntry], item_id: int | None, *, step: int
) -> WorklistEntry | None:
    """Give the entry before or after an item, or None at the end of the list.

    Args:
        entries: as they are shown.
        item_id: of the entry on the screen; one that is not in the list stands before its start.
        step: 1 for the next one, -1 for the one before.
    """
    places = {entry.item.id: place for place, entry in enumerate(entries)}
    place = places.get(item_id, -1) if item_id is not None else -1
    wanted = place + step
    return entries[wanted] if 0 <= wanted < len(entries) else None


def next_open(entries: Sequence[WorklistEntry], item_id: int | None = None) -> WorklistEntry | None:
    """Give the next image that nobody has decided on, from an item onwards and then from the start.

    Args:
        entries: as they are shown.
        item_id: of the entry on the screen.
    """
    places = {entry.item.id: place for place, entry in enumerate(entries)}
    start = places.get(item_id, -1) + 1 if item_id is not None else 0
    turned = [*entries[start:], *entries[:start]]
    return next((entry for entry in turned if entry.decision is None), None)


def _said(entry: WorklistEntry) -> str | None:
    return None if entry.decision is None else reviewer_answer(entry) or NO_CLASS


def _keeps_branches(wanted: BranchFilter, item: BatchItem) -> bool:
    if wanted is BranchFilter.ANY:
        return True
    return item.branches_agree is (wanted is BranchFilter.AGREE)


def _keeps_quality(wanted: QualityFilter, item: BatchItem) -> bool:
    if wanted is QualityFilter.ANY:
        return True
    return bool(item.quality) is (wanted is QualityFilter.WITH_FINDINGS)


def _keeps_review(wanted: ReviewFilter, entry: WorklistEntry) -> bool:
    decision = entry.decision
    if wanted is ReviewFilter.ANY:
        return True
    if wanted is ReviewFilter.OPEN:
        return decision is None
    if wanted is ReviewFilter.DIFFER:
        return entry.reading is not None and entry.reading.is_disagreement
    if decision is None:
        return False
    return wanted is ReviewFilter.REVIEWED or decision.kind.value == wanted.value
