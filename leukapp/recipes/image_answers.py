"""Answers of a fitted network for images of a corpus, by the rule that the app answers by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.decision import DecisionRule, is_sure_enough
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, predict_logits
from leukapp.training.corpus import Corpus


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageAnswers:
    """Answers for images of a corpus.

    Attributes:
        samples: int64 (images,): which images.
        probabilities: calibrated, of the fused decision, float32 (images, classes); NaN rows where
            no leukocyte was found.
        branch_probabilities: of each branch alone, as ``probabilities``.
        least_confidence: float64 (images,), 0-1: what the confidence limit is asked of. 0 where
            nothing may be called: no leukocyte, every cell beyond the gate, or another class named
            by a branch.
    """

    samples: NDArray[np.int64]
    probabilities: FloatArray
    branch_probabilities: tuple[FloatArray, ...]
    least_confidence: NDArray[np.float64]

    def called_from(self, confidence: float) -> NDArray[np.bool_]:
        """Bool (images,): which images get a call under this limit."""
        return is_sure_enough(self.least_confidence, confidence)


def answer_images(
    heads: Heads, rule: DecisionRule, corpus: Corpus, samples: NDArray[np.int64]
) -> ImageAnswers:
    """Answer for images as the app does; the quality check is not asked.

    Args:
        heads: trained.
        rule: of the network.
        corpus: images and features.
        samples: int64 (images,): which images.
    """
    items = corpus.items_of(samples)
    logits = predict_logits(heads, tuple(pooled[items, 0] for pooled in corpus.pooled))
    scores = rule.score(logits, corpus.joined[items])
    of_image = corpus.sample_indices[items]
    fused = np.full((len(samples), len(heads.class_names)), np.nan, np.float32)
    branches = tuple(fused.copy() for _ in logits.branches)
    confidences = np.zeros(len(samples), np.float64)
    for row, sample in enumerate(samples):
        decision = rule.decide(scores.take(of_image == sample))
        if decision.probabilities is None:
            continue
        fused[row] = decision.probabilities.values
        for kept, of_branch in zip(branches, decision.branches, strict=True):
            kept[row] = of_branch.values
        confidences[row] = decision.least_confidence
    return ImageAnswers(
        samples=np.asarray(samples, np.int64),
        probabilities=fused,
        branch_probabilities=branches,
        least_confidence=confidences,
    )
