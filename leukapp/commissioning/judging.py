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
SUSPICIOUS: Final = 1 / 3
"""A label is looked at again where fits without its patient find the other side twice as likely."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteAnswers:
    """Answers for a laboratory's images.

    Attributes:
        probabilities: calibrated, float64 (images, classes); NaN rows where nothing was judged.
        answers: what is called: a class name or ``TYPE_NOT_DETERMINED``; None for no call.
        n_fitted: local images that a fit had, the mean over folds; 0 of the parent.
    """

    probabilities: NDArray[np.float64]
    answers: tuple[str | None, ...]
    n_fitted: float = 0.0


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
        mode = images.modes[image] if images.modes else None
        decision = rule.decide(scores.take(images.of_image == image), mode=mode)
        if decision.probabilities is not None:
            probabilities[image] = decision.probabilities.values
        is_blocked = images.is_blocked[image]
        answers.append(None if is_blocked else name_answer(decision.finding, decision.label))
    return SiteAnswers(probabilities=probabilities, answers=tuple(answers))


def answer_after(
    parent: Parent, images: LocalImages, promise: Promise, *, part: float = 1.0
) -> SiteAnswers:
    """What bundles commissioned without the patient answer: nothing is judged by what fitted it.

    Args:
        parent: that is commissioned.
        images: of the laboratory.
        promise: that each fit keeps.
        part: share of the other patients of each class that a fit has, 0-1.
    """
    probabilities = np.full((len(images), len(images.class_names)), np.nan)
    answers = np.full(len(images), None, object)
    everything = np.arange(len(images))
    n_fitted = []
    for fold in group_folds(images, n_folds=N_OUTER_FOLDS, seed=promise.seed + 100):
        others = _some_patients(images, np.setdiff1d(everything, fold), part, promise.seed)
        if not len(others):
            continue
        n_fitted.append(len(others))
        site = fit_site(parent, images.take(others), promise)
        probabilities[fold] = site_probabilities(site, images.take(fold))
        limits = shipped_limits(site.thresholds, images.class_names)
        answers[fold] = call_images(probabilities[fold], limits, images.class_names)
    return SiteAnswers(
        probabilities=probabilities,
        answers=tuple(answers.tolist()),
        n_fitted=float(np.mean(n_fitted)) if n_fitted else 0.0,
    )


def _some_patients(
    images: LocalImages, chosen: NDArray[np.int64], part: float, seed: int
) -> NDArray[np.int64]:
    """Images of a share of the patients of each class; a smaller share lies in a larger one."""
    if part >= 1:
        return chosen
    kept: set[str] = set()
    for label in np.unique(images.labels[chosen]):
        of_class = np.unique(images.groups[chosen][images.labels[chosen] == label])
        order = np.random.default_rng(seed).permutation(of_class)
        kept |= set(order[: max(1, round(part * len(order)))].tolist())
    return chosen[np.isin(images.groups[chosen], sorted(kept))]


def suspicious_labels(after: SiteAnswers, images: LocalImages) -> NDArray[np.int64]:
    """Images whose label every other patient's images speak against, the worst first.

    Wrong labels make a fit less sure of the right ones, too; so the limit is not a strict one.

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
