"""How far reviewers and the network agree: kappa with its interval, confusion, coverage."""

from collections.abc import Sequence
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
from leukapp.labels import CLASS_NAMES
from leukapp.review.records import DecisionKind
from leukapp.review.worklist import WorklistEntry

NO_ANSWER: Final = len(CLASS_NAMES)
"""Row "no class given" of the reviewer, column "no call" of the network."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """Reviewers against the network on one list of images.

    Attributes:
        n_judged: images with an answer of the network.
        n_reviewed: of those, images with a decision that stands.
        n_blinded: of those, decided before the verdict was shown.
        n_unsure: of the reviewed ones, "unsure".
        n_compared: images to which both gave a class; kappa and ``agreed`` are over these alone.
        coverage: share of the judged images that were reviewed, 0-1; None without judged images.
        agreed: share of the compared images with the same class, 0-1, Wilson's 95% interval; None
            without compared images.
        kappa: Cohen's kappa with a 95% interval from a bootstrap over images; None where it is not
            defined, which is where both gave one and the same class to every image. Its interval
            is too narrow where images of one patient are among them.
        counts: int64 (classes + 1, classes + 1), row = reviewer, column = network, in the order of
            ``CLASS_NAMES``; the last row is "no class given", the last column "no call"; read-only.
    """

    n_judged: int
    n_reviewed: int
    n_blinded: int
    n_unsure: int
    n_compared: int
    coverage: float | None
    agreed: Estimate | None
    kappa: Estimate | None
    counts: NDArray[np.int64]


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
        (reviewer_label(entry), entry.item.label, entry.decision)
        for entry in entries
        if entry.decision is not None and (entry.decision.is_blinded or not blinded_only)
    ]
    counts = np.zeros((len(CLASS_NAMES) + 1, len(CLASS_NAMES) + 1), np.int64)
    for reviewer, network, _ in reviewed:
        counts[_index(reviewer), _index(network)] += 1
    counts.flags.writeable = False
    pairs = np.array(
        [(_index(reviewer), _index(network)) for reviewer, network, _ in reviewed], np.int64
    ).reshape(-1, 2)
    compared = pairs[(pairs != NO_ANSWER).all(axis=1)]
    n_same = int((compared[:, 0] == compared[:, 1]).sum())
    return Agreement(
        n_judged=len(entries),
        n_reviewed=len(reviewed),
        n_blinded=sum(decision.is_blinded for _, _, decision in reviewed),
        n_unsure=sum(decision.kind is DecisionKind.UNSURE for _, _, decision in reviewed),
        n_compared=len(compared),
        coverage=len(reviewed) / len(entries) if entries else None,
        agreed=wilson_interval(n_same, len(compared)) if len(compared) else None,
        kappa=_kappa(compared, n_resamples=n_resamples, seed=seed),
        counts=counts,
    )


def reviewer_label(entry: WorklistEntry) -> str | None:
    """Give the class that the reviewer stands for, or None for "unsure" and without a decision.

    To agree with a "no call" gives no class either.

    Args:
        entry: an image and its decision.
    """
    if entry.decision is None:
        return None
    if entry.decision.kind is DecisionKind.AGREE:
        return entry.item.label
    return entry.decision.label if entry.decision.kind is DecisionKind.OVERRIDE else None


def _index(label: str | None) -> int:
    return NO_ANSWER if label is None else CLASS_NAMES.index(label)


def _kappa(pairs: NDArray[np.int64], *, n_resamples: int, seed: int) -> Estimate | None:
    """Cohen's kappa of classes, int64 (images, 2); None where it is not defined."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(pairs)) < 2:
        return None

    def kappa_of(rows: NDArray[np.int64]) -> float:
        drawn = pairs[rows]
        if len(np.unique(drawn)) < 2:
            return float("nan")
        return float(cohen_kappa_score(drawn[:, 0], drawn[:, 1], labels=list(range(NO_ANSWER))))

    return bootstrap_over_groups(
        kappa_of, np.arange(len(pairs)), n_resamples=n_resamples, seed=seed
    )
