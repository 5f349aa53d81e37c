"""Fit everything behind the frozen backbones: heads, gate and thresholds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.decision import DecisionRule
from leukapp.inference.fit_decision import fit_gate, fit_thresholds, widen_max_distance
from leukapp.model.artifacts import LossCurve
from leukapp.model.bundle import GateReference
from leukapp.model.fusion import Heads, predict_logits
from leukapp.model.manifest import Thresholds
from leukapp.model.presets import Preset
from leukapp.recipes.left_out import choose_calls, laboratories_to_leave, without_images
from leukapp.training.corpus import Corpus, ImageAnswers, ItemVariants, answer_images, weigh_items
from leukapp.training.heads import train_heads


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedNetwork:
    """What a training on frozen features gives.

    Attributes:
        heads: of every branch and the fusion.
        gate: reference features of the training items.
        thresholds: calibration and limits, fitted on the validation images.
        curves: loss curves.
        left_out_sources: without which trainings chose the limits; empty where no source was left
            out.
    """

    heads: Heads
    gate: GateReference
    thresholds: Thresholds
    curves: tuple[LossCurve, ...]
    left_out_sources: tuple[str, ...] = ()

    @property
    def rule(self) -> DecisionRule:
        """The rule by which the network answers."""
        return DecisionRule(
            gate=self.gate, thresholds=self.thresholds, class_names=self.heads.class_names
        )


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
        calling: take the limits and the need of agreement from here; None fits them.
    """

    def fit(fitted_to: ItemVariants, checked_on: ItemVariants) -> FittedNetwork:
        train_items, checked_items = (
            weigh_items(preset, corpus, chosen) for chosen in (fitted_to, checked_on)
        )
        trained = train_heads(
            preset,
            corpus.imagenet_tops,
            train_items,
            checked_items,
            seed=seed,
            report=report,
            checkpoint_dir=checkpoint_dir,
        )
        return fit_limits(trained.heads, trained.curves, corpus, fitted_to, checked_on, seed=seed)

    fitted = fit(train, validation)
    if calling is not None:
        thresholds = replace(
            fitted.thresholds,
            min_confidence=calling.min_confidence,
            needs_agreement=calling.needs_agreement,
            limits=calling.limits,
            mode_limits=calling.mode_limits,
        )
        return replace(fitted, thresholds=thresholds)
    if not preset.hyperparameters.leave_sources_out:
        return fitted
    samples = np.unique(corpus.sample_indices[np.concatenate([train, validation])[:, 0]])
    laboratories = np.array([sample.laboratory for sample in corpus.samples])
    left_out = []
    laboratories_left_out = laboratories_to_leave(corpus, samples)
    for laboratory in laboratories_left_out:
        report(f"training without {laboratory}")
        is_own = laboratories == laboratory
        others = fit(
            without_images(is_own, corpus, train), without_images(is_own, corpus, validation)
        )
        left_out.append((others, samples[is_own[samples]]))
    reach = widen_max_distance(
        fitted.thresholds.max_feature_distance,
        [_nearest(others, corpus, own) for others, own in left_out],
    )
    of_held_out = _answer_agreed(
        fitted, corpus, np.unique(corpus.sample_indices[validation[:, 0]]), reach
    )
    chosen = choose_calls(
        corpus,
        of_held_out,
        [_answer_agreed(others, corpus, own, reach) for others, own in left_out],
    )
    return replace(
        fitted,
        thresholds=replace(
            fitted.thresholds,
            max_feature_distance=reach,
            limits=chosen.limits,
            mode_limits=chosen.mode_limits,
            needs_agreement=True,
        ),
        left_out_sources=laboratories_left_out,
    )


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


def _nearest(
    fitted: FittedNetwork, corpus: Corpus, samples: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How far the nearest leukocyte of each image is, where one was found."""
    distances = answer_images(fitted.heads, fitted.rule, corpus, samples).distances
    return np.asarray(distances[np.isfinite(distances)], np.float64)


def _answer_agreed(
    fitted: FittedNetwork, corpus: Corpus, samples: NDArray[np.int64], reach: float
) -> ImageAnswers:
    """Answers within this distance that count only where the branches agree."""
    thresholds = replace(fitted.thresholds, needs_agreement=True, max_feature_distance=reach)
    return answer_images(fitted.heads, replace(fitted.rule, thresholds=thresholds), corpus, samples)


def _fit_thresholds(
    corpus: Corpus, heads: Heads, gate: GateReference, items: NDArray[np.int64]
) -> Thresholds:
    """Calibrate on validation images only; the test part is judged with what comes out."""
    logits = predict_logits(heads, tuple(p[items, 0] for p in corpus.pooled)).fused
    of_image = corpus.sample_indices[items]
    images = np.unique(of_image)
    labels = corpus.class_indices[images]
    cells_of_images = [logits[of_image == image] for image in images]
    return fit_thresholds(gate, cells_of_images, labels, corpus.joined[items])
