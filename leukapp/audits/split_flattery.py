"""How much a random split of turned copies would flatter, against a split that keeps groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leukapp.audits.background_shortcut import balanced_accuracy_over_groups, count_folds
from leukapp.audits.picture_features import turned_features
from leukapp.data.catalog import Sample
from leukapp.data.d4 import D4Element
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted

VERSIONS: Final = (
    D4Element.IDENTITY,
    D4Element.ROTATE_90,
    D4Element.FLIP_HORIZONTAL,
    D4Element.ANTI_TRANSPOSE,
)
"""Turned copies of each image; half of the paper's distinct ones, for speed."""

LINEAR: Final = "linear"
MEMORIZING: Final = "nearest neighbor"
MAX_ITERATIONS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatteryRow:
    """The same classifier under both ways of splitting, within one source.

    Attributes:
        source: its name.
        classifier: ``linear`` (logistic regression) or ``nearest neighbor``, which memorizes.
        n_images: images.
        n_groups: groups; patients or blocks where they are known.
        groups_known: False where each image stands as its own group: then the grouped figure
            still flatters.
        random_balanced_accuracy: turned copies first, then split at random.
        grouped_balanced_accuracy: no group on both sides.
        error_ratio: error of the grouped split over that of the random one; 2 means that the
            random split hides half of the errors. None where the random split shows no error.
    """

    source: str
    classifier: str
    n_images: int
    n_groups: int
    groups_known: bool
    random_balanced_accuracy: Estimate
    grouped_balanced_accuracy: Estimate
    error_ratio: Estimate | None


def measure_flattery(
    samples: Sequence[Sample],
    features: NDArray[np.float32],
    thumbnails: NDArray[np.float32],
    *,
    seed: int = 0,
) -> tuple[FlatteryRow, ...]:
    """Compare both ways of splitting within every source that holds two classes.

    Args:
        samples: of the images.
        features: colors and textures, float32 (images, features).
        thumbnails: float32 (images, 8, 8, 3).
        seed: of the folds and the resampling.

    Returns:
        Two rows a source; none for sources of one class or with a class of a single group.
    """
    rows: list[FlatteryRow] = []
    for source in sorted({sample.source for sample in samples}):
        chosen = [index for index, sample in enumerate(samples) if sample.source == source]
        members = [samples[index] for index in chosen]
        labels = np.array([sample.label for sample in members])
        groups = np.array([sample.group for sample in members])
        if len(np.unique(labels)) < 2 or count_folds(labels, groups) < 2:
            continue
        versions = np.stack(
            [turned_features(features[chosen], thumbnails[chosen], e) for e in VERSIONS], axis=1
        )
        for classifier in (LINEAR, MEMORIZING):
            random = _judge_random(versions, labels, classifier, seed)
            grouped = _judge_grouped(versions, labels, groups, classifier, seed)
            rows.append(
                FlatteryRow(
                    source=source,
                    classifier=classifier,
                    n_images=len(members),
                    n_groups=len(np.unique(groups)),
                    groups_known=all(sample.groups_known for sample in members),
                    random_balanced_accuracy=balanced_accuracy_over_groups(
                        labels, random, groups, seed
                    ),
                    grouped_balanced_accuracy=balanced_accuracy_over_groups(
                        labels, grouped, groups, seed
                    ),
                    error_ratio=_error_ratio(random, grouped, groups, seed),
                )
            )
    return tuple(rows)


def _build(classifier: str) -> Any:
    if classifier == MEMORIZING:
        return make_pipeline(StandardScaler(), KNeighborsClassifier(1, algorithm="brute"))
    regression = LogisticRegression(
        C=0.1, class_weight="balanced", max_iter=MAX_ITERATIONS, tol=1e-3
    )
    return make_pipeline(StandardScaler(), regression)


def _judge_random(
    versions: NDArray[np.float32], labels: NDArray[np.str_], classifier: str, seed: int
) -> NDArray[np.float64]:
    """Share of each image's versions that are right, float64 (images,): copies split at random."""
    n_images, n_versions, n_features = versions.shape
    rows = versions.reshape(-1, n_features)
    repeated = np.repeat(labels, n_versions)
    is_right = np.zeros(len(rows), np.float64)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(rows, repeated):
        model = _build(classifier).fit(rows[train], repeated[train])
        is_right[test] = model.predict(rows[test]) == repeated[test]
    return np.asarray(is_right.reshape(n_images, n_versions).mean(axis=1))


def _judge_grouped(
    versions: NDArray[np.float32],
    labels: NDArray[np.str_],
    groups: NDArray[np.str_],
    classifier: str,
    seed: int,
) -> NDArray[np.float64]:
    """The same, all versions of all images of a group on one side."""
    n_versions, n_features = versions.shape[1:]
    folds = StratifiedGroupKFold(count_folds(labels, groups), shuffle=True, random_state=seed)
    is_right = np.zeros(len(labels), np.float64)
    for train, test in folds.split(versions[:, 0], labels, groups):
        train_labels = np.repeat(labels[train], n_versions)
        model = _build(classifier).fit(versions[train].reshape(-1, n_features), train_labels)
        predicted = model.predict(versions[test].reshape(-1, n_features)).reshape(-1, n_versions)
        is_right[test] = (predicted == labels[test, None]).mean(axis=1)
    return is_right


def _error_ratio(
    random: NDArray[np.float64],
    grouped: NDArray[np.float64],
    groups: NDArray[np.str_],
    seed: int,
) -> Estimate | None:
    """Errors of the grouped split over those of the random one, with its interval over groups."""
    if random.min() == 1:
        return None

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        hidden = weights @ (1 - random)
        ratio = np.full(len(weights), np.nan)
        np.divide(weights @ (1 - grouped), hidden, out=ratio, where=hidden > 0)
        return ratio

    return bootstrap_weighted(statistic, groups, seed=seed)
