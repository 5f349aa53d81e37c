"""The images of a training with their features: learned from, weighed and answered for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.inference.decision import DecisionRule, is_sure_enough
from leukapp.labels import CLASS_NAMES, ImageMode, name_answer
from leukapp.model.dense import DenseStack, FloatArray
from leukapp.model.fusion import Heads, predict_logits
from leukapp.model.presets import Preset
from leukapp.model.training_summary import TrainingSummary, choose_summary_cells

ItemVariants = NDArray[np.int64]
"""Int64 (n, 2): item and variant, one row for each thing that the heads learn from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Images and the features of their items (whole images or cells), of every branch.

    Attributes:
        samples: the images.
        pooled: of each branch, float32 (items, variants, channels).
        sample_indices: int64 (items,): the image that an item is of, ascending.
        imagenet_tops: ImageNet classifier of each branch's backbone; empty where it has none.
        class_names: what a network on it tells apart, in the order of its answers.
        modes: how each image is judged; empty where that is not asked.
    """

    samples: tuple[Sample, ...]
    pooled: tuple[FloatArray, ...]
    sample_indices: NDArray[np.int64]
    imagenet_tops: tuple[DenseStack, ...]
    class_names: tuple[str, ...] = CLASS_NAMES
    modes: tuple[ImageMode, ...] = ()

    @property
    def n_variants(self) -> int:
        """Variants of each item."""
        return int(self.pooled[0].shape[1])

    @cached_property
    def class_indices(self) -> NDArray[np.int64]:
        """Int64 (samples,): index of each image's label into ``class_names``."""
        return np.array([self.class_names.index(sample.label) for sample in self.samples], np.int64)

    @cached_property
    def joined(self) -> FloatArray:
        """Float32 (items, channels of all branches): every item as it is, for the gate."""
        return np.concatenate([features[:, 0] for features in self.pooled], axis=1)

    def mode_of(self, sample: int) -> ImageMode | None:
        """How an image is judged; None where that is not known."""
        return self.modes[sample] if self.modes else None

    def items_of(self, samples: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Items of some images, ascending; an image without a leukocyte has none."""
        return np.flatnonzero(np.isin(self.sample_indices, np.asarray(samples, np.int64)))

    def variants_of(self, samples: Sequence[int], n_variants: int) -> ItemVariants:
        """The first variants of every item of some images."""
        items = self.items_of(samples)
        return np.stack(
            [np.repeat(items, n_variants), np.tile(np.arange(n_variants), len(items))], axis=1
        ).astype(np.int64)

    def take(self, chosen: ItemVariants) -> tuple[FloatArray, ...]:
        """Features of chosen items and variants, of every branch: float32 (n, channels)."""
        return tuple(features[chosen[:, 0], chosen[:, 1]] for features in self.pooled)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledItems:
    """What heads learn from: features with their classes and weights.

    Attributes:
        pooled: pooled activation of each branch, float32 (n, channels); for one stage what it sees.
        class_indices: int64 (n,), into ``class_names``.
        weights: float32 (n,): weight in the loss, mean 1.
        class_names: what the network tells apart, in the order of its answers.
    """

    pooled: tuple[FloatArray, ...]
    class_indices: NDArray[np.int64]
    weights: FloatArray
    class_names: tuple[str, ...] = CLASS_NAMES

    @property
    def features(self) -> FloatArray:
        """What a single stage sees, float32 (n, features)."""
        return self.pooled[0]

    @property
    def n_classes(self) -> int:
        """Classes that the heads tell apart, also those without an item."""
        return len(self.class_names)

    def with_features(self, features: FloatArray) -> "PooledItems":
        """The same items as a single stage sees them."""
        return replace(self, pooled=(features,))


def weigh_items(preset: Preset, corpus: Corpus, chosen: ItemVariants) -> PooledItems:
    """Take items out of a corpus, weighed as the preset asks.

    Args:
        preset: the recipe.
        corpus: images and features.
        chosen: items and variants.
    """
    samples = corpus.sample_indices[chosen[:, 0]]
    classes = corpus.class_indices[samples]
    weights = (
        balance_weights(
            [corpus.samples[i].label for i in samples], [corpus.samples[i].source for i in samples]
        )
        if preset.hyperparameters.balance_sources
        else np.ones(len(samples), np.float32)
    )
    return PooledItems(
        pooled=corpus.take(chosen),
        class_indices=classes,
        weights=weights,
        class_names=corpus.class_names,
    )


def balance_weights(labels: Sequence[str], sources: Sequence[str]) -> FloatArray:
    """Weight of each item in the loss: classes count alike, and sources within a class.

    Args:
        labels: class name of each item.
        sources: source of each item.

    Returns:
        Float32 (n,), mean 1.

    Example:
        >>> balance_weights(["ALL", "ALL", "ALL", "AML"], ["a", "a", "b", "c"]).tolist()
        [0.5, 0.5, 1.0, 2.0]
    """
    pairs = list(zip(labels, sources, strict=True))
    n_of_pair = Counter(pairs)
    n_sources = Counter(label for label, _ in n_of_pair)
    weights = [1 / (n_of_pair[pair] * n_sources[pair[0]]) for pair in pairs]
    return np.asarray(np.array(weights) * len(pairs) / len(n_sources), np.float32)


def summarize_training(corpus: Corpus, images: Sequence[int], *, seed: int) -> TrainingSummary:
    """Some items of a training as they are, for a bundle to bring along.

    Args:
        corpus: images and features.
        images: that the heads learned from.
        seed: of the draw.
    """
    items = corpus.items_of(images)
    samples = corpus.sample_indices[items]
    labels = corpus.class_indices[samples]
    sources = np.array([corpus.samples[i].source for i in samples], np.str_)
    chosen = choose_summary_cells(labels, sources, seed=seed)
    return TrainingSummary(
        pooled=tuple(features[items[chosen], 0] for features in corpus.pooled),
        labels=labels[chosen],
    )


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
        answers: what the rule calls of each image: a class name or ``TYPE_NOT_DETERMINED``; None
            for no call.
        is_near: bool (images,); False where no leukocyte lies within the gate's limit.
        distances: of each image's nearest leukocyte to the training features, 0-2, float64
            (images,); NaN where none was found.
    """

    samples: NDArray[np.int64]
    probabilities: FloatArray
    branch_probabilities: tuple[FloatArray, ...]
    least_confidence: NDArray[np.float64]
    answers: tuple[str | None, ...]
    is_near: NDArray[np.bool_]
    distances: NDArray[np.float64]

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
    answers: list[str | None] = []
    is_near = np.zeros(len(samples), np.bool_)
    distances = np.full(len(samples), np.nan, np.float64)
    for row, sample in enumerate(samples):
        decision = rule.decide(scores.take(of_image == sample), mode=corpus.mode_of(int(sample)))
        answers.append(name_answer(decision.finding, decision.label))
        is_near[row] = decision.is_near.any()
        if decision.probabilities is None:
            continue
        distances[row] = decision.distances.min()
        fused[row] = decision.probabilities.values
        for kept, of_branch in zip(branches, decision.branches, strict=True):
            kept[row] = of_branch.values
        confidences[row] = decision.least_confidence
    return ImageAnswers(
        samples=np.asarray(samples, np.int64),
        probabilities=fused,
        branch_probabilities=branches,
        least_confidence=confidences,
        answers=tuple(answers),
        is_near=is_near,
        distances=distances,
    )
