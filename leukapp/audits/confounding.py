"""How far the source of an image tells its class, before any pixel is looked at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBalance:
    """What one source holds.

    Attributes:
        source: its name.
        label: class.
        n_images: images of this class in this source.
        n_groups: their patients or blocks.
        groups_known: False where each image stands as its own group.
        share_of_source: of the source's images, 0-1.
    """

    source: str
    label: str
    n_images: int
    n_groups: int
    groups_known: bool
    share_of_source: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounding:
    """Class and source held against each other.

    Attributes:
        n_sources: number of sources.
        n_labels: number of classes.
        cramers_v: Cramer's V of the table class by source, bias-corrected, 0 (independent) to 1
            (the source tells the class); None with a single source or class.
        label_from_source_accuracy: share that is right if every image gets the most frequent class
            of its source.
        majority_accuracy: share that is right if every image gets the most frequent class of all.
        pairs_never_together: pairs of classes that no source holds both of; no figure can tell
            such a pair from two laboratories.
    """

    n_sources: int
    n_labels: int
    cramers_v: float | None
    label_from_source_accuracy: float
    majority_accuracy: float
    pairs_never_together: tuple[str, ...]


def describe_balance(samples: Sequence[Sample]) -> tuple[SourceBalance, ...]:
    """Count images and groups of each class in each source.

    Args:
        samples: at least one.
    """
    in_source = Counter(sample.source for sample in samples)
    rows = []
    for source, label in sorted({(sample.source, sample.label) for sample in samples}):
        members = [s for s in samples if s.source == source and s.label == label]
        rows.append(
            SourceBalance(
                source=source,
                label=label,
                n_images=len(members),
                n_groups=len({sample.group for sample in members}),
                groups_known=all(sample.groups_known for sample in members),
                share_of_source=len(members) / in_source[source],
            )
        )
    return tuple(rows)


def measure_confounding(samples: Sequence[Sample]) -> Confounding:
    """Hold class and source against each other.

    Args:
        samples: at least one.
    """
    labels, label_of = np.unique([sample.label for sample in samples], return_inverse=True)
    sources, source_of = np.unique([sample.source for sample in samples], return_inverse=True)
    table = np.zeros((len(labels), len(sources)), np.int64)
    np.add.at(table, (label_of, source_of), 1)
    return Confounding(
        n_sources=len(sources),
        n_labels=len(labels),
        cramers_v=cramers_v(table),
        label_from_source_accuracy=float(table.max(axis=0).sum() / table.sum()),
        majority_accuracy=float(table.sum(axis=1).max() / table.sum()),
        pairs_never_together=tuple(
            f"{labels[first]} and {labels[second]}"
            for first in range(len(labels))
            for second in range(first + 1, len(labels))
            if not np.any((table[first] > 0) & (table[second] > 0))
        ),
    )


def cramers_v(table: NDArray[np.integer]) -> float | None:
    """Cramer's V of a table of counts, corrected for its bias.

    Args:
        table: int (rows, columns), no row and no column all zero.

    Returns:
        0-1; None if there is a single row or column.

    Source:
        W. Bergsma, A bias-correction for Cramer's V and Tschuprow's T, J. Korean Stat. Soc. 2013.
    """
    n_rows, n_columns = table.shape
    n = float(table.sum())
    if min(n_rows, n_columns) < 2 or n < 2:
        return None
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi2 - (n_columns - 1) * (n_rows - 1) / (n - 1))
    rows = n_rows - (n_rows - 1) ** 2 / (n - 1)
    columns = n_columns - (n_columns - 1) ** 2 / (n - 1)
    smaller = min(rows, columns) - 1
    return float(min(1.0, np.sqrt(corrected / smaller))) if smaller > 0 else None
