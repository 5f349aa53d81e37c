"""A held-out set small enough to work every figure out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet

# True ALL, ALL, AML, AML, AML, Healthy, Healthy, Healthy;
# predicted ALL, AML, AML, AML, Healthy, Healthy, Healthy, ALL.
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.3, 0.5, 0.2],
        [0.1, 0.6, 0.3],
        [0.1, 0.7, 0.2],
        [0.2, 0.3, 0.5],
        [0.1, 0.1, 0.8],
        [0.1, 0.3, 0.6],
        [0.5, 0.1, 0.4],
    ]
)
BRANCH_PROBABILITIES = np.tile([0.2, 0.2, 0.6], (8, 1))


@pytest.fixture
def make_held_out() -> Callable[..., HeldOutSet]:
    """Build the eight images, with any field changed."""

    def make(**changes: Any) -> HeldOutSet:
        values: dict[str, Any] = {
            "sample_ids": tuple(f"image{number}.jpg" for number in range(8)),
            "groups": ("a", "a", "b", "b", "c", "d", "d", "e"),
            "groups_known": np.ones(8, bool),
            "sources": ("lab",) * 8,
            "true_labels": np.array([0, 0, 1, 1, 1, 2, 2, 2]),
            "probabilities": PROBABILITIES,
            "branches": (BranchPredictions(name="first", probabilities=BRANCH_PROBABILITIES),),
            "is_called": np.array([True, False, True, True, True, True, True, True]),
            "no_call_reasons": (None, "Not sure.", None, None, None, None, None, None),
            "protocol": "grouped",
            "bundle_sha256": "ab" * 32,
        }
        return HeldOutSet(**(values | changes))

    return make
