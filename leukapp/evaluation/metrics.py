"""Figures of one held-out set: accuracy, per-class figures, areas, confusion, calls.

Nothing here pools: give one source and one protocol at a time (``build_report`` does).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

from leukapp.evaluation.auroc import weighted_auroc
from leukapp.evaluation.confusion import confusion_of
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted, rate_over_groups
from leukapp.labels import LEUKEMIA


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMetrics:
    """Figures of one class against the others, over all images, calls ignored.

    Attributes:
        class_name: one of the set's ``class_names``.
        precision: share of the images predicted as this class that are, 0-1; None if none were.
        recall: share of the images of this class that are predicted so, 0-1; None without any.
        f1: harmonic mean of precision and recall, 0-1; None if the set has no image of the class.
        support: number of images of this class.
        auroc: area under the ROC curve, 0-1; None unless the set has this class and another.
        auprc: average precision, 0-1; None as ``auroc``.
    """

    class_name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    auroc: float | None
    auprc: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetricReport:
    """All figures of one held-out set. Intervals are 95%, over groups (see ``intervals``).

    Attributes:
        n_images: number of rows; under the protocol ``paper`` augmented copies count.
        n_groups: number of groups; an upper bound on independent ones if they are not known.
        groups_known: whether every image has a known patient or block.
        accuracy: share of all images whose most probable class is right, calls ignored, 0-1; an
            image without an answer is not right. Of another leukemia any leukemia is right.
        weighted_precision: mean over the classes of the set, weighted by support, 0-1. This and
            what follows of single classes leaves images of another leukemia out.
        weighted_recall: as above; equals the accuracy.
        weighted_f1: as above.
        macro_precision: plain mean over the classes that the set has, 0-1; a class never predicted
            counts 0.
        macro_recall: as above; also known as balanced accuracy.
        macro_f1: as above.
        macro_auroc: mean one-against-rest area of the classes that the set has, 0-1; None if it
            has only one. No interval where classes are told apart without error.
        leukemia_auroc: area of the score ``1 - p_Healthy`` for leukemia (every class but Healthy)
            against Healthy, 0-1; None unless the set has both.
        per_class: in the order of the set's ``class_names``.
        confusion: int64 (classes, classes), row = true, column = predicted; all images with an
            answer; read-only.
        n_called: number of images with a call.
        coverage: share of images with a call, 0-1.
        accuracy_of_called: share of the called images that are not called wrongly, 0-1; None if
            none was called.
        leukemia_call_rate_of_healthy: share of Healthy images that are called leukemia, 0-1; a
            "no call" is not such a call; None if the set has no Healthy image.
    """

    n_images: int
    n_groups: int
    groups_known: bool
    accuracy: Estimate
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    macro_auroc: Estimate | None
    leukemia_auroc: Estimate | None
    per_class: tuple[ClassMetrics, ...]
    confusion: NDArray[np.int64]
    n_called: int
    coverage: float
    accuracy_of_called: Estimate | None
    leukemia_call_rate_of_healthy: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RocCurve:
    """Receiver operating characteristic of one class against the others.

    Attributes:
        class_name: one of the set's ``class_names``, or ``leukemia``.
        false_positive_rate: float64 (points,), 0-1, rising.
        sensitivity: float64 (points,), 0-1, rising.
        thresholds: float64 (points,), probability from which an image is positive, falling; the
            first is infinite.
        auroc: area under the curve, 0-1.
    """

    class_name: str
    false_positive_rate: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    auroc: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrCurve:
    """Precision over recall of one class against the others.

    Attributes:
        class_name: one of the set's ``class_names``, or ``leukemia``.
        recall: float64 (points,), 0-1, falling, ends at 0.
        precision: float64 (points,), 0-1, ends at 1.
        thresholds: float64 (points - 1,), probability from which an image is positive, rising.
        auprc: average precision, 0-1.
    """

    class_name: str
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    auprc: float


def evaluate_predictions(held_out: HeldOutSet) -> MetricReport:
    """Compute all figures of a held-out set.

    Args:
        held_out: one source under one protocol; several sources would be pooled.

    Raises:
        HeldOutError: every image shows another leukemia.
    """
    true = held_out.true_labels
    groups, called = held_out.independent_groups, held_out.is_called
    healthy = true == held_out.healthy_index
    classes = range(len(held_out.class_names))
    present = [index for index in classes if (true == index).any()]
    known = held_out.of_known_classes
    pairs = (known.true_labels, known.predicted_labels)
    weighted = precision_recall_fscore_support(
        *pairs, labels=present, average="weighted", zero_division=0
    )
    macro = precision_recall_fscore_support(
        *pairs, labels=present, average="macro", zero_division=0
    )
    confusion = confusion_of(held_out).counts
    return MetricReport(
        n_images=len(held_out),
        n_groups=len(np.unique(groups)),
        groups_known=bool(held_out.groups_known.all()),
        accuracy=rate_over_groups(held_out.is_right, groups),
        weighted_precision=float(weighted[0]),
        weighted_recall=float(weighted[1]),
        weighted_f1=float(weighted[2]),
        macro_precision=float(macro[0]),
        macro_recall=float(macro[1]),
        macro_f1=float(macro[2]),
        macro_auroc=macro_auroc(known.probabilities, known.true_labels, known.independent_groups),
        leukemia_auroc=_leukemia_auroc(held_out),
        per_class=tuple(_class_metrics(known, confusion, index) for index in classes),
        confusion=confusion,
        n_called=int(called.sum()),
        coverage=float(called.mean()),
        accuracy_of_called=_rate_among(called, ~held_out.is_wrong_call, groups),
        leukemia_call_rate_of_healthy=_rate_among(healthy, held_out.is_called_leukemia, groups),
    )


def balanced_accuracy(
    predicted_labels: NDArray[np.int64],
    true_labels: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> Estimate:
    """Mean over the classes at hand of the share of images that is right.

    Args:
        predicted_labels: int64 (images,).
        true_labels: int64 (images,), at least one image.
        groups: group of each image, int64 (images,).

    Returns:
        0-1; resamples that lack a class are dropped. Where one class is at hand it is a share of
        images, and at 0 and 1 the interval is Wilson's over the number of groups.
    """
    if len(np.unique(true_labels)) == 1:
        return rate_over_groups(predicted_labels == true_labels, groups)
    return bootstrap_weighted(
        lambda weights: weighted_balanced_accuracy(predicted_labels, true_labels, weights), groups
    )


def weighted_balanced_accuracy(
    predicted_labels: NDArray[np.int64],
    true_labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean over the classes at hand of the share of images that is right, in each resample.

    Args:
        predicted_labels: int64 (images,).
        true_labels: int64 (images,), at least one image.
        weights: how often each image counts, float64 (resamples, images), 0 or above.

    Returns:
        float64 (resamples,), 0-1, NaN where a resample lacks a class.
    """
    right = predicted_labels == true_labels
    recalls = []
    for index in np.unique(true_labels):
        member = true_labels == index
        totals = weights @ member
        recall = np.full(len(weights), np.nan)
        np.divide(weights @ (member & right), totals, out=recall, where=totals > 0)
        recalls.append(recall)
    mean: NDArray[np.float64] = np.stack(recalls).mean(axis=0)
    return mean


def macro_auroc(
    probabilities: NDArray[np.float64], true_labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> Estimate | None:
    """Mean one-against-rest area of the classes at hand, or None where there is only one.

    Args:
        probabilities: float64 (images, classes).
        true_labels: int64 (images,).
        groups: group of each image, int64 (images,).
    """
    pairs = [
        (true_labels == index, probabilities[:, index])
        for index in range(probabilities.shape[1])
        if (true_labels == index).any()
    ]
    if len(pairs) < 2:
        return None

    def mean_area(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        areas = [weighted_auroc(scores, is_positive, weights) for is_positive, scores in pairs]
        mean: NDArray[np.float64] = np.stack(areas).mean(axis=0)
        return mean

    return bootstrap_weighted(mean_area, groups)


def roc_curve_of(held_out: HeldOutSet, class_name: str) -> RocCurve | None:
    """ROC curve of one class, or None unless the set has this class and another.

    Args:
        held_out: the set.
        class_name: one of the set's ``class_names``, or ``LEUKEMIA`` for all but Healthy.
    """
    is_positive, scores = one_against_rest(held_out.asked_of(class_name), class_name)
    if not _has_both(is_positive):
        return None
    false_positive_rate, sensitivity, thresholds = roc_curve(is_positive, scores)
    return RocCurve(
        class_name=class_name,
        false_positive_rate=false_positive_rate,
        sensitivity=sensitivity,
        thresholds=thresholds,
        auroc=float(roc_auc_score(is_positive, scores)),
    )


def pr_curve_of(held_out: HeldOutSet, class_name: str) -> PrCurve | None:
    """Precision-recall curve of one class, or None unless the set has this class and another.

    Args:
        held_out: the set.
        class_name: one of the set's ``class_names``, or ``LEUKEMIA`` for all but Healthy.
    """
    is_positive, scores = one_against_rest(held_out.asked_of(class_name), class_name)
    if not _has_both(is_positive):
        return None
    precision, recall, thresholds = precision_recall_curve(is_positive, scores)
    return PrCurve(
        class_name=class_name,
        recall=recall,
        precision=precision,
        thresholds=thresholds,
        auprc=float(average_precision_score(is_positive, scores)),
    )


def _class_metrics(held_out: HeldOutSet, confusion: NDArray[np.int64], index: int) -> ClassMetrics:
    hits, n_predicted = int(confusion[index, index]), int(confusion[:, index].sum())
    is_positive, scores = one_against_rest(held_out, held_out.class_names[index])
    support = int(is_positive.sum())
    has_both = _has_both(is_positive)
    return ClassMetrics(
        class_name=held_out.class_names[index],
        precision=hits / n_predicted if n_predicted else None,
        recall=hits / support if support else None,
        f1=2 * hits / (support + n_predicted) if support else None,
        support=support,
        auroc=float(roc_auc_score(is_positive, scores)) if has_both else None,
        auprc=float(average_precision_score(is_positive, scores)) if has_both else None,
    )


def _leukemia_auroc(held_out: HeldOutSet) -> Estimate | None:
    is_leukemia, scores = one_against_rest(held_out, LEUKEMIA)
    if not _has_both(is_leukemia):
        return None
    return bootstrap_weighted(
        lambda weights: weighted_auroc(scores, is_leukemia, weights), held_out.independent_groups
    )


def _rate_among(
    mask: NDArray[np.bool_], hits: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Estimate | None:
    """Share of hits among the images that a mask keeps, or None if it keeps none."""
    return rate_over_groups(hits[mask], groups[mask]) if mask.any() else None


def one_against_rest(
    held_out: HeldOutSet, class_name: str
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which images are of a class, bool (images,), and the probability each is given.

    Args:
        held_out: the set.
        class_name: one of the set's ``class_names``, or ``LEUKEMIA`` for all but Healthy.
    """
    if class_name == LEUKEMIA:
        healthy = held_out.healthy_index
        return held_out.true_labels != healthy, 1 - held_out.probabilities[:, healthy]
    index = held_out.class_names.index(class_name)
    return held_out.true_labels == index, held_out.probabilities[:, index]


def _has_both(is_positive: NDArray[np.bool_]) -> bool:
    return bool(is_positive.any() and not is_positive.all())
