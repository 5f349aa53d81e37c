"""What the background alone gives away: a logistic regression that never sees the cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leukapp.data.catalog import Sample
from leukapp.evaluation.background import MAX_ITERATIONS
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted

MAX_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundRow:
    """How well one thing is read from the edge of the image.

    Attributes:
        where: the source within which it was tried, or ``all sources``.
        target: ``source`` or ``label``.
        n_images: images judged.
        n_groups: groups among them.
        n_classes: values that had to be told apart.
        chance: balanced accuracy of guessing.
        balanced_accuracy: of the regression, by grouped cross-validation, 95% interval over
            groups.
    """

    where: str
    target: str
    n_images: int
    n_groups: int
    n_classes: int
    chance: float
    balanced_accuracy: Estimate


def measure_background(
    samples: Sequence[Sample], background: NDArray[np.float32], *, seed: int = 0
) -> tuple[BackgroundRow, ...]:
    """Read the source, and within every source the label, from the background alone.

    Args:
        samples: of the images.
        background: edge features, float32 (images, features).
        seed: of the folds and the resampling.

    Returns:
        One row for each thing that can be tried: at least two classes of two groups each.
    """
    sources = np.array([sample.source for sample in samples])
    labels = np.array([sample.label for sample in samples])
    groups = np.array([sample.group for sample in samples])
    tried = [("all sources", "source", np.arange(len(samples)), sources)]
    tried += [("all sources", "label", np.arange(len(samples)), labels)]
    if len(np.unique(sources)) > 1:
        tried += [
            (str(source), "label", np.flatnonzero(sources == source), labels)
            for source in np.unique(sources)
        ]
    rows = []
    for where, target, chosen, values in tried:
        estimate = _cross_validate(background[chosen], values[chosen], groups[chosen], seed)
        if estimate is not None:
            n_classes = len(np.unique(values[chosen]))
            rows.append(
                BackgroundRow(
                    where=where,
                    target=target,
                    n_images=len(chosen),
                    n_groups=len(np.unique(groups[chosen])),
                    n_classes=n_classes,
                    chance=1 / n_classes,
                    balanced_accuracy=estimate,
                )
            )
    return tuple(rows)


def count_folds(values: NDArray[np.generic], groups: NDArray[np.generic]) -> int:
    """Folds of a grouped cross-validation: at most 5, at most the groups of the rarest class."""
    return min(
        MAX_FOLDS, min(len(np.unique(groups[values == value])) for value in np.unique(values))
    )


def balanced_accuracy_over_groups(
    truth: NDArray[np.generic],
    is_right: NDArray[np.floating],
    groups: NDArray[np.generic],
    seed: int,
) -> Estimate:
    """Balanced accuracy with its 95% interval over groups.

    Args:
        truth: true class of each image, (images,).
        is_right: 1 right, 0 wrong, or the share of its versions that are right, (images,).
        groups: group of each image, (images,).
        seed: of the resampling.
    """
    members = np.stack([truth == value for value in np.unique(truth)]).astype(np.float64)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = weights @ members.T
        right = weights @ (members * is_right).T
        recall = np.divide(right, drawn, out=np.full_like(right, np.nan), where=drawn > 0)
        return np.asarray(recall.mean(axis=1), np.float64)

    return bootstrap_weighted(statistic, groups, seed=seed)


def _cross_validate(
    features: NDArray[np.float32],
    values: NDArray[np.str_],
    groups: NDArray[np.str_],
    seed: int,
) -> Estimate | None:
    """Balanced accuracy of grouped folds; None where that cannot be tried."""
    if len(np.unique(values)) < 2 or (n_folds := count_folds(values, groups)) < 2:
        return None
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    is_right = np.zeros(len(values), np.float64)
    for train, test in folds.split(features, values, groups):
        if len(np.unique(values[train])) < 2:
            return None
        model = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=MAX_ITERATIONS)
        )
        is_right[test] = (
            model.fit(features[train], values[train]).predict(features[test]) == (values[test])
        )
    return balanced_accuracy_over_groups(values, is_right, groups, seed)
