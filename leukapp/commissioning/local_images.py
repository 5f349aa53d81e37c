"""Labelled images of a laboratory as the network sees them: numbers, no pixels and no names."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import HEALTHY, ImageMode
from leukapp.model.dense import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalImages:
    """Labelled images with the features of their cells.

    Attributes:
        class_names: of the bundle.
        pooled: of each branch, float32 (cells, channels).
        of_image: int64 (cells,): the image that a cell is of, ascending.
        labels: int64 (images,), into ``class_names``.
        groups: patient of each image, str (images,).
        is_blocked: bool (images,): the quality check forbids a call.
        modes: how the app judges each image, whose limits the parent asks; empty where that is not
            known, and then those of any mode are asked.
    """

    class_names: tuple[str, ...]
    pooled: tuple[FloatArray, ...]
    of_image: NDArray[np.int64]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    is_blocked: NDArray[np.bool_]
    modes: tuple[ImageMode, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def joined(self) -> FloatArray:
        """Float32 (cells, channels of all branches)."""
        return np.concatenate(self.pooled, axis=1)

    @property
    def is_healthy(self) -> NDArray[np.bool_]:
        """Bool (images,)."""
        return np.asarray(self.labels == self.class_names.index(HEALTHY), np.bool_)

    def take(self, chosen: NDArray[np.int64]) -> Self:
        """Some of the images.

        Args:
            chosen: int64, ascending indices of images.
        """
        is_kept = np.isin(self.of_image, chosen)
        return type(self)(
            class_names=self.class_names,
            pooled=tuple(features[is_kept] for features in self.pooled),
            of_image=np.searchsorted(chosen, self.of_image[is_kept]).astype(np.int64),
            labels=self.labels[chosen],
            groups=self.groups[chosen],
            is_blocked=self.is_blocked[chosen],
            modes=tuple(self.modes[image] for image in chosen) if self.modes else (),
        )


def group_folds(images: LocalImages, *, n_folds: int, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Deal patients to folds so that each fold has its share of every class.

    Args:
        images: of the laboratory.
        n_folds: at most; no more than there are patients.
        seed: of the order.

    Returns:
        Images of each fold, int64, ascending; no patient is in two, and no fold is empty.
    """
    rng = np.random.default_rng(seed)
    names, of_image = np.unique(images.groups, return_inverse=True)
    n_folds = min(n_folds, len(names))
    # The rarest class of a patient is what it is dealt by.
    counts = np.bincount(images.labels, minlength=len(images.class_names))
    rarity = counts[images.labels]
    label_of = np.array(
        [images.labels[of_image == g][rarity[of_image == g].argmin()] for g in range(len(names))]
    )
    fold_of = np.empty(len(names), np.int64)
    sizes = np.zeros((n_folds, len(images.class_names)))
    order = rng.permutation(len(names))
    n_images = np.bincount(of_image)
    for group in order[np.argsort(-n_images[order], kind="stable")]:
        label = label_of[group]
        fold = int(np.lexsort((sizes.sum(axis=1), sizes[:, label]))[0])
        fold_of[group] = fold
        sizes[fold, label] += n_images[group]
    folds = [np.flatnonzero(fold_of[of_image] == fold) for fold in range(n_folds)]
    return tuple(fold.astype(np.int64) for fold in folds if len(fold))
