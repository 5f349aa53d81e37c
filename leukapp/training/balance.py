"""Weights that keep a large source from drowning a small one."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from leukapp.model.dense import FloatArray


def balance_weights(labels: Sequence[str], sources: Sequence[str]) -> FloatArray:
    """Weight of each item in the loss: classes count alike, and sources within a class.

    Args:
        labels: class name of each item.
        sources: source of each item.

    Returns:
        Float32 (n,), mean 1.

    Example:
        >>> balance_weights(["ALL", "ALL", "ALL", "AML"], ["a", "a", "b", "c"]).tolist()
        [0.5, 0.5, 1.0, 2.0]
    """
    pairs = list(zip(labels, sources, strict=True))
    n_of_pair = Counter(pairs)
    n_sources = Counter(label for label, _ in n_of_pair)
    weights = [1 / (n_of_pair[pair] * n_sources[pair[0]]) for pair in pairs]
    return np.asarray(np.array(weights) * len(pairs) / len(n_sources), np.float32)
