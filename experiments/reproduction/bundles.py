"""``--keep-bundles``: what a reproduction trained, as bundles for the app."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.reproduction.training import Items, name_items
from leukapp.data.catalog import Catalog, Sample
from leukapp.data.d4 import D4Element
from leukapp.model.bundle import Bundle, write_bundle
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import NetworkWeights
from leukapp.model.presets import Preset
from leukapp.recipes.bundle_artifacts import write_artifacts
from leukapp.recipes.fitting import fit_limits
from leukapp.recipes.judge import JudgedImage
from leukapp.recipes.preparation import SampleSplit, hash_training_images, record_training
from leukapp.training.corpus import Corpus
from leukapp.training.frozen_backbones import PreparedBackbone
from leukapp.training.heads import TrainedHeads


def keep_bundle(  # noqa: PLR0913
    folder: Path,
    samples: tuple[Sample, ...],
    parts: tuple[Items, Items, Items],
    trained: TrainedHeads,
    *,
    preset: Preset,
    backbones: Sequence[PreparedBackbone],
    pooled: tuple[FloatArray, ...],
    protocol: Literal["paper", "grouped"],
    seed: int,
    report: Callable[[str], None],
) -> Bundle:
    """Fit gate and limits around trained heads, and write a bundle that judges as the app does.

    Args:
        folder: of the bundle; made if missing.
        samples: images of the data set.
        parts: training, validation and test items, int64 (n, 2): image and D4 element.
        trained: heads of the data set under the protocol.
        preset: the paper's recipe on the chosen backbones.
        backbones: of the branches.
        pooled: of each branch, float32 (images, 8, channels).
        protocol: of the split.
        seed: of split and training.
        report: takes a line of progress.

    Returns:
        The bundle, with held-out table, report and model card.

    Raises:
        BundleError: the folder holds a file that cannot be replaced.
    """
    train, validation, test = parts
    corpus = Corpus(
        samples=samples,
        pooled=pooled,
        sample_indices=np.arange(len(samples), dtype=np.int64),
        imagenet_tops=tuple(backbone.imagenet_top for backbone in backbones),
        class_names=trained.heads.class_names,
    )
    fitted = fit_limits(trained.heads, trained.curves, corpus, train, validation, seed=seed)
    images = [tuple(int(i) for i in np.unique(part[:, 0])) for part in parts]
    split = SampleSplit(train=images[0], validation=images[1], test=images[2], augmented=None)
    bundle = write_bundle(
        folder,
        preset=preset,
        weights=NetworkWeights(
            backbones=tuple(backbone.arrays for backbone in backbones), heads=trained.heads
        ),
        gate=fitted.gate,
        thresholds=fitted.thresholds,
        training=record_training(
            samples,
            split,
            catalog_sha256=Catalog(root=folder, samples=samples).sha256(),
            protocol=protocol,
            seed=seed,
        ),
        training_images=hash_training_images(samples, split),
    )
    write_artifacts(
        bundle,
        train=[samples[i] for i in split.train],
        test=[
            JudgedImage(sample=samples[row], item_id=item_id, element=D4Element(element))
            for item_id, (row, element) in zip(
                name_items(samples, test, protocol), test.tolist(), strict=True
            )
        ],
        external=[],
        protocol=protocol,
        report=report,
    )
    report(f"bundle: {bundle.folder} {bundle.sha256[:12]}")
    return bundle
