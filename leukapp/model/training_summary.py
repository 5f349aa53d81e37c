"""A few hundred cells of a bundle's training as features: what a later fit is held to."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.model.dense import FloatArray

CELLS_A_CLASS: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSummary:
    """Features of some training cells, from which no pixel can be had back.

    Attributes:
        pooled: of each branch, float32 (cells, channels).
        labels: int64 (cells,), into the bundle's class names.
    """

    pooled: tuple[FloatArray, ...]
    labels: NDArray[np.int64]


def choose_summary_cells(
    labels: NDArray[np.int64], sources: NDArray[np.str_], *, seed: int
) -> NDArray[np.int64]:
    """Draw cells so that classes count alike, and sources within a class.

    Args:
        labels: of the training cells, int64 (cells,).
        sources: of each cell, str (cells,).
        seed: of the draw.

    Returns:
        Indices, int64, ascending; at most ``CELLS_A_CLASS`` a class.
    """
    rng = np.random.default_rng(seed)
    chosen: list[NDArray[np.int64]] = []
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        names = np.unique(sources[of_class])
        a_source = -(-CELLS_A_CLASS // len(names))
        drawn = [rng.permutation(of_class[sources[of_class] == name])[:a_source] for name in names]
        chosen.append(np.concatenate(drawn)[:CELLS_A_CLASS])
    return np.sort(np.concatenate(chosen)).astype(np.int64)
