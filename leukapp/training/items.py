"""Items of a corpus as the heads learn from them: features, classes and weights."""

import numpy as np

from leukapp.model.presets import Preset
from leukapp.training.balance import balance_weights
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.two_stage import PooledItems


def weigh_items(preset: Preset, corpus: Corpus, chosen: ItemVariants) -> PooledItems:
    """Take items out of a corpus, weighed as the preset asks.

    Args:
        preset: the recipe.
        corpus: images and features.
        chosen: items and variants.
    """
    samples = corpus.sample_indices[chosen[:, 0]]
    classes = corpus.class_indices[samples]
    weights = (
        balance_weights(
            [corpus.samples[i].label for i in samples], [corpus.samples[i].source for i in samples]
        )
        if preset.hyperparameters.balance_sources
        else np.ones(len(samples), np.float32)
    )
    return PooledItems(
        pooled=corpus.take(chosen),
        class_indices=classes,
        weights=weights,
        class_names=corpus.class_names,
    )
