"""What comes before the heads: read and split the samples, run them through the backbones."""

import platform
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.d4 import paper_augmentations
from leukapp.data.fingerprints import Fingerprints
from leukapp.data.splits import (
    AugmentedSplit,
    keep_duplicates_together,
    split_grouped,
    split_paper,
)
from leukapp.errors import TrainingError
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.imaging.image_io import read_image
from leukapp.inference.finder_engine import compile_finder
from leukapp.labels import HEALTHY, LEUKEMIA_CLASSES, join_with_or, order_classes
from leukapp.model.bundle import FINDER_BACKBONE, FinderWeights, open_bundle
from leukapp.model.manifest import TrainingRecord
from leukapp.model.presets import Preset, StemInput, get_preset, paper_recipe, with_stem_input
from leukapp.model.weights_io import Arrays, read_arrays
from leukapp.recipes.checked_catalog import CheckedCatalog, read_checked_catalog
from leukapp.resources import SHIPPED_COMPACT, training_dir
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.feature_cache import CellViews, D4Variants, Variants, load_features
from leukapp.training.frozen_backbones import CELL_BACKBONE, PreparedBackbone, prepare_backbone
from leukapp.training.image_modes import find_modes
from leukapp.training.progress import Progress

LIBRARIES: Final = ("keras", "numpy", "openvino", "scikit-learn")
"""Whose versions a bundle records."""

Report: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What ``leukapp train`` was asked for.

    Attributes:
        preset: name of the recipe.
        data: folder or table of samples.
        out: folder of the bundle.
        protocol: ``grouped``, or ``paper`` (augments before splitting: leaks).
        seed: of split, initialization, dropout and augmentation.
        work_dir: keeps features and checkpoints, so that a killed run goes on; None is the cache.
        backbone_weights: folder of keras.applications ``.h5`` files.
        cell_backbone: weights of a cell backbone; None takes that of the shipped bundle.
        stem_input: what the stem of an EfficientNet sees; see ``BranchSpec``.
        n_epochs: overrides the preset's upper bound.
        finder: weights of a head that finds leukocytes (``finder.npz`` of a bundle); None finds
            them by rules.
        unfreeze_epochs: epochs of fine-tuning the whole network after both stages; 0 keeps the
            backbones frozen, as the paper does.
    """

    preset: str
    data: Path
    out: Path
    protocol: Literal["grouped", "paper"] = "grouped"
    seed: int = 0
    work_dir: Path | None = None
    backbone_weights: Path | None = None
    cell_backbone: Path | None = None
    stem_input: StemInput = "as_trained"
    n_epochs: int | None = None
    unfreeze_epochs: int = 0
    finder: Path | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTraining:
    """Everything that the heads of a training need, and what its bundle says of the data.

    Attributes:
        preset: the recipe.
        checked: the data set, and what the check of it found.
        samples: images of role ``train``.
        split: of the samples.
        external: images of sources kept for judging, of classes that are trained on.
        backbones: of the preset.
        corpus: the samples with their features.
        train: what the heads learn from.
        validation: what stops the training and sets the thresholds.
        work_dir: keeps features and finished stages.
        finder: of the leukocytes; None finds them by rules.
    """

    preset: Preset
    checked: CheckedCatalog
    samples: tuple[Sample, ...]
    split: SampleSplit
    external: tuple[Sample, ...]
    backbones: tuple[PreparedBackbone, ...]
    corpus: Corpus
    train: ItemVariants
    validation: ItemVariants
    work_dir: Path
    finder: LearnedFinder | None


def prepare_training(options: TrainOptions, report: Report) -> PreparedTraining:
    """Read, check and split the data, get the backbones, and run every image through them once.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Raises:
        LeukappError: the preset, data or weights are not what they should be.
    """
    preset = choose_preset(options)
    checked = read_checked_catalog(options.data, report=report)
    catalog = checked.catalog
    report(f"data: {len(catalog.samples)} images of {', '.join(catalog.source_names)}")
    work_dir = options.work_dir or training_dir()
    samples, split = split_samples(catalog, options)
    class_names = order_classes(sample.label for sample in samples)
    report(f"classes: {', '.join(class_names)}")
    external = tuple(sample for sample in catalog.samples if sample.role == "external")
    known = tuple(sample for sample in external if sample.label in class_names)
    if len(known) < len(external):
        report(
            f"left out: {len(external) - len(known)} external images of a class that is not "
            "trained on"
        )
    backbones = prepare_backbones(preset, options, report)
    finder = open_trained_finder(options.finder, preset, backbones)
    variants = choose_variants(preset, finder)
    corpus = build_corpus(samples, preset, backbones, variants, work_dir / "features", report)
    train, validation = choose_items(split, corpus)
    return PreparedTraining(
        preset=preset,
        checked=checked,
        samples=samples,
        split=split,
        external=known,
        backbones=backbones,
        corpus=corpus,
        train=train,
        validation=validation,
        work_dir=work_dir,
        finder=finder,
    )


def choose_preset(options: TrainOptions) -> Preset:
    """The recipe that is asked for.

    Args:
        options: preset, protocol, stem input and numbers of epochs.

    Raises:
        LeukappError: there is no such preset, or a number of epochs is out of range.
    """
    preset = with_stem_input(get_preset(options.preset), options.stem_input)
    if options.unfreeze_epochs and options.finder is not None:
        raise TrainingError(
            "--unfreeze changes the backbone that the finder looks through; leave out --finder or "
            "--unfreeze"
        )
    if options.unfreeze_epochs < 0:
        raise TrainingError(f"--unfreeze must be 0 or more, got {options.unfreeze_epochs}")
    if options.protocol == "paper":
        return paper_recipe(preset, n_epochs=options.n_epochs)
    if options.n_epochs is None:
        return preset
    if options.n_epochs < 1:
        raise TrainingError(f"--epochs must be at least 1, got {options.n_epochs}")
    hyperparameters = replace(preset.hyperparameters, n_epochs=options.n_epochs)
    return replace(preset, hyperparameters=hyperparameters)


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


def prepare_backbones(
    preset: Preset, options: TrainOptions, report: Report
) -> tuple[PreparedBackbone, ...]:
    """Get and compile the backbones of a preset; the cell backbone is the shipped one or a file.

    Args:
        preset: the recipe.
        options: where weights lie.
        report: takes a line of progress.
    """

    def cell_arrays() -> Arrays:
        if options.cell_backbone is not None:
            return read_arrays(options.cell_backbone)
        shipped = open_bundle(SHIPPED_COMPACT)
        spec = next(s for s in shipped.preset.branches if s.backbone == CELL_BACKBONE)
        report(f"cell backbone: the one of the shipped bundle {shipped.sha256[:12]}")
        return shipped.read_backbone(spec)

    return tuple(
        prepare_backbone(spec, weights_dir=options.backbone_weights, cell_arrays=cell_arrays)
        for spec in preset.branches
    )


def open_trained_finder(
    head: Path | None, preset: Preset, backbones: Sequence[PreparedBackbone]
) -> LearnedFinder | None:
    """Put a trained head on the preset's backbone that it looks through.

    Args:
        head: file of its weights; None finds leukocytes by rules.
        preset: the recipe.
        backbones: of the preset.

    Raises:
        TrainingError: the preset does not look for leukocytes, or not with the finder's backbone.
    """
    if head is None:
        return None
    for spec, backbone in zip(preset.branches, backbones, strict=True):
        if spec.backbone == FINDER_BACKBONE and preset.input_mode == "cells":
            return compile_finder(FinderWeights(backbone=backbone.arrays, head=read_arrays(head)))
    raise TrainingError(
        f"--finder needs a preset of cells with {FINDER_BACKBONE}, and {preset.name} is none; "
        "leave it out or choose compact"
    )


def choose_variants(preset: Preset, finder: LearnedFinder | None) -> Variants:
    """The forms in which a preset looks at each image."""
    if preset.input_mode == "cells":
        return CellViews(
            n_views=preset.hyperparameters.n_views, n_turns=preset.n_turns, finder=finder
        )
    return D4Variants(n_turns=preset.n_turns)


def build_corpus(
    samples: tuple[Sample, ...],
    preset: Preset,
    backbones: tuple[PreparedBackbone, ...],
    variants: Variants,
    cache_dir: Path,
    report: Report,
) -> Corpus:
    """Run every image through every backbone once, or take its features from the cache.

    The classes of the samples become those of the network.

    Args:
        samples: images.
        preset: the recipe.
        backbones: of the preset.
        variants: in which forms each image is looked at.
        cache_dir: of features.
        report: takes a line of progress.
    """
    features = [
        load_features(
            samples,
            backbone.frozen,
            variants=variants,
            enhancement=preset.enhancement,
            cache_dir=cache_dir,
            report=Progress(f"features of {spec.name}", report).step,
        )
        for spec, backbone in zip(preset.branches, backbones, strict=True)
    ]
    return Corpus(
        samples=samples,
        pooled=tuple(one.pooled for one in features),
        sample_indices=features[0].sample_indices,
        imagenet_tops=tuple(backbone.imagenet_top for backbone in backbones),
        class_names=order_classes(sample.label for sample in samples),
        modes=find_modes(
            samples, variants, cache_dir, Progress("ways of judging images", report).step
        ),
    )


def record_training(
    samples: Sequence[Sample],
    split: SampleSplit,
    *,
    catalog_sha256: str,
    protocol: str,
    seed: int,
) -> TrainingRecord:
    """Record a training as its bundle's manifest holds it.

    Args:
        samples: images that were split.
        split: of the samples.
        catalog_sha256: hash of the data, with the images that were kept for judging alone.
        protocol: ``grouped`` or ``paper``.
        seed: of everything random.
    """
    counts = Counter((samples[i].source, samples[i].label) for i in split.train)

    def groups(part: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(sorted({samples[i].group for i in part}))

    return TrainingRecord(
        protocol=protocol,
        seed=seed,
        catalog_sha256=catalog_sha256,
        sources={
            source: {label: n for (of, label), n in sorted(counts.items()) if of == source}
            for source in sorted({source for source, _ in counts})
        },
        train_groups=groups(split.train),
        validation_groups=groups(split.validation),
        test_groups=groups(split.test),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        library_versions={
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    )


def hash_training_images(samples: Sequence[Sample], split: SampleSplit) -> Fingerprints:
    """Hashes of every image that the training or its limits saw.

    Args:
        samples: images that were split.
        split: of the samples.
    """
    seen = sorted({*split.train, *split.validation})
    return Fingerprints.of(read_image(samples[i].path) for i in seen)
