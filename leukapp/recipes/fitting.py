"""Fit everything behind the frozen backbones: heads, gate and thresholds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.calibration import choose_min_confidence, fit_temperature
from leukapp.inference.field_rule import combine_cells, fit_sharpness, least_sure
from leukapp.inference.gate import feature_distances, fit_gate
from leukapp.labels import CLASS_NAMES
from leukapp.model.bundle import GateReference, Thresholds
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, predict_logits, softmax
from leukapp.model.presets import Preset
from leukapp.recipes.left_out import (
    choose_confidence,
    combine_images,
    sources_to_leave,
    train_without,
)
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.items import weigh_items
from leukapp.training.stage_checkpoints import LossCurve
from leukapp.training.two_stage import train_heads

FALSE_REJECT_FRACTION: Final = 0.02
"""Share of validation items that the feature-distance limit may turn away."""

MAX_RISK: Final = 0.05
"""Share of wrong calls among the called validation images that the confidence limit aims at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedNetwork:
    """What a training on frozen features gives.

    Attributes:
        heads: of every branch and the fusion.
        gate: reference features of the training items.
        thresholds: calibration and limits, fitted on the validation images.
        curves: loss curves.
    """

    heads: Heads
    gate: GateReference
    thresholds: Thresholds
    curves: tuple[LossCurve, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageAnswers:
    """Answers for images of a corpus.

    Attributes:
        probabilities: calibrated, of the fused decision, float32 (images, classes); NaN rows where
            no leukocyte was found.
        branch_probabilities: of each branch alone, as ``probabilities``.
        is_called: bool (images,): whether the image gets a call.
    """

    probabilities: FloatArray
    branch_probabilities: tuple[FloatArray, ...]
    is_called: NDArray[np.bool_]


def fit_network(  # noqa: PLR0913
    preset: Preset,
    corpus: Corpus,
    train: ItemVariants,
    validation: ItemVariants,
    *,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
    checkpoint_dir: Path | None = None,
    calling: Thresholds | None = None,
) -> FittedNetwork:
    """Train the heads, then fit gate, calibration and limits on images not trained on.

    Args:
        preset: the recipe.
        corpus: images and features.
        train: what the heads learn from.
        validation: what stops the training and sets the thresholds.
        seed: of everything random.
        report: takes a line of progress.
        checkpoint_dir: keeps finished stages, so that a killed training goes on.
        calling: take the confidence limit and the need of agreement from here; None fits them.
    """
    trained = train_heads(
        preset,
        corpus.imagenet_tops,
        weigh_items(preset, corpus, train),
        weigh_items(preset, corpus, validation),
        seed=seed,
        report=report,
        checkpoint_dir=checkpoint_dir,
    )
    fitted = fit_limits(trained.heads, trained.curves, corpus, train, validation, seed=seed)
    thresholds = fitted.thresholds
    if calling is not None:
        thresholds = replace(
            thresholds,
            min_confidence=calling.min_confidence,
            needs_agreement=calling.needs_agreement,
        )
    elif preset.hyperparameters.leave_sources_out:
        thresholds = _heed_left_out(
            preset,
            corpus,
            train,
            validation,
            heads=trained.heads,
            thresholds=thresholds,
            seed=seed,
            checkpoint_dir=checkpoint_dir,
            report=report,
        )
    return replace(fitted, thresholds=thresholds)


def fit_limits(
    heads: Heads,
    curves: tuple[LossCurve, ...],
    corpus: Corpus,
    train: ItemVariants,
    validation: ItemVariants,
    *,
    seed: int,
) -> FittedNetwork:
    """Fit gate, calibration and limits around trained heads.

    Args:
        heads: of the network.
        curves: of their training.
        corpus: images and features.
        train: what the heads learned from.
        validation: what sets the thresholds.
        seed: of the gate.
    """
    # The gate compares images as they are uploaded, so it learns from them unaltered.
    gate = fit_gate(corpus.joined[np.unique(train[:, 0])], seed=seed)
    thresholds = _fit_thresholds(corpus, heads, gate, np.unique(validation[:, 0]))
    return FittedNetwork(heads=heads, gate=gate, thresholds=thresholds, curves=curves)


def _heed_left_out(  # noqa: PLR0913
    preset: Preset,
    corpus: Corpus,
    train: ItemVariants,
    validation: ItemVariants,
    *,
    heads: Heads,
    thresholds: Thresholds,
    seed: int,
    checkpoint_dir: Path | None,
    report: Callable[[str], None],
) -> Thresholds:
    """Take the confidence limit from held-out groups and from sources that were left out."""
    samples = np.unique(corpus.sample_indices[np.concatenate([train, validation])[:, 0]])
    sources = np.array([sample.source for sample in corpus.samples])
    left_out = []
    for source in sources_to_leave(corpus, samples):
        without = train_without(
            source,
            preset,
            corpus,
            train,
            validation,
            seed=seed,
            checkpoint_dir=checkpoint_dir,
            report=report,
        )
        own = samples[sources[samples] == source]
        left_out.append(combine_images(without, corpus, own, thresholds.field_sharpness))
    validating = np.unique(corpus.sample_indices[validation[:, 0]])
    confidence = choose_confidence(
        combine_images(heads, corpus, validating, thresholds.field_sharpness),
        left_out,
        corpus.class_indices,
        temperature=thresholds.temperature,
    )
    return replace(thresholds, min_confidence=confidence, needs_agreement=True)


def answer_images(
    fitted: FittedNetwork, corpus: Corpus, samples: NDArray[np.int64]
) -> ImageAnswers:
    """Answer for images as the app does: cells beyond the gate do not count.

    Args:
        fitted: the network.
        corpus: images and features.
        samples: int64 (images,): which images.
    """
    thresholds = fitted.thresholds
    items = corpus.items_of(samples)
    logits = predict_logits(fitted.heads, tuple(p[items, 0] for p in corpus.pooled))
    is_near = feature_distances(fitted.gate, corpus.joined[items]) <= (
        thresholds.max_feature_distance
    )
    n_images, n_classes = len(samples), len(CLASS_NAMES)
    fused = np.full((n_images, n_classes), np.nan, np.float32)
    branches = [fused.copy() for _ in logits.branches]
    is_called = np.zeros(n_images, np.bool_)
    for row, sample in enumerate(samples):
        of_image = corpus.sample_indices[items] == sample
        if not of_image.any():
            continue
        counted = of_image & is_near if (of_image & is_near).any() else of_image
        sharpness = thresholds.field_sharpness
        fused[row] = softmax(
            combine_cells(logits.fused[counted], sharpness), thresholds.temperature
        )
        for branch, of_branch in zip(branches, logits.branches, strict=True):
            branch[row] = softmax(combine_cells(of_branch[counted], sharpness))
        sure = fused[row].max()
        if thresholds.needs_agreement:
            one = slice(row, row + 1)
            sure = least_sure(fused[one], [branch[one] for branch in branches])[0]
        is_called[row] = bool((of_image & is_near).any()) and sure >= thresholds.min_confidence
    return ImageAnswers(
        probabilities=fused, branch_probabilities=tuple(branches), is_called=is_called
    )


def _fit_thresholds(
    corpus: Corpus, heads: Heads, gate: GateReference, items: NDArray[np.int64]
) -> Thresholds:
    """Calibrate on validation images only; the test part is judged with what comes out."""
    logits = predict_logits(heads, tuple(p[items, 0] for p in corpus.pooled)).fused
    of_image = corpus.sample_indices[items]
    images = np.unique(of_image)
    labels = corpus.class_indices[images]
    cells = [logits[of_image == image] for image in images]
    sharpness = fit_sharpness(cells, labels)
    combined = np.array([combine_cells(one, sharpness) for one in cells])
    # Below 1 it would sharpen: a small validation part without errors asks for that, unfounded.
    temperature = max(1.0, fit_temperature(combined, labels))
    confidence = choose_min_confidence(softmax(combined, temperature), labels, max_risk=MAX_RISK)
    distances = feature_distances(gate, corpus.joined[items])
    return Thresholds(
        temperature=temperature,
        min_confidence=min(1.0, confidence),
        max_feature_distance=float(np.quantile(distances, 1 - FALSE_REJECT_FRACTION)),
        false_reject_fraction=FALSE_REJECT_FRACTION,
        field_sharpness=sharpness,
    )
