"""Both stages for a whole preset, on cached features."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES
from leukapp.model.artifacts import LossCurve
from leukapp.model.dense import DenseStack, FloatArray, forward
from leukapp.model.fusion import BranchHead, Heads
from leukapp.model.presets import Preset
from leukapp.training.heads import StageRun, train_branch_head, train_fusion
from leukapp.training.stage_checkpoints import TrainingItems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledItems:
    """Training items of every branch.

    Attributes:
        pooled: pooled activation of each branch, float32 (n, channels).
        class_indices: int64 (n,), into ``class_names``.
        weights: float32 (n,): weight in the loss, mean 1.
        class_names: what the network tells apart, in the order of its answers.
    """

    pooled: tuple[FloatArray, ...]
    class_indices: NDArray[np.int64]
    weights: FloatArray
    class_names: tuple[str, ...] = CLASS_NAMES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedHeads:
    """Heads with the loss curves of their training.

    Attributes:
        heads: of every branch, and the fusion.
        curves: of every stage.
        alone: for each branch a meta-classifier trained on its embedding alone (the ablation);
            empty if not asked for.
    """

    heads: Heads
    curves: tuple[LossCurve, ...]
    alone: tuple[DenseStack, ...] = ()


def train_heads(  # noqa: PLR0913
    preset: Preset,
    imagenet_tops: tuple[DenseStack, ...],
    train: PooledItems,
    validation: PooledItems,
    *,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
    checkpoint_dir: Path | None = None,
    with_ablation: bool = False,
) -> TrainedHeads:
    """Train stage 1 for each branch, then stage 2 on their frozen embeddings.

    Args:
        preset: branches and hyperparameters.
        imagenet_tops: ImageNet classifier of each backbone, for branches that hand its output on.
        train: items of the training part.
        validation: items that stop the training.
        seed: of everything random.
        report: takes a line of progress.
        checkpoint_dir: keeps finished stages, so that a killed training goes on.
        with_ablation: also train a meta-classifier on each branch alone.

    Returns:
        All heads; a preset of one branch has no fusion.
    """
    run = StageRun(
        hyperparameters=preset.hyperparameters,
        seed=seed,
        checkpoint_dir=checkpoint_dir,
        report=report,
    )
    heads: list[BranchHead] = []
    curves: list[LossCurve] = []
    embedded: list[tuple[FloatArray, FloatArray]] = []
    for index, (spec, imagenet_top) in enumerate(zip(preset.branches, imagenet_tops, strict=True)):
        top = imagenet_top if spec.hands_on == "imagenet_probabilities" else ()
        handed_on = [forward(top, items.pooled[index]) for items in (train, validation)]
        trained = train_branch_head(
            _items(handed_on[0], train),
            _items(handed_on[1], validation),
            name=spec.name,
            run=replace(run, seed=seed + index),
        )
        curves.append(trained.curve)
        heads.append(BranchHead(imagenet_top=top, embed=trained.embed, classify=trained.classify))
        embedded.append(
            (forward(trained.embed, handed_on[0]), forward(trained.embed, handed_on[1]))
        )
    if len(heads) == 1:
        one = Heads(branches=tuple(heads), fusion=(), class_names=train.class_names)
        return TrainedHeads(heads=one, curves=tuple(curves))
    stage2 = replace(run, seed=seed + len(heads))
    joined = [np.concatenate(parts, axis=1) for parts in zip(*embedded, strict=True)]
    fusion = train_fusion(_items(joined[0], train), _items(joined[1], validation), run=stage2)
    alone = []
    if with_ablation:
        for spec, (of_train, of_validation) in zip(preset.branches, embedded, strict=True):
            trained_alone = train_fusion(
                _items(of_train, train),
                _items(of_validation, validation),
                run=stage2,
                name=f"alone:{spec.name}",
            )
            alone.append(trained_alone.fusion)
            curves.append(trained_alone.curve)
    return TrainedHeads(
        heads=Heads(
            branches=tuple(heads),
            fusion=fusion.fusion,
            late_fusion=preset.late_fusion,
            class_names=train.class_names,
        ),
        curves=(*curves, fusion.curve),
        alone=tuple(alone),
    )


def _items(features: FloatArray, items: PooledItems) -> TrainingItems:
    return TrainingItems(
        features=features,
        class_indices=items.class_indices,
        weights=items.weights,
        n_classes=len(items.class_names),
    )
