"""The directions of the features along which a laboratory's correction may go."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray
from leukapp.model.training_summary import TrainingSummary

N_AXES: Final = 128
LEAST_DEVIATION: Final = 0.05
"""Added to a channel's deviation, as a share of all channels' together: quiet ones stay quiet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectionAxes:
    """A linear map of features, scaled so that training cells are of about unit length.

    Attributes:
        mean: float64 (channels of all branches,).
        components: float64 (channels, axes).
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]

    def project(self, joined: FloatArray) -> NDArray[np.float64]:
        """Features on the axes, float64 (cells, axes).

        Args:
            joined: features of the cells, float32 (cells, channels).
        """
        return np.asarray((joined - self.mean) @ self.components, np.float64)


def axes_of_summary(summary: TrainingSummary) -> CorrectionAxes:
    """Principal axes of training cells, each channel in units of its deviation.

    Lengths along the axes stay as they are: what varies much among training cells is cheap to
    correct along, what hardly varies is dear.

    Args:
        summary: of the shipped training.
    """
    joined = np.concatenate(summary.pooled, axis=1).astype(np.float64)
    mean = joined.mean(axis=0)
    deviations = joined.std(axis=0) + LEAST_DEVIATION * joined.std()
    _, lengths, axes = np.linalg.svd((joined - mean) / deviations, full_matrices=False)
    scale = np.sqrt(len(joined)) / np.sqrt((lengths**2).sum())
    components = axes[:N_AXES].T * scale / deviations[:, None]
    return CorrectionAxes(mean=mean, components=components)


def axes_of_gate(gate: GateReference) -> CorrectionAxes:
    """The gate's whitened axes, for a bundle that brings no training cells along.

    Args:
        gate: of the bundle.
    """
    components = gate.components.astype(np.float64)
    return CorrectionAxes(
        mean=gate.mean.astype(np.float64), components=components / np.sqrt(components.shape[1])
    )
