"""The decision rule: from what the network says of an image's cells to an answer or no call.

A bundle with limits of two steps answers Healthy or leukemia first, and names the type of a
leukemia where that is sure; one without them calls one of its classes. Everything that answers for
an image calls this: the app, the command line, evaluation, evidence and audits. An item is what the
network judges at once: a whole image, or the crop of one leukocyte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, overload

import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.quality import QualityReport
from leukapp.inference.field_rule import cell_shares, combine_cells
from leukapp.inference.gate import feature_distances, project_features
from leukapp.inference.no_call import (
    NoCall,
    explain_distance,
    explain_no_call,
    explain_no_finding,
    explain_no_type,
)
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.inference.two_steps import NO_TYPE, call_steps, measure_steps
from leukapp.labels import HEALTHY, LEUKEMIA, ImageMode, finding_of
from leukapp.model.bundle import Bundle, GateReference
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import NetworkLogits, softmax
from leukapp.model.manifest import CallLimits, Thresholds

__all__ = [
    "Answer",
    "Decision",
    "DecisionRule",
    "ItemDecision",
    "ItemScores",
    "NoCall",
    "choose_counted",
    "is_sure_enough",
    "least_confidence",
]

NO_LEUKOCYTE: Final = NoCall(
    reason="No leukocyte was found in the image: photograph a place where stained nuclei are in "
    "focus."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemScores:
    """What the network and the gate say of items, before any rule is asked.

    Attributes:
        logits: of the items, float32 (items, classes) of each branch and of the fusion.
        distances: to the training features, 0-2, float32 (items,).
    """

    logits: NetworkLogits
    distances: FloatArray

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Scores of some of the items.

        Args:
            chosen: bool (items,).
        """
        return type(self)(
            logits=NetworkLogits(
                branches=tuple(logits[chosen] for logits in self.logits.branches),
                fused=self.logits.fused[chosen],
            ),
            distances=self.distances[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is called of one image or item.

    Attributes:
        finding: ``Healthy`` or ``leukemia``; None for no call.
        label: the class that is called; None for no call, and for a leukemia whose type is not
            named.
        no_call: why there is no call; None where there is one.
        type_note: one plain sentence on why the type of a leukemia is not named; None where it is,
            or where nothing is called leukemia.
    """

    finding: str | None = None
    label: str | None = None
    no_call: NoCall | None = None
    type_note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answered:
    """What an image and an item have in common.

    Attributes:
        answer: what is called.
    """

    answer: Answer

    @property
    def finding(self) -> str | None:
        """``Healthy`` or ``leukemia``; None for no call."""
        return self.answer.finding

    @property
    def label(self) -> str | None:
        """The class that is called; None where none is."""
        return self.answer.label

    @property
    def no_call(self) -> NoCall | None:
        """Why there is no call; None where there is one."""
        return self.answer.no_call


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision(_Answered):
    """What the rule makes of one image.

    Attributes:
        probabilities: calibrated, of the fused decision; None where the image has no item.
        branches: each branch's own softmax, in the order of the preset; empty without an item.
        distances: of the items to the training features, 0-2, float32 (items,).
        is_near: bool (items,): which items lie within the gate's limit.
        least_confidence: what the one confidence limit of a bundle without limits of two steps is
            asked of, 0-1. 0 where nothing may be called: no item, every item beyond the gate, or
            another class named by a branch.
    """

    probabilities: ClassProbabilities | None
    branches: tuple[ClassProbabilities, ...]
    distances: FloatArray
    is_near: NDArray[np.bool_]
    least_confidence: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemDecision(_Answered):
    """What the rule makes of one item on its own.

    Attributes:
        probabilities: calibrated, of the fused decision.
        branches: each branch's own softmax, in the order of the preset.
        is_near: whether the item lies within the gate's limit.
    """

    probabilities: ClassProbabilities
    branches: tuple[ClassProbabilities, ...]
    is_near: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionRule:
    """The rule with the numbers that were fitted for one network.

    Attributes:
        gate: features of what the network was trained on.
        thresholds: calibration and limits.
        class_names: what the logits stand for, in their order.
    """

    gate: GateReference
    thresholds: Thresholds
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """The rule that a bundle brings along."""
        return cls(gate=bundle.gate, thresholds=bundle.thresholds, class_names=bundle.class_names)

    def score(self, logits: NetworkLogits, features: FloatArray) -> ItemScores:
        """Measure how far items lie from the training features.

        Args:
            logits: of the items.
            features: joined pooled features of the items, float32 (items, features).
        """
        return ItemScores(logits=logits, distances=feature_distances(self.gate, features))

    def place(self, features: FloatArray) -> FloatArray:
        """Where items lie among the training features: near items look alike to the networks.

        Args:
            features: joined pooled features of the items, float32 (items, features).

        Returns:
            Unit vectors on the axes of the gate, float32 (items, dimensions).
        """
        return project_features(features, self.gate.mean, self.gate.components)

    def decide(
        self,
        scores: ItemScores | None,
        quality: QualityReport | None = None,
        *,
        mode: ImageMode | None = None,
    ) -> Decision:
        """Answer for one image.

        The items within the gate's limit are put together, or all where none is. The first that
        holds of these gives no call: the quality check blocks it, there is no item, no item is
        near, the answer is not sure enough or, if the bundle asks for it, a branch names another
        class or is not sure enough of this one. With limits of two steps the last two are asked of
        Healthy against leukemia; then of the type, which is left open where they do not hold.

        Args:
            scores: of every item of the image; None where it has none.
            quality: of the image; None where it is not asked.
            mode: how the image is judged, whose limits are asked; None asks those of any mode.
        """
        blocked = NoCall(reason=quality.blocking.message) if quality and quality.blocking else None
        if scores is None or not len(scores.distances):
            return Decision(
                probabilities=None,
                branches=(),
                distances=np.zeros(0, np.float32),
                is_near=np.zeros(0, np.bool_),
                least_confidence=0.0,
                answer=Answer(no_call=blocked or NO_LEUKOCYTE),
            )
        limits, logits = self.thresholds, scores.logits
        is_near = self._is_near(scores)
        counted = choose_counted(is_near)
        fused = combine_cells(logits.fused[counted], limits.field_sharpness)
        probabilities = self._probabilities(softmax(fused, limits.temperature))
        branches = tuple(
            self._probabilities(softmax(combine_cells(branch[counted], limits.field_sharpness)))
            for branch in logits.branches
        )
        distance = float(scores.distances.min())
        confidence = self._confidence(probabilities, branches) if is_near.any() else 0.0
        return Decision(
            probabilities=probabilities,
            branches=branches,
            distances=scores.distances,
            is_near=is_near,
            least_confidence=confidence,
            answer=Answer(no_call=blocked)
            if blocked
            else self._answer(probabilities, branches, distance, confidence, mode),
        )

    def decide_each(
        self, scores: ItemScores, *, mode: ImageMode | None = None
    ) -> tuple[ItemDecision, ...]:
        """Answer for every item on its own, whatever its image is called.

        Args:
            scores: of the items.
            mode: how their image is judged; a cell of a field is asked what a cell is.
        """
        decisions = []
        own_mode: ImageMode | None = "cell" if mode == "field" else mode
        for index, is_near in enumerate(self._is_near(scores).tolist()):
            fused = softmax(scores.logits.fused[index], self.thresholds.temperature)
            probabilities = self._probabilities(fused)
            branches = tuple(
                self._probabilities(softmax(branch[index])) for branch in scores.logits.branches
            )
            distance = float(scores.distances[index])
            confidence = self._confidence(probabilities, branches) if is_near else 0.0
            decisions.append(
                ItemDecision(
                    probabilities=probabilities,
                    branches=branches,
                    is_near=is_near,
                    answer=self._answer(probabilities, branches, distance, confidence, own_mode),
                )
            )
        return tuple(decisions)

    def weigh_items(
        self, logits: FloatArray, is_near: Sequence[bool] | NDArray[np.bool_], class_index: int
    ) -> FloatArray:
        """How much each item counts in the image's score of a class.

        Args:
            logits: of the fusion or of one branch, float32 (items, classes), at least one item.
            is_near: bool (items,): which items lie within the gate's limit.
            class_index: of the class.

        Returns:
            Float32 (items,), sum 1; 0 for an item that does not count in the answer.
        """
        counted = choose_counted(is_near)
        shares = np.zeros(len(logits), np.float32)
        shares[counted] = cell_shares(logits[counted], self.thresholds.field_sharpness, class_index)
        return shares

    def _is_near(self, scores: ItemScores) -> NDArray[np.bool_]:
        # In double precision, as the limit is: rounded to single it would be another one.
        return scores.distances.astype(np.float64) <= self.thresholds.max_feature_distance

    def _probabilities(self, values: NDArray[np.floating]) -> ClassProbabilities:
        return ClassProbabilities.from_array(values, self.class_names)

    def _confidence(
        self, probabilities: ClassProbabilities, branches: tuple[ClassProbabilities, ...]
    ) -> float:
        return least_confidence(probabilities, branches if self.thresholds.needs_agreement else ())

    def _answer(
        self,
        probabilities: ClassProbabilities,
        branches: tuple[ClassProbabilities, ...],
        distance: float,
        confidence: float,
        mode: ImageMode | None,
    ) -> Answer:
        """What is called of an image or item whose quality nothing speaks against."""
        thresholds = self.thresholds
        limits = thresholds.limits_of(mode)
        if limits is None:
            if is_sure_enough(confidence, thresholds.min_confidence):
                label = probabilities.top_class
                return Answer(finding=finding_of(label), label=label)
            why = explain_no_call(probabilities, branches, distance, confidence, thresholds)
            return Answer(no_call=why)
        if distance > thresholds.max_feature_distance:
            return Answer(no_call=explain_distance(distance, thresholds.max_feature_distance))
        heard = branches if thresholds.needs_agreement else ()
        return _answer_in_steps(probabilities, heard, limits)


def _answer_in_steps(
    probabilities: ClassProbabilities,
    branches: tuple[ClassProbabilities, ...],
    limits: CallLimits,
) -> Answer:
    """The two steps for one image or item; ``branches`` are those that have a say."""
    class_names = probabilities.class_names
    steps = measure_steps(
        np.array([probabilities.values]),
        [np.array([branch.values]) for branch in branches],
        class_names,
    )
    calls = call_steps(steps, limits, class_names)
    if calls.is_healthy[0]:
        return Answer(finding=HEALTHY, label=HEALTHY)
    if not calls.is_leukemia[0]:
        return Answer(no_call=explain_no_finding(probabilities, branches, steps, limits))
    if calls.types[0] == NO_TYPE:
        note = explain_no_type(probabilities, branches, steps, limits)
        return Answer(finding=LEUKEMIA, type_note=note)
    return Answer(finding=LEUKEMIA, label=class_names[calls.types[0]])


def choose_counted(is_near: Sequence[bool] | NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which items make the answer: those within the gate's limit, or all where none is.

    Args:
        is_near: bool (items,).
    """
    near = np.asarray(is_near, np.bool_)
    return near if near.any() else np.ones_like(near)


def least_confidence(fused: ClassProbabilities, branches: Sequence[ClassProbabilities]) -> float:
    """Smallest probability that the fused decision and the branches give to the class they name.

    Args:
        fused: calibrated, of the fused decision.
        branches: of each branch that has a say.

    Returns:
        0-1; 0 where a branch names another class.
    """
    named = fused.top_class
    if any(branch.top_class != named for branch in branches):
        return 0.0
    return min(probabilities.of(named) for probabilities in (fused, *branches))


@overload
def is_sure_enough(confidence: float, limit: float) -> bool: ...
@overload
def is_sure_enough(confidence: NDArray[np.float64], limit: float) -> NDArray[np.bool_]: ...
def is_sure_enough(
    confidence: float | NDArray[np.float64], limit: float
) -> bool | NDArray[np.bool_]:
    """Whether an answer is called; a confidence of 0 never is, whatever the limit.

    Args:
        confidence: least confidence of one image, or of many, float64 (images,).
        limit: the confidence limit, 0-1.
    """
    return (confidence > 0) & (confidence >= limit)
