"""One data set under one protocol: which items train, the training, and the answers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from experiments.reproduction.data_sets import ReproductionSet
from leukapp.data.catalog import Sample
from leukapp.data.d4 import D4Element, paper_augmentations
from leukapp.data.splits import split_grouped, split_paper
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet
from leukapp.model.dense import DenseStack, FloatArray, forward
from leukapp.model.fusion import predict_logits, softmax
from leukapp.model.presets import Preset
from leukapp.training.corpus import PooledItems
from leukapp.training.feature_cache import D4Variants, load_features
from leukapp.training.frozen_backbones import PreparedBackbone
from leukapp.training.heads import TrainedHeads, train_heads
from leukapp.training.progress import Progress

ProtocolName: TypeAlias = Literal["paper", "grouped"]
PROTOCOLS: Final[tuple[ProtocolName, ...]] = ("paper", "grouped")
Items: TypeAlias = NDArray[np.int64]
Report: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Items of a split: int64 (n, 2), image and D4 element."""

    train: Items
    validation: Items
    test: Items


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPart:
    """Test items of one protocol, as every decider sees them.

    Attributes:
        test: int64 (n, 2).
        fused: the fused decision, with each branch alone.
        alone: for each branch its probabilities through a meta-classifier of its own; may be empty.
    """

    test: Items
    fused: HeldOutSet
    alone: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionRun:
    """What is the same for every data set of a reproduction.

    Attributes:
        recipe: the paper's recipe on the chosen backbones.
        backbones: of the branches.
        seed: of splits, initialization and dropout.
        work_dir: keeps features and finished stages.
        report: takes a line of progress.
        bundles_dir: gets a bundle of each data set and protocol; None keeps none.
    """

    recipe: Preset
    backbones: tuple[PreparedBackbone, ...]
    seed: int
    work_dir: Path
    report: Report
    bundles_dir: Path | None = None


def load_set_features(one: ReproductionSet, run: ReproductionRun) -> tuple[FloatArray, ...]:
    """Of each branch, float32 (images, 8, channels); protocols and sets share the cache."""
    return tuple(
        load_features(
            one.samples,
            backbone.frozen,
            variants=D4Variants(n_turns=run.recipe.n_turns),
            enhancement=run.recipe.enhancement,
            cache_dir=run.work_dir / "features",
            report=Progress(f"features of {spec.name}", run.report).step,
        ).pooled
        for spec, backbone in zip(run.recipe.branches, run.backbones, strict=True)
    )


def split_set(one: ReproductionSet, protocol: ProtocolName, seed: int) -> Parts:
    """Split a data set as a protocol does.

    Args:
        one: the data set.
        protocol: ``paper`` augments by 16 and then splits the copies at random, each of which is
            one of the eight D4 elements; ``grouped`` splits whole groups and then augments the
            training part alone by the eight.
        seed: of the random order.
    """
    labels = [sample.label for sample in one.samples]
    if protocol == "paper":
        augmented = split_paper(labels, seed=seed)
        element = np.array([int(a.element) for a in paper_augmentations()], np.int64)
        train, validation, test = (
            np.stack([part[:, 0], element[part[:, 1]]], axis=1)
            for part in (augmented.train, augmented.validation, augmented.test)
        )
        return Parts(train=train, validation=validation, test=test)
    split = split_grouped(
        labels, one.split_groups, [sample.source for sample in one.samples], seed=seed
    )
    elements = range(len(D4Element))
    return Parts(
        train=np.array([(i, element) for i in split.train for element in elements], np.int64),
        validation=np.array([(i, 0) for i in split.validation], np.int64).reshape(-1, 2),
        test=np.array([(i, 0) for i in split.test], np.int64).reshape(-1, 2),
    )


def train_set(
    one: ReproductionSet,
    run: ReproductionRun,
    pooled: tuple[FloatArray, ...],
    parts: Parts,
) -> TrainedHeads:
    """Train both stages on the training part, stopped by the validation part.

    Args:
        one: the data set.
        run: recipe and backbones.
        pooled: of :func:`load_set_features`.
        parts: the split.
    """
    labels = class_indices(one)

    def items(part: Items) -> PooledItems:
        return PooledItems(
            pooled=_take(pooled, part),
            class_indices=labels[part[:, 0]],
            weights=np.ones(len(part), np.float32),
            class_names=one.class_names,
        )

    return train_heads(
        run.recipe,
        tuple(backbone.imagenet_top for backbone in run.backbones),
        items(parts.train),
        items(parts.validation),
        seed=run.seed,
        report=run.report,
        checkpoint_dir=run.work_dir / "stages",
        with_ablation=one.has_ablation,
    )


def judge_set(
    one: ReproductionSet,
    recipe: Preset,
    pooled: tuple[FloatArray, ...],
    test: Items,
    trained: TrainedHeads,
    protocol: ProtocolName,
) -> JudgedPart:
    """Answers of every decider to the test part.

    Args:
        one: the data set.
        recipe: names the branches.
        pooled: of :func:`load_set_features`.
        test: items to judge.
        trained: heads.
        protocol: of the split.
    """
    features = _take(pooled, test)
    logits = predict_logits(trained.heads, features)
    rows = [int(row) for row in test[:, 0]]
    fused = HeldOutSet(
        sample_ids=name_items(one.samples, test, protocol),
        groups=tuple(one.split_groups[row] for row in rows),
        groups_known=np.array([one.samples[row].groups_known for row in rows], np.bool_),
        # One set is one question: its sources are judged together, as the paper does.
        sources=(one.name,) * len(rows),
        true_labels=class_indices(one)[test[:, 0]],
        probabilities=softmax(logits.fused),
        branches=tuple(
            BranchPredictions(name=spec.name, probabilities=softmax(of_branch))
            for spec, of_branch in zip(recipe.branches, logits.branches, strict=True)
        ),
        is_called=np.ones(len(rows), np.bool_),
        no_call_reasons=(None,) * len(rows),
        protocol=protocol,
        bundle_sha256="",
        class_names=one.class_names,
    )
    alone = tuple(
        np.asarray(softmax(forward(stack, _embedding(trained, index, features))), np.float32)
        for index, stack in enumerate(trained.alone)
    )
    return JudgedPart(test=test, fused=fused, alone=alone)


def name_items(samples: Sequence[Sample], test: Items, protocol: ProtocolName) -> tuple[str, ...]:
    """Give each test item an id; under the paper's protocol an image has several.

    Args:
        samples: images of the set.
        test: items to name.
        protocol: of the split.
    """
    copies = Counter[tuple[int, int]]()
    ids = []
    for row, element in test.tolist():
        # The paper's sixteen namings show each of the eight pictures twice.
        copies[row, element] += 1
        suffix = f"#{element}.{copies[row, element]}" if protocol == "paper" else ""
        ids.append(samples[row].sample_id + suffix)
    return tuple(ids)


def class_indices(one: ReproductionSet) -> NDArray[np.int64]:
    """Class of each image of a set, int64 (images,), into its ``class_names``."""
    return np.array([one.class_names.index(sample.label) for sample in one.samples], np.int64)


def whole_stack(trained: TrainedHeads, index: int) -> DenseStack:
    """Everything behind the pooling of one branch, down to its own logits."""
    head = trained.heads.branches[index]
    return (*head.imagenet_top, *head.embed, *head.classify)


def _take(pooled: tuple[FloatArray, ...], part: Items) -> tuple[FloatArray, ...]:
    return tuple(features[part[:, 0], part[:, 1]] for features in pooled)


def _embedding(trained: TrainedHeads, index: int, features: tuple[FloatArray, ...]) -> FloatArray:
    head = trained.heads.branches[index]
    return forward(head.embed, forward(head.imagenet_top, features[index]))
