"""What the worklist sorts and filters an answer by; stored beside it, so that a page is a query."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Self

from leukapp.labels import ANSWER_NAMES

NO_CALL: Final = "no call"
"""Stands for "no call" among the verdicts of a filter."""
REJECTED: Final = "not to be judged"
"""Stands for a picture that the quality check refused, so that nothing was asked of its cells."""
VERDICTS: Final = (*ANSWER_NAMES, NO_CALL, REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKeys:
    """What follows from an answer and is stored with it; the names are those of the columns.

    Attributes:
        verdict: one of ``VERDICTS``.
        is_refused: the quality check refused the picture; such ones come last in every order by the
            answer, for they have none.
        doubt: how unsure the answer is, 0-1; see :func:`uncertainty`.
        has_findings: the quality check found something.
    """

    verdict: str
    is_refused: bool
    doubt: float
    has_findings: bool

    @classmethod
    def of(
        cls,
        answer_name: str | None,
        *,
        no_call_reason: str | None,
        probabilities: Mapping[str, float] | None,
        quality: Collection[str],
    ) -> Self:
        """Work them out.

        Args:
            answer_name: what is called; None for "no call".
            no_call_reason: one sentence, or None.
            probabilities: class to calibrated probability, or None.
            quality: sentences of the quality check.
        """
        verdict = verdict_name(answer_name, no_call_reason=no_call_reason, quality=quality)
        return cls(
            verdict=verdict,
            is_refused=verdict == REJECTED,
            doubt=uncertainty(probabilities),
            has_findings=bool(quality),
        )


def verdict_name(
    answer_name: str | None, *, no_call_reason: str | None, quality: Collection[str]
) -> str:
    """Give what a judged image counts as: an answer, ``NO_CALL`` or ``REJECTED``.

    Args:
        answer_name: what is called; None for "no call".
        no_call_reason: one sentence, or None.
        quality: sentences of the quality check.
    """
    if answer_name is not None:
        return answer_name
    return REJECTED if no_call_reason in quality else NO_CALL


def uncertainty(probabilities: Mapping[str, float] | None) -> float:
    """How unsure an answer is, 0 for one certain class to 1.

    The entropy of the calibrated probabilities over its largest value. An image without
    probabilities is as uncertain as can be: nobody can say what it shows.

    Args:
        probabilities: class to probability, or None.
    """
    if not probabilities:
        return 1.0
    entropy = -sum(value * math.log(value) for value in probabilities.values() if value > 0)
    return entropy / math.log(max(2, len(probabilities)))
