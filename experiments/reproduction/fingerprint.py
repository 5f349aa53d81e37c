"""A few numbers that change when the code behind a reproduction gives other results.

A table that is kept beside the code can go stale without a change of weights or recipe: another
split, another enhancement, another training. The whole path therefore runs once on made-up images
that take seconds, and what comes out is kept with the table. A comment or a new name changes
nothing; a result that moves does.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from experiments.reproduction.data_sets import ReproductionSet
from experiments.reproduction.training import (
    PROTOCOLS,
    ReproductionRun,
    judge_set,
    split_set,
    train_set,
)
from leukapp.data.catalog import Sample
from leukapp.data.splits import measure_leakage, split_paper
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.imaging.arrays import RgbImage
from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseLayer, FloatArray
from leukapp.model.fusion import pool
from leukapp.model.presets import Preset, paper_recipe
from leukapp.training.feature_cache import D4Variants, FrozenBackbone
from leukapp.training.frozen_backbones import PreparedBackbone

TOLERANCE: Final = 2e-3
"""Up to which fingerprints of two machines are the same."""

N_IMAGES: Final = 24
N_EPOCHS: Final = 2
SIZE_PX: Final = 32
BLOCK_PX: Final = 8
N_IMAGENET: Final = 40
N_SHOWN: Final = 4


def code_fingerprint(preset: Preset, backbones: tuple[PreparedBackbone, ...]) -> tuple[float, ...]:
    """Run the whole path on made-up images.

    Args:
        preset: whose backbones a reproduction takes.
        backbones: of its branches, with their weights.

    Returns:
        Of each backbone what it makes of one image, then of each protocol answers and figures;
        equal within ``TOLERANCE`` wherever the same code runs.
    """
    recipe = paper_recipe(preset, n_epochs=N_EPOCHS)
    rng = np.random.default_rng(0)
    images = [_draw(rng, index) for index in range(N_IMAGES)]
    numbers = [
        value
        for spec, backbone in zip(recipe.branches, backbones, strict=True)
        for value in _backbone_numbers(backbone, _variants(images[0], recipe, spec.input_size_px))
    ]
    one = _made_up_set()
    pooled = tuple(
        np.stack([_shrink(_variants(image, recipe, SIZE_PX)) for image in images])
        for _ in recipe.branches
    )
    made_up = tuple(
        PreparedBackbone(
            arrays={},
            imagenet_top=_made_up_classifier(rng, pooled[0].shape[-1]),
            frozen=FrozenBackbone(key="", input_size_px=SIZE_PX, forward=lambda batch: batch),
        )
        for _ in recipe.branches
    )
    with TemporaryDirectory() as folder:
        run = ReproductionRun(
            recipe=recipe,
            backbones=made_up,
            seed=0,
            work_dir=Path(folder),
            report=lambda _line: None,
        )
        for protocol in PROTOCOLS:
            parts = split_set(one, protocol, run.seed)
            trained = train_set(one, run, pooled, parts)
            judged = judge_set(one, recipe, pooled, parts.test, trained, protocol)
            report = evaluate_predictions(judged.fused)
            deciders: list[HeldOutSet | BranchPredictions]
            deciders = [judged.fused, *judged.fused.branches]
            numbers += [
                float(p) for decider in deciders for p in decider.probabilities[:N_SHOWN].ravel()
            ]
            numbers += [report.accuracy.value, report.weighted_f1, float(len(parts.train))]
    leakage = measure_leakage(split_paper([s.label for s in one.samples], seed=0))
    numbers += [leakage.identical_fraction, leakage.sibling_fraction]
    return tuple(round(float(value), 5) for value in numbers)


def _draw(rng: np.random.Generator, index: int) -> RgbImage:
    """Noise whose brightness goes with the class, so that there is something to learn."""
    pixels = rng.integers(0, 120, (40, 48, 3)) + 40 * (index % len(CLASS_NAMES))
    return pixels.astype(np.uint8)


def _made_up_set() -> ReproductionSet:
    samples = tuple(
        Sample(
            path=Path(f"{index}.png"),
            label=CLASS_NAMES[index % len(CLASS_NAMES)],
            group=f"group-{index // 2}",
            source="made-up",
            sample_id=f"{index}.png",
        )
        for index in range(N_IMAGES)
    )
    return ReproductionSet(
        name="made up",
        samples=samples,
        split_groups=tuple(sample.group for sample in samples),
        published_name=None,
        is_combined=True,
        has_ablation=False,
    )


def _variants(image: RgbImage, recipe: Preset, size_px: int) -> FloatArray:
    variants = D4Variants(n_turns=recipe.n_turns)
    drawn = variants.draw(image, size_px=size_px, enhancement=recipe.enhancement, image_key="")
    return next(iter(drawn))


def _backbone_numbers(backbone: PreparedBackbone, variants: FloatArray) -> tuple[float, ...]:
    """The first pooled channels of the image as it is, and the mean of all."""
    pooled = pool(backbone.frozen.forward(variants[:1]))[0]
    return (*(float(value) for value in pooled[:N_SHOWN]), float(pooled.mean()))


def _shrink(variants: FloatArray) -> FloatArray:
    """Means of blocks of pixels, float32 (8, features), 0-1: what stands for pooled features."""
    side = SIZE_PX // BLOCK_PX
    blocks = variants.reshape(len(variants), side, BLOCK_PX, side, BLOCK_PX, 3).mean(axis=(2, 4))
    return np.asarray(blocks.reshape(len(variants), -1) / 255, np.float32)


def _made_up_classifier(rng: np.random.Generator, n_features: int) -> tuple[DenseLayer, ...]:
    kernel = rng.normal(0, 1, (n_features, N_IMAGENET)).astype(np.float32)
    bias = np.zeros(N_IMAGENET, np.float32)
    return (DenseLayer(kernel=kernel, bias=bias, activation="softmax"),)
