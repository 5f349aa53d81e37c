"""Images that were called wrongly or not at all, of any number of sources, the surest first."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from leukapp.evaluation.held_out import HeldOutSet

FailureKind: TypeAlias = Literal["missed", "false_alarm", "wrong_type", "no_call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One image.

    Attributes:
        row: of the set.
        kind: ``missed`` (leukemia called Healthy), ``false_alarm`` (Healthy called leukemia),
            ``wrong_type`` (one leukemia called another), or ``no_call``.
        probability: of the most probable class, 0-1; NaN where no leukocyte was found.
    """

    row: int
    kind: FailureKind
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """How many images of one source have no right call.

    Attributes:
        source: as the table names it.
        n_images: of the source.
        n_missed: leukemia called Healthy.
        n_false_alarms: Healthy called leukemia.
        n_wrong_types: one leukemia called another.
        n_no_call: without a call.
    """

    source: str
    n_images: int
    n_missed: int
    n_false_alarms: int
    n_wrong_types: int
    n_no_call: int


def count_failures(held_out: HeldOutSet) -> tuple[FailureCount, ...]:
    """Count the failures of each source; they are never pooled.

    Args:
        held_out: one protocol, of any number of sources.
    """
    counts = Counter((held_out.sources[one.row], one.kind) for one in find_failures(held_out))
    images = Counter(held_out.sources)
    return tuple(
        FailureCount(
            source=source,
            n_images=images[source],
            n_missed=counts[source, "missed"],
            n_false_alarms=counts[source, "false_alarm"],
            n_wrong_types=counts[source, "wrong_type"],
            n_no_call=counts[source, "no_call"],
        )
        for source in held_out.source_names
    )


def find_failures(held_out: HeldOutSet) -> tuple[Failure, ...]:
    """Give every image without a right call, the surest answer first.

    Args:
        held_out: one protocol, of any number of sources.
    """
    is_healthy = held_out.true_labels == held_out.healthy_index
    is_wrong, says_leukemia = held_out.is_wrong_call, held_out.is_called_leukemia
    tops = held_out.probabilities.max(axis=1)
    found = []
    for row in np.flatnonzero(is_wrong | ~held_out.is_called):
        kind: FailureKind = "wrong_type"
        if not held_out.is_called[row]:
            kind = "no_call"
        elif is_healthy[row]:
            kind = "false_alarm"
        elif not says_leukemia[row]:
            kind = "missed"
        found.append(Failure(row=int(row), kind=kind, probability=float(tops[row])))
    return tuple(sorted(found, key=lambda one: (-np.nan_to_num(one.probability), one.row)))
