"""Answers of a fitted network for images of a corpus, as the app gives them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.field_rule import combine_cells, least_sure
from leukapp.inference.gate import feature_distances
from leukapp.model.bundle import GateReference, Thresholds
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, predict_logits, softmax
from leukapp.training.corpus import Corpus


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageAnswers:
    """Answers for images of a corpus.

    Attributes:
        samples: int64 (images,): which images.
        probabilities: calibrated, of the fused decision, float32 (images, classes); NaN rows where
            no leukocyte was found.
        branch_probabilities: of each branch alone, as ``probabilities``.
        sureness: float64 (images,), 0-1: what the confidence limit is asked of. 0 where nothing may
            be called: no leukocyte, every cell beyond the gate, or another class named by a branch.
    """

    samples: NDArray[np.int64]
    probabilities: FloatArray
    branch_probabilities: tuple[FloatArray, ...]
    sureness: NDArray[np.float64]

    def called_from(self, confidence: float) -> NDArray[np.bool_]:
        """Bool (images,): which images get a call under this limit."""
        return (self.sureness > 0) & (self.sureness >= confidence)


def answer_images(
    heads: Heads,
    gate: GateReference,
    thresholds: Thresholds,
    corpus: Corpus,
    samples: NDArray[np.int64],
) -> ImageAnswers:
    """Answer for images; cells beyond the gate do not count, unless all of an image are.

    Args:
        heads: trained.
        gate: reference features of what they were trained on.
        thresholds: calibration, and the limit of the gate; the confidence limit is not asked.
        corpus: images and features.
        samples: int64 (images,): which images.
    """
    items = corpus.items_of(samples)
    logits = predict_logits(heads, tuple(pooled[items, 0] for pooled in corpus.pooled))
    distances = feature_distances(gate, corpus.joined[items])
    is_near = distances <= thresholds.max_feature_distance
    of_image = corpus.sample_indices[items]
    fused = np.full((len(samples), len(heads.class_names)), np.nan, np.float32)
    branches = tuple(fused.copy() for _ in logits.branches)
    sureness = np.zeros(len(samples), np.float64)
    for row, sample in enumerate(samples):
        own = of_image == sample
        if not own.any():
            continue
        near = own & is_near
        counted = near if near.any() else own
        one = slice(row, row + 1)
        combined = combine_cells(logits.fused[counted], thresholds.field_sharpness)
        fused[row] = softmax(combined, thresholds.temperature)
        for branch, of_branch in zip(branches, logits.branches, strict=True):
            branch[row] = softmax(combine_cells(of_branch[counted], thresholds.field_sharpness))
        if near.any():
            asked = [branch[one] for branch in branches] if thresholds.needs_agreement else []
            sureness[row] = least_sure(fused[one], asked)[0]
    return ImageAnswers(
        samples=np.asarray(samples, np.int64),
        probabilities=fused,
        branch_probabilities=branches,
        sureness=sureness,
    )
