"""How far the answers to changed copies agree with those to the originals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.resolution.answers import AS_IT_IS, KeptAnswer
from leukapp.evaluation.intervals import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Answers to copies beside those to their originals.

    Attributes:
        source: the data set, or ``all``.
        change: what was done to the copies, or ``all``.
        n_pairs: copies compared.
        same_answer: share with the same label or both without one, 0-1.
        same_answer_low: lower end of its Wilson 95 % interval.
        same_finding: share with the same finding (Healthy, leukemia) or both without one.
        same_readable: share where both or neither had a leukocyte to judge.
        median_change: of P(leukemia), absolute, where both have one; None where none has.
        change_95: 95th percentile of the same.
    """

    source: str
    change: str
    n_pairs: int
    same_answer: float
    same_answer_low: float
    same_finding: float
    same_readable: float
    median_change: float | None
    change_95: float | None


def measure_agreement(answers: Iterable[KeptAnswer]) -> tuple[Agreement, ...]:
    """Agreement of each source and change, of each source, of each change, and of all.

    Args:
        answers: to originals and their copies, an original before its copies.
    """
    pairs = defaultdict(list)
    original: KeptAnswer | None = None
    for answer in answers:
        if answer.change == AS_IT_IS:
            original = answer
        elif original is not None and original.image_sha256 == answer.image_sha256:
            for source in (answer.source, "all"):
                for change in (answer.change, "all"):
                    pairs[source, change].append((original, answer))
    return tuple(_agree(source, change, found) for (source, change), found in pairs.items())


def _agree(source: str, change: str, pairs: Sequence[tuple[KeptAnswer, KeptAnswer]]) -> Agreement:
    changes = [
        abs(first.leukemia - second.leukemia)
        for first, second in pairs
        if first.leukemia is not None and second.leukemia is not None
    ]
    n_same = sum(first.label == second.label for first, second in pairs)
    return Agreement(
        source=source,
        change=change,
        n_pairs=len(pairs),
        same_answer=n_same / len(pairs),
        same_answer_low=wilson_interval(n_same, len(pairs)).low or 0.0,
        same_finding=_share(first.finding == second.finding for first, second in pairs),
        same_readable=_share(
            (first.leukemia is None) == (second.leukemia is None) for first, second in pairs
        ),
        median_change=float(np.median(changes)) if changes else None,
        change_95=float(np.quantile(changes, 0.95)) if changes else None,
    )


def _share(matches: Iterable[bool]) -> float:
    return float(np.mean(list(matches)))
