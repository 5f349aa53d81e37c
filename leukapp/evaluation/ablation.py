"""Each branch alone against the fused decision, and one bundle against another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted, rate_over_groups
from leukapp.evaluation.metrics import macro_auroc


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """One way to decide, on the same images.

    Attributes:
        branch: its name, or None for the fused decision.
        accuracy: share of all images whose most probable class is right, 0-1.
        macro_auroc: mean one-against-rest area, 0-1; None where the set has one class.
        difference: accuracy minus that of the fused decision on the same images, -1 to 1, with an
            interval over groups; None for the fused decision itself.
    """

    branch: str | None
    accuracy: Estimate
    macro_auroc: Estimate | None
    difference: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedComparison:
    """Two answers to the same images.

    Attributes:
        n_images: images that both tables hold with the same label.
        n_groups: groups they are of.
        difference: accuracy of the first minus that of the second, -1 to 1, over groups.
        n_only_first: images that only the first has right.
        n_only_second: images that only the second has right.
    """

    n_images: int
    n_groups: int
    difference: Estimate
    n_only_first: int
    n_only_second: int


def ablation_rows(held_out: HeldOutSet) -> tuple[AblationRow, ...]:
    """The fused decision and then each branch alone, in the order of the preset.

    Args:
        held_out: one source under one protocol.
    """
    fused_right = held_out.is_right
    rows = [_row(None, held_out.probabilities, held_out, fused_right)]
    rows += [
        _row(branch.name, branch.probabilities, held_out, fused_right)
        for branch in held_out.branches
    ]
    return tuple(rows)


def compare_paired(first: HeldOutSet, second: HeldOutSet) -> PairedComparison | None:
    """Compare two tables on the images that both hold, or None where they share none.

    Args:
        first: one source under one protocol.
        second: the same; its rows may stand in another order.
    """
    rows, others = shared_rows(first, second)
    if not len(rows):
        return None
    first_right, second_right = first.is_right[rows], second.is_right[others]
    groups = first.independent_groups[rows]
    return PairedComparison(
        n_images=len(rows),
        n_groups=len(np.unique(groups)),
        difference=_difference(first_right, second_right, groups),
        n_only_first=int((first_right & ~second_right).sum()),
        n_only_second=int((second_right & ~first_right).sum()),
    )


def shared_rows(
    first: HeldOutSet, second: HeldOutSet
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the images that two tables hold with the same label.

    Args:
        first: one source under one protocol.
        second: the same; its rows may stand in another order, its classes may be others.

    Returns:
        Their rows in the first and in the second table, int64 (shared,) each, in the first's order.
    """
    row_of = {sample_id: row for row, sample_id in enumerate(second.sample_ids)}
    names, others = first.true_names, second.true_names
    pairs = [
        (row, row_of[sample_id])
        for row, sample_id in enumerate(first.sample_ids)
        if sample_id in row_of and names[row] == others[row_of[sample_id]]
    ]
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _row(
    name: str | None,
    probabilities: NDArray[np.float64],
    held_out: HeldOutSet,
    fused_right: NDArray[np.bool_],
) -> AblationRow:
    right = held_out.is_right if name is None else held_out.of_branch(name).is_right
    groups = held_out.independent_groups
    is_known = held_out.true_labels != held_out.other_index
    return AblationRow(
        branch=name,
        accuracy=rate_over_groups(right, groups),
        macro_auroc=macro_auroc(
            probabilities[is_known], held_out.true_labels[is_known], groups[is_known]
        ),
        difference=None if name is None else _difference(right, fused_right, groups),
    )


def _difference(
    first_right: NDArray[np.bool_], second_right: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Estimate:
    """Mean of first minus second over images, with its interval over groups."""
    gain = first_right.astype(np.float64) - second_right.astype(np.float64)

    def mean_gain(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((weights @ gain) / weights.sum(axis=1), np.float64)

    return bootstrap_weighted(mean_gain, groups)
