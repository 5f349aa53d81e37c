"""What an engine is: something that runs the whole network forward, once, for a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from leukapp.model.dense import FloatArray
from leukapp.model.fusion import NetworkLogits, pool

EngineChoice: TypeAlias = Literal["auto", "openvino", "openvino-f32", "openvino-bf16", "keras"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkOutput:
    """Everything one forward pass gives.

    Attributes:
        activations: last convolutional activation of each branch, float32 (n, map, map, channels).
        branch_logits: of each branch alone, float32 (n, classes).
        fused_logits: of the whole network, float32 (n, classes), before calibration.
    """

    activations: tuple[FloatArray, ...]
    branch_logits: tuple[FloatArray, ...]
    fused_logits: FloatArray

    @property
    def logits(self) -> NetworkLogits:
        """The logits alone, as the decision rule takes them."""
        return NetworkLogits(branches=self.branch_logits, fused=self.fused_logits)

    @property
    def features(self) -> FloatArray:
        """Joined pooled features, float32 (n, features): what the gate compares."""
        return np.concatenate([pool(activation) for activation in self.activations], axis=-1)


class Engine(Protocol):
    """Runs the network; safe to call from several threads."""

    @property
    def name(self) -> str:
        """Engine, device and precision, e.g. ``openvino-cpu-f32``; part of every result."""

    def for_many(self) -> "Engine":
        """The same network set up for the most images a minute, not for one image soon."""

    def run(self, inputs: tuple[FloatArray, ...]) -> NetworkOutput:
        """Run one batch.

        Args:
            inputs: one image batch a branch, float32 (n, size, size, 3), RGB 0-255, enhanced.

        Returns:
            Activations and logits of the batch.
        """


def join_outputs(outputs: Sequence[NetworkOutput]) -> NetworkOutput:
    """Put the answers of several batches after each other; their arrays become read-only."""
    if len(outputs) == 1:
        joined = outputs[0]
    else:
        joined = NetworkOutput(
            activations=tuple(
                np.concatenate(parts)
                for parts in zip(*(o.activations for o in outputs), strict=True)
            ),
            branch_logits=tuple(
                np.concatenate(parts)
                for parts in zip(*(o.branch_logits for o in outputs), strict=True)
            ),
            fused_logits=np.concatenate([o.fused_logits for o in outputs]),
        )
    for array in (*joined.activations, *joined.branch_logits, joined.fused_logits):
        array.flags.writeable = False
    return joined


def split_outputs(outputs: list[FloatArray]) -> NetworkOutput:
    """Sort the output list of ``build_network``: activations, branch logits, fused logits."""
    n_branches = (len(outputs) - 1) // 2
    return NetworkOutput(
        activations=tuple(outputs[:n_branches]),
        branch_logits=tuple(outputs[n_branches:-1]),
        fused_logits=outputs[-1],
    )
