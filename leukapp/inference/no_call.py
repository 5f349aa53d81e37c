"""Why an image or a cell gets no call: one sentence for people, and what stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from leukapp.inference.probabilities import ClassProbabilities
from leukapp.inference.two_steps import StepConfidences
from leukapp.labels import HEALTHY, LEUKEMIA
from leukapp.model.manifest import CallLimits, Thresholds


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
        return explain_distance(feature_distance, thresholds.max_feature_distance)
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


def explain_distance(feature_distance: float, limit: float) -> NoCall:
    """Say that the gate turns an image or a cell away.

    Args:
        feature_distance: distance to the training features, 0-2; the smallest of the cells.
        limit: of the bundle, 0-2.
    """
    return NoCall(
        reason="Unlike anything the networks were trained on.",
        details=(
            f"Too far from the training images (distance {feature_distance:.2f}, "
            f"limit {limit:.2f}).",
        ),
    )


def explain_no_finding(
    probabilities: ClassProbabilities,
    branches: Sequence[ClassProbabilities],
    steps: StepConfidences,
    limits: CallLimits,
) -> NoCall:
    """Say why an answer in two steps is neither Healthy nor leukemia.

    Args:
        probabilities: calibrated, of the fused decision.
        branches: what each branch alone says, where it has a say; else empty.
        steps: of this one image or cell.
        limits: of the bundle.
    """
    if HEALTHY not in probabilities.class_names:
        leaning = f"leans {probabilities.top_class}, {whole_percent(probabilities.top_value)}"
        return NoCall(
            reason=f"Not sure enough: {leaning}.",
            details=(explain_no_type(probabilities, branches, steps, limits),),
        )
    side, share = _side(probabilities)
    votes = [_side(branch)[0] for branch in branches]
    least = float(max(steps.healthy[0], steps.leukemia[0]))
    details = []
    if len(set(votes)) > 1:
        details.append(f"The networks alone disagree: {', '.join(votes)}.")
    elif votes and votes[0] != side:
        details.append(f"Each network alone says {votes[0]}: joined, they lean to {side}.")
    elif votes:
        details.append(
            f"The least sure of the joined answer and the networks has {whole_percent(least)}."
        )
    needed = ", by the joined answer and each network" if branches else ""
    details.append(
        f"Healthy is called {_from(limits.healthy)}, leukemia {_from(limits.leukemia)}{needed}."
    )
    reason = f"Not sure enough: leans {side}, {whole_percent(share)}."
    return NoCall(reason=reason, details=tuple(details))


def explain_no_type(
    probabilities: ClassProbabilities,
    branches: Sequence[ClassProbabilities],
    steps: StepConfidences,
    limits: CallLimits,
) -> str:
    """Say in one sentence why the type of a leukemia is not named.

    Args:
        probabilities: calibrated, of the fused decision.
        branches: what each branch alone says, where it has a say; else empty.
        steps: of this one image or cell.
        limits: of the bundle.
    """
    named = probabilities.class_names[steps.types[0]]
    limit = limits.types.get(named)
    if limit is None:
        return f"The type is not named: the networks were not shown to tell {named} surely enough."
    votes = [_top_leukemia(branch) for branch in branches]
    if len(set(votes)) > 1:
        return f"The networks alone disagree on the type: {', '.join(votes)}."
    if votes and votes[0] != named:
        return f"Each network alone leans to the type {votes[0]}: joined, they lean to {named}."
    share = whole_percent(float(steps.type_shares[0]))
    return (
        f"The type is not sure enough: {named} has {share} of the probability of leukemia and is "
        f"named {_from(limit)}."
    )


def _side(probabilities: ClassProbabilities) -> tuple[str, float]:
    """Healthy or leukemia, whichever is more probable, and its probability."""
    healthy = probabilities.of(HEALTHY)
    return (HEALTHY, healthy) if healthy > 0.5 else (LEUKEMIA, 1 - healthy)


def _top_leukemia(probabilities: ClassProbabilities) -> str:
    leukemias = [name for name in probabilities.class_names if name != HEALTHY]
    return max(leukemias, key=probabilities.of)


def _from(limit: float | None) -> str:
    """Words for a limit: the probability from which a step is made."""
    return "never" if limit is None else f"from {100 * limit:.4g} %"


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
