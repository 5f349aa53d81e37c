"""Draw a few labelled images of a laboratory, commission on them, judge on other patients."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.certificates import group_losses
from leukapp.commissioning.fitting import Parent, Promise, fit_site, site_probabilities
from leukapp.commissioning.judging import SiteAnswers, answer_before
from leukapp.commissioning.limits import shipped_limits
from leukapp.commissioning.local_images import LocalImages
from leukapp.inference.rule_for_many import call_images
from leukapp.labels import HEALTHY, finding_of, is_called_wrongly, split_answer
from leukapp.model.commission_record import FALSE_ALARM, MISSED

SIZES: Final = (10, 20, 40)
N_DRAWS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnseenLaboratory:
    """A laboratory and a parent whose heads, gate and limits never saw an image of it.

    Attributes:
        name: of the laboratory.
        parent: trained without it.
        images: of the laboratory, with five cells of each field at most, as the training has them.
    """

    name: str
    parent: Parent
    images: LocalImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One commissioning on a few images, judged on patients of whom it saw none.

    Attributes:
        laboratory: its name.
        a_class: labelled images a class.
        number: of the draw.
        n_fitted: images fitted on.
        n_fitted_groups: their patients.
        n_judged: images judged.
        before: share of these with a call by the parent.
        before_wrong: share of all that the parent calls wrongly.
        coverage: share with a call.
        wrong: share of all that is called wrongly, type included.
        missed: share of the leukemias that is called Healthy, the mean over patients.
        missed_bound: what was certified of it.
        false_alarms: share of the healthy images that is called leukemia, the mean over patients.
        false_alarm_bound: what was certified of it.
    """

    laboratory: str
    a_class: int
    number: int
    n_fitted: int
    n_fitted_groups: int
    n_judged: int
    before: float
    before_wrong: float
    coverage: float
    wrong: float
    missed: float
    missed_bound: float
    false_alarms: float
    false_alarm_bound: float

    @property
    def held(self) -> bool:
        """Whether both certificates held for the other patients."""
        return self.missed <= self.missed_bound and self.false_alarms <= self.false_alarm_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured, and with which bundle's recipe."""

    bundle_sha256: str
    draws: tuple[Draw, ...]


def draw_once(laboratory: UnseenLaboratory, a_class: int, number: int, promise: Promise) -> Draw:
    """Commission on images of some patients and judge on those of the others.

    Args:
        laboratory: that the parent never saw.
        a_class: labelled images a class.
        number: of the draw, its seed.
        promise: what is asked for.
    """
    fitted_on, judged = _deal(laboratory.images, a_class, number)
    local, others = laboratory.images.take(fitted_on), laboratory.images.take(judged)
    before = answer_before(laboratory.parent, others)
    site = fit_site(laboratory.parent, local, replace(promise, seed=number))
    probabilities = site_probabilities(site, others)
    limits = shipped_limits(site.thresholds, others.class_names)
    after = SiteAnswers(
        probabilities=probabilities,
        answers=tuple(call_images(probabilities, limits, others.class_names)),
    )
    bounds = {certificate.kind: certificate.certified for certificate in site.certificates}
    turned = _is_turned(after, others)
    healthy = others.is_healthy
    return Draw(
        laboratory=laboratory.name,
        a_class=a_class,
        number=number,
        n_fitted=len(local),
        n_fitted_groups=len(np.unique(local.groups)),
        n_judged=len(others),
        before=_share_called(before),
        before_wrong=_share_wrong(before, others),
        coverage=_share_called(after),
        wrong=_share_wrong(after, others),
        missed=float(group_losses(turned[~healthy], others.groups[~healthy]).mean()),
        missed_bound=bounds[MISSED],
        false_alarms=float(group_losses(turned[healthy], others.groups[healthy]).mean()),
        false_alarm_bound=bounds[FALSE_ALARM],
    )


def _deal(
    images: LocalImages, a_class: int, number: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Images to fit on, of half of the patients of each class at most, and those of the others.

    Patients take turns, so that the images are of as many as there are.
    """
    rng = np.random.default_rng([number, a_class])
    fitted_on: list[int] = []
    pool: set[str] = set()
    for label in np.unique(images.labels):
        own = np.flatnonzero(images.labels == label)
        names = rng.permutation(np.unique(images.groups[own]))
        chosen = names[: max(1, len(names) // 2)]
        pool |= set(chosen.tolist())
        turns = [rng.permutation(own[images.groups[own] == name]).tolist() for name in chosen]
        ordered = [
            turn[place]
            for place in range(max(map(len, turns)))
            for turn in turns
            if place < len(turn)
        ]
        fitted_on += ordered[:a_class]
    judged = np.flatnonzero(~np.isin(images.groups, sorted(pool)))
    return np.sort(np.array(fitted_on, np.int64)), judged.astype(np.int64)


def by_image_where_one_person(images: LocalImages) -> LocalImages:
    """The images, where those of a class of one person stand for a patient each.

    A class of one person cannot be drawn from and judged with patients apart.

    Args:
        images: of a laboratory.
    """
    groups = images.groups.astype(object)
    for label in np.unique(images.labels):
        own = np.flatnonzero(images.labels == label)
        if len(np.unique(images.groups[own])) == 1:
            groups[own] = [f"{label}-{index}" for index in own]
    return replace(images, groups=groups.astype(np.str_))


def _share_called(answers: SiteAnswers) -> float:
    return float(np.mean([answer is not None for answer in answers.answers]))


def _share_wrong(answers: SiteAnswers, images: LocalImages) -> float:
    names = [images.class_names[label] for label in images.labels]
    return float(
        np.mean(
            [is_called_wrongly(a, name) for a, name in zip(answers.answers, names, strict=True)]
        )
    )


def _is_turned(answers: SiteAnswers, images: LocalImages) -> NDArray[np.bool_]:
    """Where a leukemia is called Healthy, or a healthy image leukemia."""
    findings = [split_answer(answer)[0] for answer in answers.answers]
    truths = [HEALTHY if healthy else finding_of("ALL") for healthy in images.is_healthy]
    return np.array(
        [f is not None and f != truth for f, truth in zip(findings, truths, strict=True)], np.bool_
    )
