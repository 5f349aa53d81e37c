"""Limits of a laboratory's answers: as small as what may be called wrongly allows, and proven."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from leukapp.commissioning.answer_certificates import (
    certify_answers,
    error_confidence,
    error_level,
)
from leukapp.commissioning.certificates import (
    group_losses,
    groups_needed,
    level_of,
    p_value,
)
from leukapp.commissioning.local_images import LocalImages
from leukapp.inference.fit_decision import LOWEST_MIN_CONFIDENCE
from leukapp.inference.fit_limits import CANDIDATES
from leukapp.inference.rule_for_many import measure_fused, reaches
from leukapp.labels import HEALTHY
from leukapp.model.commission_record import (
    FALSE_ALARM,
    MISSED,
    WRONG_TYPE,
    AnswerCertificate,
    Certificate,
)
from leukapp.model.manifest import CallLimits, Thresholds

FEWEST_FOR_A_TAIL: Final = 3
ANSWER_KINDS: Final = (MISSED, FALSE_ALARM)
"""Errors that are proven of the answers given, too."""

SMALLEST: Final = 1e-6
"""Probabilities are told apart from 0 and 1 by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedLimits:
    """Limits, and what is proven of them.

    Attributes:
        limits: of the two steps.
        certificates: of all images of a class: missed leukemias, false alarms and wrong types as
            far as there are images on which the error could be made.
        of_answers: of the answers Healthy and of those of leukemia, where images of both are there.
    """

    limits: CallLimits
    certificates: tuple[Certificate, ...]
    of_answers: tuple[AnswerCertificate, ...]


def certify_limits(
    probabilities: NDArray[np.float64],
    images: LocalImages,
    shipped: Thresholds,
    *,
    risk: float,
    confidence: float,
) -> CertifiedLimits:
    """Choose the smallest limits that are proven to keep a risk, and are expected to.

    For each kind of error limits are tested from the strictest on, each at the same level, and the
    last that is proven before one is not is taken (fixed sequence): no level is split, and the
    proof holds for the limit that was chosen by it. The level is ``risk`` or, where the patients
    are too few for it, what their number can certify without an error; it depends on their number
    alone. A share is of all images of the class, called or not, so it only falls as a limit rises.

    Few patients without an error prove little, and the next patient may be the first: so a limit is
    raised further where a normal tail through the log-odds of the images asks for it, such that an
    image of the next patient is called wrongly with a probability of ``risk``. What is proven stays
    so.

    Each of the first two limits is chosen by the images alone that its call is wrong for. So the
    images that it is right for prove at what rate they get it, and both rates together what share
    of the answers is wrong.

    Args:
        probabilities: of images by fits without their patient, float64 (images, classes); NaN rows
            where nothing can be called.
        images: theirs.
        shipped: limits of the parent, which stay where a laboratory has no image for them.
        risk: asked for, 0-1.
        confidence: of each proof, 0-1.

    Returns:
        Limits, and what is proven of them.
    """
    names = images.class_names
    steps = measure_fused(probabilities, names)
    stays = shipped_limits(shipped, names)
    is_healthy = images.is_healthy
    certificates: list[Certificate] = []
    of_answers: list[AnswerCertificate] = []

    def choose(
        kind: str, asked_of: NDArray[np.bool_], asked: _Asked, kept: float | None
    ) -> float | None:
        if not asked_of.any():
            return kept
        limit, certificate = _certify(
            kind, asked.take(asked_of), images.groups[asked_of], risk=risk, confidence=confidence
        )
        certificates.append(certificate)
        if kind in ANSWER_KINDS and not asked_of.all():
            of_answers.append(
                certify_answers(
                    kind,
                    reaches(asked.sureness, np.inf if limit is None else limit),
                    asked_of,
                    images.groups,
                    risk=risk,
                    confidence=confidence,
                )
            )
        return limit

    of_healthy = probabilities[:, names.index(HEALTHY)]
    healthy = choose(
        MISSED, ~is_healthy, _Asked(sureness=steps.healthy, shares=of_healthy), stays.healthy
    )
    leukemia = choose(
        FALSE_ALARM,
        is_healthy,
        _Asked(sureness=steps.leukemia, shares=1 - of_healthy),
        stays.leukemia,
    )
    types: dict[str, float | None] = {}
    for index, name in enumerate(names):
        if name == HEALTHY:
            continue
        named = np.where(steps.types == index, steps.type_shares, 0.0)
        others = ~is_healthy & (images.labels != index)
        # Of every leukemia, called so or not: few calls would leave the limit to chance.
        shares = probabilities[:, index] / np.maximum(1 - of_healthy, SMALLEST)
        asked = _Asked(sureness=named, shares=shares)
        types[name] = choose(f"{WRONG_TYPE} {name}", others, asked, stays.types[name])
    return CertifiedLimits(
        limits=CallLimits(healthy=healthy, leukemia=leukemia, types=types),
        certificates=tuple(certificates),
        of_answers=tuple(of_answers),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """What a limit is asked of: ``sureness``, 0 where no call is made, and the plain ``shares``."""

    sureness: NDArray[np.float64]
    shares: NDArray[np.float64]

    def take(self, chosen: NDArray[np.bool_]) -> "_Asked":
        return _Asked(sureness=self.sureness[chosen], shares=self.shares[chosen])

    def expected_limit(self, groups: NDArray[np.str_], risk: float) -> float:
        """Share that an image of the next patient exceeds with the probability ``risk``.

        The tail of a patient's mean and of an image about it, both taken for normal in the
        log-odds; Student's, since few patients are known. 0 for too few images, 1 for one patient,
        of whom nothing follows for another.

        Args:
            groups: patient of each image, str (images,).
            risk: 0-1.
        """
        is_known = np.isfinite(self.shares)
        names, of_image = np.unique(groups[is_known], return_inverse=True)
        n_images, n_groups = int(is_known.sum()), len(names)
        if n_images < FEWEST_FOR_A_TAIL:
            return 0.0
        if n_groups == 1:
            return 1.0
        odds = logit(np.clip(self.shares[is_known], SMALLEST, 1 - SMALLEST))
        sizes = np.bincount(of_image)
        means = np.bincount(of_image, weights=odds) / sizes
        of_means = float(means.var(ddof=1))
        within = float(((odds - means[of_image]) ** 2).sum() / max(1, n_images - n_groups))
        # Means of few images vary by these images too; one image a patient tells the sum alone.
        between = max(0.0, of_means - within * float((1 / sizes).mean()))
        width = np.sqrt(max(between + within, of_means) + of_means / n_groups)
        return float(expit(means.mean() + width * stdtrit(n_groups - 1, 1 - risk)))


def _certify(
    kind: str,
    asked: _Asked,
    groups: NDArray[np.str_],
    *,
    risk: float,
    confidence: float,
) -> tuple[float | None, Certificate]:
    n_groups = len(np.unique(groups))
    level = level_of(n_groups, risk=risk, confidence=confidence)
    chosen = _proven_limit(asked, groups, level, confidence)
    if kind in ANSWER_KINDS:
        # The proof of the answers given has less confidence to spend on this part.
        split = error_level(n_groups, risk=risk, confidence=confidence)
        stricter = _proven_limit(asked, groups, split, error_confidence(confidence))
        chosen = None if chosen is None or stricter is None else max(chosen, stricter)
    chosen = _raised(chosen, asked.expected_limit(groups, risk))
    is_wrong = reaches(asked.sureness, np.inf if chosen is None else chosen)
    losses = group_losses(is_wrong, groups)
    n_wrong = int(is_wrong.sum())
    n_wrong_groups = int((losses > 0).sum())
    needed = groups_needed(risk, confidence, n_wrong_groups)
    certified = float(min(1.0, np.ceil(1e4 * level - 1e-6) / 1e4))
    return chosen, Certificate(
        kind=kind,
        asked=risk,
        certified=certified,
        confidence=confidence,
        n_images=len(groups),
        n_groups=n_groups,
        n_wrong=n_wrong,
        n_more_groups=0
        if certified <= risk
        else None
        if needed is None
        else max(0, needed - n_groups),
    )


def _proven_limit(
    asked: _Asked, groups: NDArray[np.str_], level: float, confidence: float
) -> float | None:
    """The last limit, from the strictest on, before one is not proven; None where none is."""
    chosen: float | None = None
    for limit in CANDIDATES[::-1].tolist():
        losses = group_losses(reaches(asked.sureness, limit), groups)
        if p_value(losses, level + 1e-12) > 1 - confidence:
            break
        chosen = float(limit)
    return chosen


def _raised(limit: float | None, least: float) -> float | None:
    """The smallest limit that is tried and is neither under ``limit`` nor under ``least``."""
    if limit is None:
        return None
    enough = CANDIDATES[np.maximum(limit, least) <= CANDIDATES]
    return float(enough[0]) if len(enough) else None


def shipped_limits(shipped: Thresholds, class_names: tuple[str, ...]) -> CallLimits:
    """Limits of two steps of a bundle, also of one with a single confidence limit for all.

    Args:
        shipped: of the bundle.
        class_names: of its answers.
    """
    if shipped.limits is not None:
        return shipped.limits
    one = min(1.0, max(LOWEST_MIN_CONFIDENCE, shipped.min_confidence))
    types = {name: one for name in class_names if name != HEALTHY}
    return CallLimits(healthy=one, leukemia=one, types=types)
