"""Healthy images that are called leukemia: the one definition of a false alarm, as counts."""

from dataclasses import dataclass

import numpy as np

from leukapp.evaluation.held_out import HeldOutSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Healthy images that are taken for leukemia.

    Attributes:
        n_healthy: Healthy images of the set.
        n_called: those called leukemia of any kind: false alarms. A "no call" is none.
        n_most_probable: those whose most probable class is not Healthy, called or not.
    """

    n_healthy: int
    n_called: int
    n_most_probable: int


def false_alarms(held_out: HeldOutSet) -> FalseAlarms | None:
    """Count the Healthy images that are called leukemia; None where the set has none.

    Args:
        held_out: one source under one protocol.
    """
    healthy = held_out.true_labels == held_out.healthy_index
    if not healthy.any():
        return None
    return FalseAlarms(
        n_healthy=int(np.count_nonzero(healthy)),
        n_called=int(np.count_nonzero(healthy & held_out.is_called_leukemia)),
        n_most_probable=int(np.count_nonzero(healthy & held_out.is_leukemia_likeliest)),
    )
