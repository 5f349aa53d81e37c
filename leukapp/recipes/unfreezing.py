"""``leukapp train --unfreeze``: fine-tune what the two stages left frozen."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.data.d4 import D4Element
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.model.fusion import NetworkWeights
from leukapp.model.presets import Preset
from leukapp.recipes.fitting import FittedNetwork, fit_limits
from leukapp.recipes.preparation import build_corpus, choose_variants
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.feature_cache import CellViews
from leukapp.training.items import weigh_items
from leukapp.training.trunks import PreparedTrunk, prepare_changed_trunk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenRun:
    """A training with its trunks, before or after they were fine-tuned.

    Attributes:
        preset: the recipe.
        corpus: images and features.
        trunks: of the preset.
        fitted: heads, gate and thresholds.
        train: what the heads learned from.
        validation: what chose the epoch and the thresholds.
    """

    preset: Preset
    corpus: Corpus
    trunks: tuple[PreparedTrunk, ...]
    fitted: FittedNetwork
    train: ItemVariants
    validation: ItemVariants


def unfreeze(
    run: FrozenRun,
    *,
    n_epochs: int,
    seed: int,
    cache_dir: Path,
    report: Callable[[str], None],
) -> FrozenRun:
    """Fine-tune the whole network, then take the features of its changed trunks and fit anew.

    Args:
        run: after both stages.
        n_epochs: epochs of fine-tuning, at least 1.
        seed: of everything random.
        cache_dir: of features.
        report: takes a line of progress.

    Returns:
        The run with changed trunks, heads, gate and thresholds; with nothing but its loss curve
        added where no epoch was better on the validation images.

    Raises:
        ImageError: an image cannot be read.
    """
    from leukapp.training.fine_tune import ImageItems, fine_tune

    preset, corpus = run.preset, run.corpus

    def image_items(chosen: ItemVariants) -> ImageItems:
        samples = np.unique(corpus.sample_indices[chosen[:, 0]])
        items = corpus.items_of(samples)
        inputs = [one for i in samples for one in _read_inputs(corpus.samples[i], preset)]
        shown = np.stack([np.searchsorted(items, chosen[:, 0]), chosen[:, 1]], axis=1)
        return ImageItems(
            inputs=tuple(inputs),
            class_indices=corpus.class_indices[corpus.sample_indices[items]],
            shown=shown,
            weights=weigh_items(preset, corpus, chosen).weights,
        )

    tuned = fine_tune(
        preset,
        NetworkWeights(trunks=tuple(t.arrays for t in run.trunks), heads=run.fitted.heads),
        image_items(_turned(preset, run.train)),
        image_items(run.validation),
        n_epochs=n_epochs,
        seed=seed,
        report=report,
    )
    curves = (*run.fitted.curves, tuned.curve)
    if not tuned.is_better:
        return replace(run, fitted=replace(run.fitted, curves=curves))
    heads = tuned.weights.heads
    trunks = tuple(
        prepare_changed_trunk(spec, arrays, head.imagenet_top)
        for spec, arrays, head in zip(
            preset.branches, tuned.weights.trunks, heads.branches, strict=True
        )
    )
    changed = build_corpus(corpus.samples, preset, trunks, cache_dir, report)
    fitted = fit_limits(heads, curves, changed, run.train, run.validation, seed=seed)
    # What laboratories that were not seen ask for was measured on the frozen trunks; it stands.
    before, after = run.fitted.thresholds, fitted.thresholds
    if preset.hyperparameters.leave_sources_out:
        after = replace(
            after,
            min_confidence=max(before.min_confidence, after.min_confidence),
            needs_agreement=before.needs_agreement,
        )
    fitted = replace(
        fitted,
        thresholds=after,
        left_out_sources=run.fitted.left_out_sources,
        keeps_risk=run.fitted.keeps_risk,
    )
    return replace(run, corpus=changed, trunks=trunks, fitted=fitted)


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


def _read_inputs(sample: Sample, preset: Preset) -> list[tuple[RgbImage, ...]]:
    """What every branch takes of each item of an image, as it is."""
    variants = choose_variants(preset)
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
