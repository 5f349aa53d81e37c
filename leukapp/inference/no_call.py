"""Why an image or a cell gets no call: one sentence for people, and what stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leukapp.imaging.quality import QualityReport
from leukapp.inference.field_rule import least_sure
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.model.bundle import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCall:
    """Why there is no call.

    Attributes:
        reason: one plain sentence; a share in it is the fused decision's calibrated one.
        details: further sentences, with the numbers that the bundle's rules compare.
    """

    reason: str
    details: tuple[str, ...] = ()


def why_no_call(
    quality: QualityReport | None,
    probabilities: ClassProbabilities,
    feature_distance: float,
    thresholds: Thresholds,
    branches: Sequence[ClassProbabilities] = (),
) -> NoCall | None:
    """Say why an image or a cell gets no call, or give None if it gets one.

    Args:
        quality: of the image; None for a single cell.
        probabilities: calibrated, of the fused decision.
        feature_distance: distance to the training features, 0-2; the smallest of the cells.
        thresholds: of the bundle.
        branches: what each branch alone says.

    Returns:
        The first that holds of: the quality check, then the distance, then, as the bundle's rule
        asks, whether the branches agree and whether the answer is sure enough.
    """
    if quality and quality.blocking:
        return NoCall(reason=quality.blocking.message)
    if feature_distance > thresholds.max_feature_distance:
        numbers = f"distance {feature_distance:.2f}, limit {thresholds.max_feature_distance:.2f}"
        return NoCall(
            reason="Unlike anything the networks were trained on.",
            details=(f"Too far from the training images ({numbers}).",),
        )
    leaning = NoCall(
        reason=f"Not sure enough: leans {probabilities.top_class}, "
        f"{whole_percent(probabilities.top_value)}."
    )
    limit = whole_percent(thresholds.min_confidence)
    if not thresholds.needs_agreement:
        if probabilities.top_value >= thresholds.min_confidence:
            return None
        return NoCall(reason=leaning.reason, details=(f"Calls are made from {limit}.",))
    detail = _why_not_agreed(probabilities, branches, thresholds.min_confidence)
    if detail is None:
        return None
    rule = f"A call needs the joined answer and each network to name one class with {limit}."
    return NoCall(reason=leaning.reason, details=(detail, rule))


def _why_not_agreed(
    probabilities: ClassProbabilities, branches: Sequence[ClassProbabilities], min_confidence: float
) -> str | None:
    """What keeps the joined answer and the networks from one sure class; None if nothing does."""
    sure = least_sure(
        np.array([probabilities.values]), [np.array([one.values]) for one in branches]
    )[0]
    if sure >= min_confidence:
        return None
    named = probabilities.top_class
    votes = [branch.top_class for branch in branches]
    if len(set(votes)) > 1:
        return f"The networks alone disagree: {', '.join(votes)}."
    if votes and votes[0] != named:
        return f"Each network alone says {votes[0]}: joined, they lean to {named}."
    return f"The least sure of the joined answer and the networks has {whole_percent(sure)}."


def whole_percent(share: float) -> str:
    """Write a probability in whole percent; never 0 % or 100 %, which no network can know.

    Example:
        >>> whole_percent(0.664), whole_percent(0.9996), whole_percent(0.001)
        ('66 %', '> 99 %', '< 1 %')
    """
    if share > 0.995:
        return "> 99 %"
    if share < 0.005:
        return "< 1 %"
    return f"{100 * share:.0f} %"
