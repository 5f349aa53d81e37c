"""How far reviewers, and reviewers and the network, agree: kappa with its interval, confusion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.intervals import (
    N_RESAMPLES,
    Estimate,
    bootstrap_over_groups,
    wilson_interval,
)
from leukapp.labels import ANSWER_NAMES, CLASS_NAMES, HEALTHY
from leukapp.review.double_reading import DoubleReading, reader_of
from leukapp.review.records import DecisionKind
from leukapp.review.worklist import WorklistEntry, reviewer_answer

NO_TYPE: Final = len(CLASS_NAMES)
"""Row and column of a leukemia whose type is not named."""
NO_ANSWER: Final = NO_TYPE + 1
"""Row "no class given" of the reviewer, column "no call" of the network."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Two answers to each of some images, compared.

    Attributes:
        n_compared: images to which both gave a class; kappa and ``agreed`` are over these alone.
        agreed: share of the compared images with the same class, 0-1, Wilson's 95% interval; None
            without compared images.
        finding_agreed: share of the images to which both gave a finding, Healthy or leukemia, and
            that have the same one, as ``agreed``; a leukemia whose type is not named counts here.
        n_findings: images to which both gave a finding.
        kappa: Cohen's kappa with a 95% interval from a bootstrap over images; None where it is not
            defined, which is where both gave one and the same class to every image. Its interval
            is too narrow where images of one patient are among them.
        counts: int64 (classes + 2, classes + 2), row = the first answer, column = the second, in
            the order of ``ANSWER_NAMES``; the last row and column are that of no class; read-only.
    """

    n_compared: int
    agreed: Estimate | None
    finding_agreed: Estimate | None
    n_findings: int
    kappa: Estimate | None
    counts: NDArray[np.int64]

    @property
    def shown(self) -> tuple[int, ...]:
        """Rows and columns of ``counts`` to show: that of no type only where somebody gave it."""
        is_given = bool(self.counts[NO_TYPE].any() or self.counts[:, NO_TYPE].any())
        return tuple(i for i in range(NO_ANSWER + 1) if i != NO_TYPE or is_given)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """Reviewers against the network on one list of images.

    Attributes:
        n_judged: images with an answer of the network.
        n_reviewed: of those, images with a decision that stands.
        n_blinded: of those, decided before the verdict was shown.
        n_unsure: of the reviewed ones, "unsure".
        coverage: share of the judged images that were reviewed, 0-1; None without judged images.
        comparison: row = reviewer, whose last row is "no class given"; column = network, whose last
            column is "no call".
    """

    n_judged: int
    n_reviewed: int
    n_blinded: int
    n_unsure: int
    coverage: float | None
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReaderAgreement:
    """Two readers of the same images.

    Attributes:
        readers: their names, row and column of the comparison.
        n_both: images that both have signed.
        n_later: of those, images on which one of them signed after seeing the other's decision;
            they are not compared.
        comparison: of the other ones.
    """

    readers: tuple[str, str]
    n_both: int
    n_later: int
    comparison: Comparison


def measure_agreement(
    entries: Sequence[WorklistEntry],
    *,
    blinded_only: bool = False,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Agreement:
    """Compare what reviewers decided with what the network answered.

    Args:
        entries: judged images of one batch with the decisions that stand.
        blinded_only: count only decisions that were made before the verdict was shown; the others
            count as not reviewed.
        n_resamples: of the bootstrap.
        seed: of its draws.
    """
    reviewed = [
        (reviewer_answer(entry), entry.item.answer_name, entry.decision)
        for entry in entries
        if entry.decision is not None and (entry.decision.is_blinded or not blinded_only)
    ]
    return Agreement(
        n_judged=len(entries),
        n_reviewed=len(reviewed),
        n_blinded=sum(decision.is_blinded for _, _, decision in reviewed),
        n_unsure=sum(decision.kind is DecisionKind.UNSURE for _, _, decision in reviewed),
        coverage=len(reviewed) / len(entries) if entries else None,
        comparison=compare_answers(
            [(reviewer, network) for reviewer, network, _ in reviewed],
            n_resamples=n_resamples,
            seed=seed,
        ),
    )


def measure_readers(
    readings: Iterable[DoubleReading], *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> tuple[ReaderAgreement, ...]:
    """Compare each pair of readers of a batch, those with the most common images first.

    Args:
        readings: of the images of one batch.
        n_resamples: of the bootstrap.
        seed: of its draws.
    """
    of_pairs: dict[tuple[str, str], list[DoubleReading]] = {}
    for reading in readings:
        if reading.is_complete:
            first, second = sorted(reader_of(one) for one in reading.readings)
            of_pairs.setdefault((first, second), []).append(reading)
    found = [
        _compare_pair(pair, common, n_resamples=n_resamples, seed=seed)
        for pair, common in of_pairs.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.n_both, one.readers)))


def _compare_pair(
    pair: tuple[str, str], common: Sequence[DoubleReading], *, n_resamples: int, seed: int
) -> ReaderAgreement:
    answers = []
    for reading in common:
        if reading.is_independent:
            by_name = sorted(reading.readings, key=reader_of)
            answers.append((by_name[0].answer_name, by_name[1].answer_name))
    return ReaderAgreement(
        readers=pair,
        n_both=len(common),
        n_later=len(common) - len(answers),
        comparison=compare_answers(answers, n_resamples=n_resamples, seed=seed),
    )


def compare_answers(
    answers: Sequence[tuple[str | None, str | None]], *, n_resamples: int, seed: int
) -> Comparison:
    """Compare two answers to each of some images.

    Args:
        answers: names of answers, or None for no class, as many as there are images.
        n_resamples: of the bootstrap.
        seed: of its draws.
    """
    pairs = np.array(
        [(_index(first), _index(second)) for first, second in answers], np.int64
    ).reshape(-1, 2)
    counts = np.zeros((NO_ANSWER + 1, NO_ANSWER + 1), np.int64)
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1)
    counts.flags.writeable = False
    compared = pairs[(pairs < NO_TYPE).all(axis=1)]
    is_healthy = pairs[(pairs != NO_ANSWER).all(axis=1)] == CLASS_NAMES.index(HEALTHY)
    n_findings = len(is_healthy)
    n_same_finding = int((is_healthy[:, 0] == is_healthy[:, 1]).sum())
    n_same = int((compared[:, 0] == compared[:, 1]).sum())
    return Comparison(
        n_compared=len(compared),
        agreed=wilson_interval(n_same, len(compared)) if len(compared) else None,
        finding_agreed=wilson_interval(n_same_finding, n_findings) if n_findings else None,
        n_findings=n_findings,
        kappa=_kappa(compared, n_resamples=n_resamples, seed=seed),
        counts=counts,
    )


def _index(answer: str | None) -> int:
    return NO_ANSWER if answer is None else ANSWER_NAMES.index(answer)


def _kappa(pairs: NDArray[np.int64], *, n_resamples: int, seed: int) -> Estimate | None:
    """Cohen's kappa of classes, int64 (images, 2); None where it is not defined."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(pairs)) < 2:
        return None

    def kappa_of(rows: NDArray[np.int64]) -> float:
        drawn = pairs[rows]
        if len(np.unique(drawn)) < 2:
            return float("nan")
        return float(cohen_kappa_score(drawn[:, 0], drawn[:, 1], labels=list(range(NO_TYPE))))

    return bootstrap_over_groups(
        kappa_of, np.arange(len(pairs)), n_resamples=n_resamples, seed=seed
    )
