"""Why an image or a cell gets no call: one sentence for people, and what stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def explain_no_call(
    probabilities: ClassProbabilities,
    branches: Sequence[ClassProbabilities],
    feature_distance: float,
    least_confidence: float,
    thresholds: Thresholds,
) -> NoCall:
    """Say why the decision rule calls an image or a cell nothing.

    Args:
        probabilities: calibrated, of the fused decision.
        branches: what each branch alone says.
        feature_distance: distance to the training features, 0-2; the smallest of the cells.
        least_confidence: what the rule compared with its confidence limit, 0-1.
        thresholds: of the bundle.
    """
    if feature_distance > thresholds.max_feature_distance:
        numbers = f"distance {feature_distance:.2f}, limit {thresholds.max_feature_distance:.2f}"
        return NoCall(
            reason="Unlike anything the networks were trained on.",
            details=(f"Too far from the training images ({numbers}).",),
        )
    leaning = (
        f"Not sure enough: leans {probabilities.top_class}, "
        f"{whole_percent(probabilities.top_value)}."
    )
    limit = whole_percent(thresholds.min_confidence)
    if not thresholds.needs_agreement:
        return NoCall(reason=leaning, details=(f"Calls are made from {limit}.",))
    rule = f"A call needs the joined answer and each network to name one class with {limit}."
    return NoCall(
        reason=leaning, details=(_why_not_agreed(probabilities, branches, least_confidence), rule)
    )


def _why_not_agreed(
    probabilities: ClassProbabilities,
    branches: Sequence[ClassProbabilities],
    least_confidence: float,
) -> str:
    """What keeps the joined answer and the networks from one sure class."""
    named = probabilities.top_class
    votes = [branch.top_class for branch in branches]
    if len(set(votes)) > 1:
        return f"The networks alone disagree: {', '.join(votes)}."
    if votes and votes[0] != named:
        return f"Each network alone says {votes[0]}: joined, they lean to {named}."
    return (
        f"The least sure of the joined answer and the networks has "
        f"{whole_percent(least_confidence)}."
    )


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
