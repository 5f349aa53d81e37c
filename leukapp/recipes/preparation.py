"""What comes before the heads: split the samples, get the trunks, run the images through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.cells import TABLE_NAME as CELL_TABLE
from leukapp.data.d4 import paper_augmentations
from leukapp.data.splits import (
    AugmentedSplit,
    keep_duplicates_together,
    split_grouped,
    split_paper,
)
from leukapp.errors import TrainingError
from leukapp.labels import HEALTHY, LEUKEMIA_CLASSES, join_with_or, order_classes
from leukapp.model.bundle import open_bundle
from leukapp.model.presets import Preset
from leukapp.model.weights_io import Arrays
from leukapp.recipes.train_options import TrainOptions
from leukapp.resources import SHIPPED_COMPACT
from leukapp.training.cell_stage import obtain_cell_backbone
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.feature_cache import CellViews, D4Variants, Variants, load_features
from leukapp.training.progress import Progress
from leukapp.training.trunks import CELL_BACKBONE, PreparedTrunk, prepare_trunk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleSplit:
    """Which images are in which part: indices into the samples, ascending.

    Attributes:
        train: images that the heads learn from.
        validation: images that stop the training and set the thresholds.
        test: images that judge the bundle; under the paper's protocol copies of them are in
            ``train`` too.
        augmented: the paper's split of augmented copies; None under the grouped protocol.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    augmented: AugmentedSplit | None


def split_samples(
    catalog: Catalog, options: TrainOptions
) -> tuple[tuple[Sample, ...], SampleSplit]:
    """Take the images that may be trained on, and split them.

    Args:
        catalog: of the data.
        options: protocol and seed.

    Returns:
        The images of role ``train``, and their split.

    Raises:
        TrainingError: there is no image of Healthy, or of nothing else.
        CatalogError: there are too few groups.
    """
    chosen = [i for i, sample in enumerate(catalog.samples) if sample.role == "train"]
    samples = tuple(catalog.samples[i] for i in chosen)
    labels = [sample.label for sample in samples]
    if HEALTHY not in labels:
        raise TrainingError(f"the data has no image of {HEALTHY} to train on; add some")
    if len(set(labels)) == 1:
        raise TrainingError(
            f"the data has images of {HEALTHY} alone to train on; add some of "
            f"{join_with_or(LEUKEMIA_CLASSES)}"
        )
    if options.protocol == "paper":
        augmented = split_paper(labels, seed=options.seed)
        parts = [
            tuple(int(i) for i in np.unique(part[:, 0]))
            for part in (augmented.train, augmented.validation, augmented.test)
        ]
        return samples, SampleSplit(
            train=parts[0], validation=parts[1], test=parts[2], augmented=augmented
        )
    # Copies of one image share a group for the split; records go by the data's own names.
    joined = keep_duplicates_together(catalog)
    split = split_grouped(
        labels,
        [joined.samples[i].group for i in chosen],
        [sample.source for sample in samples],
        seed=options.seed,
    )
    return samples, SampleSplit(
        train=split.train, validation=split.validation, test=split.test, augmented=None
    )


def choose_items(split: SampleSplit, corpus: Corpus) -> tuple[ItemVariants, ItemVariants]:
    """What trains and what validates: items with their variants.

    Args:
        split: of the images.
        corpus: their features.
    """
    if split.augmented is None:
        return (
            corpus.variants_of(split.train, corpus.n_variants),
            corpus.variants_of(split.validation, 1),
        )
    # The paper's copies are turned and mirrored whole images, so an item is an image.
    element = np.array([int(a.element) for a in paper_augmentations()], np.int64)
    train, validation = (
        np.stack([part[:, 0], element[part[:, 1]]], axis=1)
        for part in (split.augmented.train, split.augmented.validation)
    )
    return train, validation


def prepare_trunks(
    preset: Preset,
    options: TrainOptions,
    held_out: Sequence[Sample],
    work_dir: Path,
    report: Callable[[str], None],
) -> tuple[PreparedTrunk, ...]:
    """Get and compile the frozen trunks of a preset, training the cell backbone if it is asked for.

    Args:
        preset: the recipe.
        options: where data and weights lie.
        held_out: images of which no cell may be learned from.
        work_dir: keeps checkpoints and the finished cell backbone.
        report: takes a line of progress.
    """

    def cell_arrays() -> Arrays:
        if not (options.data / CELL_TABLE).is_file():
            shipped = open_bundle(SHIPPED_COMPACT)
            spec = next(s for s in shipped.preset.branches if s.backbone == CELL_BACKBONE)
            report(f"cell backbone: the one of the shipped bundle {shipped.sha256[:12]}")
            return shipped.read_trunk(spec)
        return obtain_cell_backbone(
            options.data,
            held_out,
            enhancement=preset.enhancement,
            seed=options.seed,
            work_dir=work_dir,
            report=report,
        ).arrays

    return tuple(
        prepare_trunk(spec, weights_dir=options.backbone_weights, cell_arrays=cell_arrays)
        for spec in preset.branches
    )


def choose_variants(preset: Preset) -> Variants:
    """The forms in which a preset looks at each image."""
    if preset.input_mode == "cells":
        return CellViews(n_views=preset.hyperparameters.n_views, n_turns=preset.n_turns)
    return D4Variants(n_turns=preset.n_turns)


def build_corpus(
    samples: tuple[Sample, ...],
    preset: Preset,
    trunks: tuple[PreparedTrunk, ...],
    cache_dir: Path,
    report: Callable[[str], None],
) -> Corpus:
    """Run every image through every trunk once, or take its features from the cache.

    The classes of the samples become those of the network.

    Args:
        samples: images.
        preset: the recipe.
        trunks: of the preset.
        cache_dir: of features.
        report: takes a line of progress.
    """
    variants = choose_variants(preset)
    features = [
        load_features(
            samples,
            trunk.frozen,
            variants=variants,
            enhancement=preset.enhancement,
            cache_dir=cache_dir,
            report=Progress(f"features of {spec.name}", report).step,
        )
        for spec, trunk in zip(preset.branches, trunks, strict=True)
    ]
    return Corpus(
        samples=samples,
        pooled=tuple(one.pooled for one in features),
        sample_indices=features[0].sample_indices,
        imagenet_tops=tuple(trunk.imagenet_top for trunk in trunks),
        class_names=order_classes(sample.label for sample in samples),
    )
