"""The images of a training with their features: what every split of one data set shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseStack, FloatArray

ItemVariants = NDArray[np.int64]
"""Int64 (n, 2): item and variant, one row for each thing that the heads learn from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Images and the features of their items (whole images or cells), of every branch.

    Attributes:
        samples: the images.
        pooled: of each branch, float32 (items, variants, channels).
        sample_indices: int64 (items,): the image that an item is of, ascending.
        imagenet_tops: ImageNet classifier of each branch's backbone; empty where it has none.
        class_names: what a network on it tells apart, in the order of its answers.
    """

    samples: tuple[Sample, ...]
    pooled: tuple[FloatArray, ...]
    sample_indices: NDArray[np.int64]
    imagenet_tops: tuple[DenseStack, ...]
    class_names: tuple[str, ...] = CLASS_NAMES

    @property
    def n_variants(self) -> int:
        """Variants of each item."""
        return int(self.pooled[0].shape[1])

    @cached_property
    def class_indices(self) -> NDArray[np.int64]:
        """Int64 (samples,): index of each image's label into ``class_names``."""
        return np.array([self.class_names.index(sample.label) for sample in self.samples], np.int64)

    @cached_property
    def joined(self) -> FloatArray:
        """Float32 (items, channels of all branches): every item as it is, for the gate."""
        return np.concatenate([features[:, 0] for features in self.pooled], axis=1)

    def items_of(self, samples: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Items of some images, ascending; an image without a leukocyte has none."""
        return np.flatnonzero(np.isin(self.sample_indices, np.asarray(samples, np.int64)))

    def variants_of(self, samples: Sequence[int], n_variants: int) -> ItemVariants:
        """The first variants of every item of some images."""
        items = self.items_of(samples)
        return np.stack(
            [np.repeat(items, n_variants), np.tile(np.arange(n_variants), len(items))], axis=1
        ).astype(np.int64)

    def take(self, chosen: ItemVariants) -> tuple[FloatArray, ...]:
        """Features of chosen items and variants, of every branch: float32 (n, channels)."""
        return tuple(features[chosen[:, 0], chosen[:, 1]] for features in self.pooled)
