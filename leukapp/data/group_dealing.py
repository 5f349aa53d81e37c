"""Deal whole groups to the parts of a split so that each source and label keeps its shares."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

N_PARTS: Final = 3

# The test part comes first: it must not miss a class. Then train, then validation.
_RESERVATION_ORDER: Final = (2, 0, 1)


def deal_groups(
    counts: NDArray[np.float64], fractions: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Choose a part for each group.

    Strata with three groups or more first get one group in each part, rarest stratum first. The
    rest, largest group first, goes where it brings the counts nearest to the shares.

    Args:
        counts: samples of each group in each stratum, float64 (groups, strata).
        fractions: shares of train, validation and test, float64 (3,), sum 1.
        rng: source of the random order.

    Returns:
        0, 1 or 2 for train, validation or test, int64 (groups,).
    """
    totals = counts.sum(axis=0)
    targets = np.outer(fractions, totals)
    dealt = np.zeros_like(targets)
    part_of_group = np.full(len(counts), -1, np.int64)
    order = rng.permutation(len(counts))

    def deal(group: int, part: int) -> None:
        part_of_group[group] = part
        dealt[part] += counts[group]

    n_groups_of_stratum = (counts > 0).sum(axis=0)
    for stratum in np.argsort(n_groups_of_stratum, kind="stable"):
        if n_groups_of_stratum[stratum] < N_PARTS:
            continue
        for part in _RESERVATION_ORDER:
            free = [g for g in order if part_of_group[g] < 0 and counts[g, stratum] > 0]
            if fractions[part] > 0 and dealt[part, stratum] == 0 and free:
                # A patient larger than the part's whole share goes there only if all are.
                fitting = [g for g in free if counts[g, stratum] <= targets[part, stratum]]
                smallest = min(free, key=lambda g: counts[g, stratum])
                deal(fitting[0] if fitting else smallest, part)
    largest_first = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    for group in largest_first:
        if part_of_group[group] < 0:
            excess = (dealt + counts[group] - targets) ** 2 - (dealt - targets) ** 2
            cost = (excess / totals**2).sum(axis=1)
            deal(group, int(np.argmin(np.where(fractions > 0, cost, np.inf))))
    return part_of_group
