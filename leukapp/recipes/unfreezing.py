"""``leukapp train --unfreeze``: fine-tune what the two stages left frozen."""

import hashlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.data.d4 import D4Element
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.model.fusion import NetworkWeights
from leukapp.model.presets import Preset
from leukapp.recipes.fitting import FittedNetwork, fit_limits
from leukapp.recipes.preparation import PreparedTraining, Report, build_corpus, choose_variants
from leukapp.training.corpus import ItemVariants, weigh_items
from leukapp.training.feature_cache import CellViews, Variants
from leukapp.training.frozen_backbones import prepare_changed_backbone


class UnfrozenTraining(NamedTuple):
    """A training after its backbones were fine-tuned."""

    prepared: PreparedTraining
    fitted: FittedNetwork


def unfreeze(
    prepared: PreparedTraining,
    before: FittedNetwork,
    *,
    n_epochs: int,
    seed: int,
    report: Report,
) -> UnfrozenTraining:
    """Fine-tune the whole network, then take the features of its changed backbones and fit anew.

    Args:
        prepared: data and frozen backbones.
        before: heads, gate and thresholds after both stages.
        n_epochs: epochs of fine-tuning, at least 1.
        seed: of everything random.
        report: takes a line of progress.

    Returns:
        Changed backbones, heads, gate and thresholds; with nothing but a loss curve added where no
        epoch was better on the validation images.

    Raises:
        ImageError: an image cannot be read.
    """
    from leukapp.training.fine_tune import ImageItems, fine_tune

    preset, corpus = prepared.preset, prepared.corpus
    variants = choose_variants(preset, prepared.finder)

    def image_items(chosen: ItemVariants) -> ImageItems:
        samples = np.unique(corpus.sample_indices[chosen[:, 0]])
        items = corpus.items_of(samples)
        inputs = [one for i in samples for one in _read_inputs(corpus.samples[i], preset, variants)]
        shown = np.stack([np.searchsorted(items, chosen[:, 0]), chosen[:, 1]], axis=1)
        return ImageItems(
            inputs=tuple(inputs),
            class_indices=corpus.class_indices[corpus.sample_indices[items]],
            shown=shown,
            weights=weigh_items(preset, corpus, chosen).weights,
        )

    tuned = fine_tune(
        preset,
        NetworkWeights(backbones=tuple(t.arrays for t in prepared.backbones), heads=before.heads),
        image_items(_turned(preset, prepared.train)),
        image_items(prepared.validation),
        n_epochs=n_epochs,
        seed=seed,
        report=report,
    )
    curves = (*before.curves, tuned.curve)
    if not tuned.is_better:
        return UnfrozenTraining(prepared, replace(before, curves=curves))
    heads = tuned.weights.heads
    backbones = tuple(
        prepare_changed_backbone(spec, arrays, head.imagenet_top)
        for spec, arrays, head in zip(
            preset.branches, tuned.weights.backbones, heads.branches, strict=True
        )
    )
    features = prepared.work_dir / "features"
    changed = build_corpus(corpus.samples, preset, backbones, variants, features, report)
    fitted = fit_limits(heads, curves, changed, prepared.train, prepared.validation, seed=seed)
    # What laboratories that were not seen ask for was measured on the frozen backbones; it stands.
    thresholds = fitted.thresholds
    if preset.hyperparameters.leave_sources_out:
        thresholds = replace(
            thresholds,
            limits=before.thresholds.limits,
            mode_limits=before.thresholds.mode_limits,
            needs_agreement=before.thresholds.needs_agreement,
        )
    return UnfrozenTraining(
        replace(prepared, corpus=changed, backbones=backbones),
        replace(
            fitted,
            thresholds=thresholds,
            left_out_sources=before.left_out_sources,
        ),
    )


def _turned(preset: Preset, chosen: ItemVariants) -> ItemVariants:
    """Items in the D4 elements they are shown in.

    Variants of whole images are D4 elements; augmented views of cells exist as features only, so
    each cell is shown as it is, in all eight elements.
    """
    if preset.input_mode == "whole":
        return chosen
    items = np.unique(chosen[:, 0])
    n_elements = len(D4Element)
    return np.stack([np.repeat(items, n_elements), np.tile(range(n_elements), len(items))], axis=1)


def _read_inputs(sample: Sample, preset: Preset, variants: Variants) -> list[tuple[RgbImage, ...]]:
    """What every branch takes of each item of an image, as it is."""
    if isinstance(variants, CellViews):
        variants = replace(variants, n_views=0)
    data = read_image_bytes(sample.path)
    image, image_key = decode_image(data), hashlib.sha256(data).hexdigest()
    by_size = {
        size_px: [
            item[0].astype(np.uint8)
            for item in variants.draw(
                image, size_px=size_px, enhancement=preset.enhancement, image_key=image_key
            )
        ]
        for size_px in {spec.input_size_px for spec in preset.branches}
    }
    branches = [by_size[spec.input_size_px] for spec in preset.branches]
    return list(zip(*branches, strict=True))
