"""Two ways to split samples: by group, and the paper's way, which leaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet
from sklearn.model_selection import StratifiedGroupKFold

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.d4 import paper_augmentations
from leukapp.data.duplicates import DuplicatePair, find_duplicates
from leukapp.data.group_dealing import deal_groups
from leukapp.errors import CatalogError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image

DEFAULT_FRACTIONS: Final = (0.7, 0.1, 0.2)
N_PAPER_AUGMENTATIONS: Final = 16

# Seven of ten to training, one to validation, two to test: the paper's 70/10/20.
_PAPER_PARTS: Final = np.array([0, 0, 0, 0, 0, 0, 0, 1, 2, 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which samples train, which stop the training, and which judge it.

    Attributes:
        train: sample indices, ascending.
        validation: sample indices, ascending.
        test: sample indices, ascending.
        protocol: ``grouped`` if no group crosses the split.
        seed: seed of the random order.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    protocol: Literal["grouped", "paper"]
    seed: int

    @property
    def is_leaking(self) -> bool:
        """Whether test images may have copies in training."""
        return self.protocol == "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One fold of a cross-validation: sample indices, ascending."""

    train: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AugmentedSplit:
    """The paper's split of augmented images: copies of one image land in several parts.

    Attributes:
        train: int64 (items, 2): sample index, augmentation index 0-15 in the paper's order.
        validation: int64 (items, 2), as ``train``.
        test: int64 (items, 2), as ``train``.
        seed: seed of the random order.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    seed: int
    protocol: Literal["paper"] = field(default="paper", init=False)

    @property
    def is_leaking(self) -> bool:
        """Always: the split does not look at which image an augmented copy came from."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """How much of a test part is already in training.

    Attributes:
        n_test: number of test items.
        identical_fraction: share of test items with a pixel-identical copy in training, 0-1.
        sibling_fraction: share with any augmentation of the same image in training, 0-1.
    """

    n_test: int
    identical_fraction: float
    sibling_fraction: float


def split_grouped(
    labels: Sequence[str] | NDArray[np.str_],
    groups: Sequence[str] | NDArray[np.str_],
    sources: Sequence[str] | NDArray[np.str_],
    *,
    fractions: tuple[float, float, float] = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> Split:
    """Split so that no group crosses, and every source and label is represented.

    A source and label with at least three groups has a group in each part that is asked for,
    unless its groups all had to serve rarer labels. Sizes come as near to the fractions as whole
    groups allow, for each source and label.

    Args:
        labels: class name of each sample.
        groups: group name of each sample; a group may hold several labels.
        sources: source name of each sample.
        fractions: shares of train, validation and test; sum 1.
        seed: seed of the random order.

    Returns:
        The split, protocol ``grouped``.

    Raises:
        CatalogError: there are fewer groups than parts.
        ValueError: the lengths differ or the fractions do not sum to 1.
    """
    if not len(labels) == len(groups) == len(sources):
        raise ValueError(
            "labels, groups and sources must be equally long, got "
            f"{len(labels)}, {len(groups)} and {len(sources)}"
        )
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be 0 or more and sum to 1, got {fractions}")
    strata = [f"{source}\0{label}" for source, label in zip(sources, labels, strict=True)]
    group_names, group_of_sample = np.unique(np.asarray(groups), return_inverse=True)
    _, stratum_of_sample = np.unique(np.asarray(strata), return_inverse=True)
    n_parts = sum(fraction > 0 for fraction in fractions)
    if len(group_names) < n_parts:
        raise CatalogError(
            f"A split in {n_parts} parts needs at least {n_parts} groups, got "
            f"{len(group_names)}; add patients or source images."
        )
    counts = np.zeros((len(group_names), stratum_of_sample.max() + 1))
    np.add.at(counts, (group_of_sample, stratum_of_sample), 1)
    part_of_group = deal_groups(counts, np.asarray(fractions), np.random.default_rng(seed))
    part_of_sample = part_of_group[group_of_sample]
    train, validation, test = (_indices(part_of_sample == part) for part in range(3))
    return Split(train=train, validation=validation, test=test, protocol="grouped", seed=seed)


def grouped_folds(
    labels: Sequence[str] | NDArray[np.str_],
    groups: Sequence[str] | NDArray[np.str_],
    *,
    n_folds: int = 5,
    seed: int = 0,
) -> tuple[Fold, ...]:
    """Folds of a cross-validation in which no group crosses, balanced by label.

    Args:
        labels: class name of each sample.
        groups: group name of each sample.
        n_folds: number of folds; at least 2.
        seed: seed of the random order.

    Returns:
        The folds; each sample is tested in exactly one.

    Raises:
        CatalogError: a label has fewer samples, or the whole fewer groups, than folds.
        ValueError: ``n_folds`` is under 2.
    """
    if n_folds < 2:
        raise ValueError(f"n_folds must be at least 2, got {n_folds}")
    label_array, group_array = np.asarray(labels), np.asarray(groups)
    n_groups = len(np.unique(group_array))
    fewest = int(np.unique(label_array, return_counts=True)[1].min(initial=len(label_array)))
    if min(n_groups, fewest) < n_folds:
        raise CatalogError(
            f"{n_folds} folds need as many groups and as many samples of each label, got "
            f"{n_groups} groups and {fewest} samples of the rarest label; use fewer folds."
        )
    folds = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    return tuple(
        Fold(train=tuple(train.tolist()), test=tuple(test.tolist()))
        for train, test in folds.split(label_array, label_array, group_array)
    )


def split_paper(
    labels: Sequence[str] | NDArray[np.str_],
    *,
    n_augmented: int = N_PAPER_AUGMENTATIONS,
    seed: int = 0,
) -> AugmentedSplit:
    """Split as the paper does: augment every image first, then split the copies at random.

    Shares are 70, 10 and 20 % within each label. 390 images give 4,368, 624 and 1,248 items.

    Args:
        labels: class name of each sample.
        n_augmented: copies of each image, 1-16, the first of the paper's order.
        seed: seed of the random order.

    Returns:
        The split, which leaks; ``measure_leakage`` says how much.

    Raises:
        ValueError: ``n_augmented`` is not 1-16.
    """
    if not 1 <= n_augmented <= N_PAPER_AUGMENTATIONS:
        raise ValueError(f"n_augmented must be 1-{N_PAPER_AUGMENTATIONS}, got {n_augmented}")
    samples = np.repeat(np.arange(len(labels), dtype=np.int64), n_augmented)
    augmentations = np.tile(np.arange(n_augmented, dtype=np.int64), len(labels))
    items = np.stack([samples, augmentations], axis=1)
    items = items[np.random.default_rng(seed).permutation(len(items))]
    by_label = np.argsort(np.asarray(labels)[items[:, 0]], kind="stable")
    items = items[by_label]
    part_of_item = np.resize(_PAPER_PARTS, len(items))
    train, validation, test = (_sorted_items(items[part_of_item == part]) for part in range(3))
    return AugmentedSplit(train=train, validation=validation, test=test, seed=seed)


def measure_leakage(split: AugmentedSplit) -> Leakage:
    """Count how many test items have a copy in training.

    Args:
        split: the paper's split.

    Returns:
        Shares of test items with an identical copy, and with any sibling, in training.

    Raises:
        ValueError: the test part is empty.
    """
    if len(split.test) == 0:
        raise ValueError("the test part must have at least 1 item, got 0")
    elements = np.array([augmentation.element for augmentation in paper_augmentations()])
    train_copies = _copy_keys(split.train, elements)
    test_copies = _copy_keys(split.test, elements)
    return Leakage(
        n_test=len(split.test),
        identical_fraction=float(np.isin(test_copies, train_copies).mean()),
        sibling_fraction=float(np.isin(split.test[:, 0], split.train[:, 0]).mean()),
    )


def merge_duplicate_groups(
    groups: Sequence[str] | NDArray[np.str_], duplicates: Sequence[DuplicatePair]
) -> tuple[str, ...]:
    """Join groups that share an image, so that no copy crosses a split.

    Args:
        groups: group name of each sample.
        duplicates: pairs of sample indices, exact or near.

    Returns:
        Group name of each sample; joined groups carry the name that sorts first.
    """
    joined = DisjointSet(map(str, groups))
    for pair in duplicates:
        joined.merge(str(groups[pair.first]), str(groups[pair.second]))
    name_of: dict[str, str] = {}
    for together in joined.subsets():
        name_of |= dict.fromkeys(together, min(together))
    return tuple(name_of[str(group)] for group in groups)


def keep_duplicates_together(catalog: Catalog) -> Catalog:
    """Join the groups of a catalogue that share an exact or near copy; decodes every image.

    Args:
        catalog: the samples.

    Returns:
        The same samples in the same order; joined groups carry the name that sorts first.

    Raises:
        CatalogError: an image cannot be decoded.
    """
    duplicates = find_duplicates(_read_sample_image(sample) for sample in catalog.samples)
    return catalog.with_groups(merge_duplicate_groups(catalog.groups, duplicates))


def _read_sample_image(sample: Sample) -> RgbImage:
    try:
        return read_image(sample.path)
    except ImageError as error:
        raise CatalogError(f"{sample.sample_id}: {error}") from error


def _indices(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())


def _sorted_items(items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Items by sample, then augmentation, read-only."""
    ordered = items[np.lexsort((items[:, 1], items[:, 0]))]
    ordered.setflags(write=False)
    return ordered


def _copy_keys(items: NDArray[np.int64], elements: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each distinct picture: sample and symmetry, int64 (items,)."""
    return items[:, 0] * 8 + elements[items[:, 1]]
