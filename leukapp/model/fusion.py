"""What lies behind the backbones: a head for each branch and the fusion, as dense stacks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import (
    Activation,
    DenseLayer,
    DenseStack,
    FloatArray,
    count_parameters,
    forward,
)
from leukapp.model.presets import FUSION_UNITS, HEAD_UNITS, BranchSpec
from leukapp.model.weights_io import Arrays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchHead:
    """From a branch's pooled activation to its embedding and its own vote.

    Attributes:
        imagenet_top: the frozen ImageNet classifier; empty where pooled features are handed on.
        embed: the Dense 1024 of stage 1; its output goes into the fusion.
        classify: the last Dense of stage 1, linear: the branch's own logits.
    """

    imagenet_top: DenseStack
    embed: DenseStack
    classify: DenseStack

    @property
    def n_parameters(self) -> int:
        """Weights and biases of all three stacks."""
        return count_parameters((*self.imagenet_top, *self.embed, *self.classify))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heads:
    """All heads of a network.

    Attributes:
        branches: one head a branch, in the order of the preset.
        fusion: the meta-classifier on the concatenated embeddings, linear at its end; empty for a
            network of one branch, whose own vote is the answer.
        late_fusion: share, 0-1, of the mean of the branches' logits in the fused logits.
        class_names: what the logits stand for, in their order.
    """

    branches: tuple[BranchHead, ...]
    fusion: DenseStack
    late_fusion: float = 0.0
    class_names: tuple[str, ...] = CLASS_NAMES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkWeights:
    """Every weight of a trained network.

    Attributes:
        backbones: arrays of each branch's backbone, in the order of the preset.
        heads: everything behind the global pooling.
    """

    backbones: tuple[Arrays, ...]
    heads: Heads


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkLogits:
    """Logits of one image or a batch.

    Attributes:
        branches: float32 (..., classes) of each branch.
        fused: float32 (..., classes) of the whole network.
    """

    branches: tuple[FloatArray, ...]
    fused: FloatArray


def predict_logits(heads: Heads, pooled: tuple[FloatArray, ...]) -> NetworkLogits:
    """Run every head on pooled activations.

    Args:
        heads: of the network.
        pooled: global average of each backbone's activation, float32 (..., channels).

    Returns:
        Logits of each branch and of the fusion.
    """
    embeddings = [
        forward(head.embed, forward(head.imagenet_top, values))
        for head, values in zip(heads.branches, pooled, strict=True)
    ]
    branch_logits = tuple(
        forward(head.classify, embedding)
        for head, embedding in zip(heads.branches, embeddings, strict=True)
    )
    if not heads.fusion:
        return NetworkLogits(branches=branch_logits, fused=branch_logits[0])
    fused = forward(heads.fusion, np.concatenate(embeddings, axis=-1))
    if heads.late_fusion:
        votes = np.mean(branch_logits, axis=0, dtype=np.float32)
        fused = (1 - heads.late_fusion) * fused + heads.late_fusion * votes
    return NetworkLogits(branches=branch_logits, fused=fused)


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax along the last axis in double precision.

    Args:
        logits: float (..., classes).
        temperature: above 0; larger is less confident.

    Returns:
        Probabilities, float64 (..., classes).
    """
    scaled = np.asarray(logits, np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def pool(activation: FloatArray) -> FloatArray:
    """Global average of an activation: float32 (..., map, map, channels) to (..., channels)."""
    return np.asarray(activation.mean(axis=(-3, -2)), np.float32)


def initial_head(
    spec: BranchSpec, n_channels: int, imagenet_top: DenseStack, n_classes: int = len(CLASS_NAMES)
) -> BranchHead:
    """An untrained head of the right shapes (all zeros), for counting and for loading into.

    Args:
        spec: of the branch.
        n_channels: channels of the backbone's activation.
        imagenet_top: classifier of the backbone; used only if the branch hands its output on.
        n_classes: of the network.
    """
    top = imagenet_top if spec.hands_on == "imagenet_probabilities" else ()
    n_features = top[-1].kernel.shape[1] if top else n_channels
    return BranchHead(
        imagenet_top=top,
        embed=zero_stack((n_features, HEAD_UNITS), ("relu",)),
        classify=zero_stack((HEAD_UNITS, n_classes), ("linear",)),
    )


def initial_fusion(n_branches: int, n_classes: int = len(CLASS_NAMES)) -> DenseStack:
    """The untrained meta-classifier (all zeros); empty for a single branch."""
    if n_branches == 1:
        return ()
    units = (n_branches * HEAD_UNITS, *FUSION_UNITS, n_classes)
    return zero_stack(units, ("sigmoid", "relu", "sigmoid", "linear"))


def zero_stack(units: tuple[int, ...], activations: tuple[Activation, ...]) -> DenseStack:
    """Dense layers of the given widths, all zeros."""
    return tuple(
        DenseLayer(
            kernel=np.zeros((n_in, n_out), np.float32),
            bias=np.zeros(n_out, np.float32),
            activation=activation,
        )
        for n_in, n_out, activation in zip(units[:-1], units[1:], activations, strict=True)
    )
