"""Before and after, on images that nothing of a fit has seen: fits over folds of the patients."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.fitting import (
    Parent,
    Promise,
    fit_site,
    site_probabilities,
)
from leukapp.commissioning.limits import shipped_limits
from leukapp.commissioning.local_images import LocalImages, group_folds
from leukapp.inference.decision import DecisionRule
from leukapp.inference.rule_for_many import call_images
from leukapp.labels import HEALTHY, name_answer
from leukapp.model.fusion import predict_logits

N_OUTER_FOLDS: Final = 5
SUSPICIOUS: Final = 0.1
"""A label to which fits without its patient give less than this probability is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteAnswers:
    """Answers for a laboratory's images.

    Attributes:
        probabilities: calibrated, float64 (images, classes); NaN rows where nothing was judged.
        answers: what is called: a class name or ``TYPE_NOT_DETERMINED``; None for no call.
    """

    probabilities: NDArray[np.float64]
    answers: tuple[str | None, ...]


def answer_before(parent: Parent, images: LocalImages) -> SiteAnswers:
    """What the shipped bundle answers.

    Args:
        parent: as it is shipped.
        images: of the laboratory.
    """
    rule = DecisionRule(
        gate=parent.gate, thresholds=parent.thresholds, class_names=parent.class_names
    )
    logits = predict_logits(parent.heads, images.pooled)
    scores = rule.score(logits, images.joined)
    probabilities = np.full((len(images), len(images.class_names)), np.nan)
    answers: list[str | None] = []
    for image in range(len(images)):
        decision = rule.decide(scores.take(images.of_image == image))
        if decision.probabilities is not None:
            probabilities[image] = decision.probabilities.values
        is_blocked = images.is_blocked[image]
        answers.append(None if is_blocked else name_answer(decision.finding, decision.label))
    return SiteAnswers(probabilities=probabilities, answers=tuple(answers))


def answer_after(parent: Parent, images: LocalImages, promise: Promise) -> SiteAnswers:
    """What bundles commissioned without the patient answer: nothing is judged by what fitted it.

    Args:
        parent: that is commissioned.
        images: of the laboratory.
        promise: that each fit keeps.
    """
    probabilities = np.full((len(images), len(images.class_names)), np.nan)
    answers = np.full(len(images), None, object)
    everything = np.arange(len(images))
    for fold in group_folds(images, n_folds=N_OUTER_FOLDS, seed=promise.seed + 100):
        others = np.setdiff1d(everything, fold)
        if not len(others):
            continue
        site = fit_site(parent, images.take(others), promise)
        probabilities[fold] = site_probabilities(site, images.take(fold))
        limits = shipped_limits(site.thresholds, images.class_names)
        answers[fold] = call_images(probabilities[fold], limits, images.class_names)
    return SiteAnswers(probabilities=probabilities, answers=tuple(answers.tolist()))


def suspicious_labels(after: SiteAnswers, images: LocalImages) -> NDArray[np.int64]:
    """Images whose label every other patient's images speak against, the worst first.

    Args:
        after: answers of fits without the image's patient.
        images: of the laboratory.

    Returns:
        Indices, int64.
    """
    healthy = images.class_names.index(HEALTHY)
    of_healthy = after.probabilities[:, healthy]
    own = np.where(images.is_healthy, of_healthy, 1 - of_healthy)
    suspects = np.flatnonzero(own < SUSPICIOUS)
    return np.asarray(suspects[np.argsort(own[suspects], kind="stable")], np.int64)
