"""The list of images to review: what an entry is, and what can be asked of the list."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from leukapp.labels import ANSWER_NAMES
from leukapp.review.answer_keys import VERDICTS, verdict_name
from leukapp.review.double_reading import DoubleReading, read_doubly
from leukapp.review.records import BatchItem, Decision, DecisionKind, ItemState
from leukapp.review.standing import standing_decisions

NO_CLASS: Final = "no class given"
"""Stands for a decision that gives no class among the answers of reviewers."""
SAID: Final = (*ANSWER_NAMES, NO_CLASS)


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


def verdict_of(item: BatchItem) -> str:
    """Give what a judged image counts as: an answer, ``NO_CALL`` or ``REJECTED``.

    Args:
        item: judged.
    """
    return verdict_name(item.answer_name, no_call_reason=item.no_call_reason, quality=item.quality)


def count_verdicts(entries: Iterable[WorklistEntry]) -> dict[str, int]:
    """Count the images of each verdict that there is, in the order of ``VERDICTS``.

    Args:
        entries: of one batch.
    """
    counts = Counter(verdict_of(entry.item) for entry in entries)
    return {name: counts[name] for name in VERDICTS if counts[name]}
