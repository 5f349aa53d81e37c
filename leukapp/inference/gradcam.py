"""Grad-CAM computed on the dense tail behind the last convolution: no second backbone pass.

Source: Selvaraju et al., Grad-CAM, ICCV 2017, equations 1-2. Behind the last activation lie global
average pooling and dense layers only, so the gradient of a class score is the same at every
position of a channel and follows from the dense layers alone.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from leukapp.inference.heatmap import Heatmap
from leukapp.model.dense import DenseStack, FloatArray, ForwardTrace, backward, trace_forward
from leukapp.model.fusion import BranchHead, Heads, pool
from leukapp.process_threads import one_blas_thread

FUSED: Final = "fused"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Heatmaps of one class.

    Attributes:
        class_name: the class whose score is explained.
        branches: Grad-CAM of each branch's own vote, in the order of the preset.
        fused: Grad-CAM of the fused decision over all branches.
    """

    class_name: str
    branches: tuple[Heatmap, ...]
    fused: Heatmap


@one_blas_thread()
def explain_class(
    heads: Heads,
    activations: tuple[FloatArray, ...],
    class_name: str,
    branch_names: tuple[str, ...],
) -> Explanation:
    """Compute the heatmaps of one class for one image.

    Args:
        heads: dense layers of the network.
        activations: last convolutional activation of each branch, float32 (map, map, channels).
        class_name: one of ``heads.class_names``.
        branch_names: name of each branch, for the results.

    Returns:
        One heatmap a branch (score: the branch's own logit) and one of the fused logit, in which
        the branches' maps are added as densities: of that logit on each part of the image, so that
        what two branches add alike weighs alike, whatever the sizes of their maps.
    """
    class_index = heads.class_names.index(class_name)
    pooled = tuple(pool(activation) for activation in activations)
    traces = tuple(
        _trace_branch(head, values) for head, values in zip(heads.branches, pooled, strict=True)
    )
    branches = tuple(
        _heatmap(_weigh(activation, _branch_gradient(head, trace, class_index)), name, class_name)
        for head, trace, activation, name in zip(
            heads.branches, traces, activations, branch_names, strict=True
        )
    )
    if not heads.fusion:
        fused = Heatmap(
            source=FUSED,
            class_name=class_name,
            values=branches[0].values,
            is_blank=branches[0].is_blank,
        )
        return Explanation(class_name=class_name, branches=branches, fused=fused)
    gradients = _fused_gradients(heads, traces, class_index)
    maps = [_weigh(a, g) for a, g in zip(activations, gradients, strict=True)]
    height, width = max(values.shape for values in maps)
    summed = sum(
        # A position of a coarse map stands for several of the fine one and shares its score out.
        cv2.resize(m, (width, height), interpolation=cv2.INTER_LINEAR) * (m.size / (height * width))
        for m in maps
    )
    return Explanation(
        class_name=class_name,
        branches=branches,
        fused=_heatmap(np.asarray(summed, np.float32), FUSED, class_name),
    )


def blank_explanation(class_name: str, branch_names: tuple[str, ...]) -> Explanation:
    """Maps without heat, for an image in which there was nothing to judge."""
    nothing = np.zeros((1, 1), np.float32)
    return Explanation(
        class_name=class_name,
        branches=tuple(_heatmap(nothing, name, class_name) for name in branch_names),
        fused=_heatmap(nothing, FUSED, class_name),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _BranchTrace:
    top: ForwardTrace
    embed: ForwardTrace


def _trace_branch(head: BranchHead, pooled: FloatArray) -> _BranchTrace:
    top = trace_forward(head.imagenet_top, pooled)
    return _BranchTrace(top, trace_forward(head.embed, top.output))


def _one_hot(class_index: int, stack: DenseStack) -> FloatArray:
    """Gradient of one logit among those at the end of a stack."""
    return np.asarray(np.eye(len(stack[-1].bias))[class_index], np.float32)


def _to_pooled(head: BranchHead, trace: _BranchTrace, gradient: FloatArray) -> FloatArray:
    behind_top = backward(head.embed, trace.embed, gradient)
    return backward(head.imagenet_top, trace.top, behind_top)


def _branch_gradient(head: BranchHead, trace: _BranchTrace, class_index: int) -> FloatArray:
    return _to_pooled(head, trace, _vote_gradient(head, trace, class_index))


def _vote_gradient(head: BranchHead, trace: _BranchTrace, class_index: int) -> FloatArray:
    """How the branch's own logit changes with its embedding."""
    classify = trace_forward(head.classify, trace.embed.output)
    return backward(head.classify, classify, _one_hot(class_index, head.classify))


def _fused_gradients(
    heads: Heads, traces: tuple[_BranchTrace, ...], class_index: int
) -> tuple[FloatArray, ...]:
    embeddings = [trace.embed.output for trace in traces]
    fusion = trace_forward(heads.fusion, np.concatenate(embeddings))
    joined = backward(heads.fusion, fusion, _one_hot(class_index, heads.fusion))
    if heads.late_fusion:
        votes = [
            _vote_gradient(head, trace, class_index)
            for head, trace in zip(heads.branches, traces, strict=True)
        ]
        share = heads.late_fusion
        joined = (1 - share) * joined + share / len(votes) * np.concatenate(votes)
    borders = np.cumsum([len(embedding) for embedding in embeddings])[:-1]
    return tuple(
        _to_pooled(head, trace, part)
        for head, trace, part in zip(heads.branches, traces, np.split(joined, borders), strict=True)
    )


def _weigh(activation: FloatArray, pooled_gradient: FloatArray) -> FloatArray:
    """Sum of the channels, each times its mean gradient; float32 (map, map), signed."""
    n_positions = activation.shape[0] * activation.shape[1]
    return np.asarray(activation @ (pooled_gradient / n_positions), np.float32)


def _heatmap(signed: FloatArray, source: str, class_name: str) -> Heatmap:
    positive: FloatArray = np.maximum(signed, np.float32(0))
    largest = float(positive.max())
    is_blank = not math.isfinite(largest) or largest <= float(np.finfo(np.float32).tiny)
    values = np.zeros_like(positive) if is_blank else positive / np.float32(largest)
    values.flags.writeable = False
    return Heatmap(source=source, class_name=class_name, values=values, is_blank=is_blank)
