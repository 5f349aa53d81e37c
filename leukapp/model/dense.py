"""Dense layers as plain arrays: everything of the network that lies behind global pooling.

Heads, the fusion and the ImageNet classifiers are all stacks of dense layers. Kept as arrays they
are stored without Keras, and Grad-CAM differentiates them without a second pass of a backbone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Activation: TypeAlias = Literal["linear", "relu", "sigmoid", "softmax", "hard_swish"]
FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseLayer:
    """``activation(inputs @ kernel + bias)``.

    Attributes:
        kernel: float32 (inputs, units).
        bias: float32 (units,).
        activation: name of the activation.

    Raises:
        ValueError: kernel and bias do not fit together.
    """

    kernel: FloatArray
    bias: FloatArray
    activation: Activation

    def __post_init__(self) -> None:
        if self.kernel.ndim != 2 or self.bias.shape != (self.kernel.shape[1],):
            raise ValueError(
                f"kernel {self.kernel.shape} and bias {self.bias.shape} do not fit together"
            )

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return int(self.kernel.size + self.bias.size)


DenseStack: TypeAlias = tuple[DenseLayer, ...]


def count_parameters(stack: Iterable[DenseLayer]) -> int:
    """Number of weights and biases of all layers."""
    return sum(layer.n_parameters for layer in stack)


def activate(values: FloatArray, activation: Activation) -> FloatArray:
    """Apply an activation along the last axis of a float32 array."""
    match activation:
        case "linear":
            return values
        case "relu":
            return np.maximum(values, 0)
        case "sigmoid":
            return np.asarray(1 / (1 + np.exp(-values)), np.float32)
        case "hard_swish":
            return np.asarray(values * np.clip(values + 3, 0, 6) / 6, np.float32)
        case "softmax":
            shifted = np.exp(values - values.max(axis=-1, keepdims=True))
            return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)


def backward_activation(
    gradient: FloatArray, before: FloatArray, after: FloatArray, activation: Activation
) -> FloatArray:
    """Carry a gradient from behind an activation to before it.

    Args:
        gradient: d score / d ``after``, float32 (..., units).
        before: input of the activation, same shape.
        after: output of the activation, same shape.
        activation: name of the activation.

    Returns:
        d score / d ``before``, float32, same shape.
    """
    match activation:
        case "linear":
            return gradient
        case "relu":
            return np.asarray(gradient * (before > 0), np.float32)
        case "sigmoid":
            return np.asarray(gradient * after * (1 - after), np.float32)
        case "hard_swish":
            slope = np.where(before <= -3, 0, np.where(before >= 3, 1, (2 * before + 3) / 6))
            return np.asarray(gradient * slope, np.float32)
        case "softmax":
            weighted = (gradient * after).sum(axis=-1, keepdims=True)
            return np.asarray(after * (gradient - weighted), np.float32)


def forward(stack: DenseStack, inputs: FloatArray) -> FloatArray:
    """Run a stack on float32 (..., inputs); an empty stack hands its input on."""
    values = inputs
    for layer in stack:
        values = activate(values @ layer.kernel + layer.bias, layer.activation)
    return values


@dataclass(frozen=True, slots=True, eq=False)
class ForwardTrace:
    """What :func:`backward` needs to know of a forward pass.

    Attributes:
        output: float32 (..., units) of the last layer.
        before: value before each activation.
        after: value behind each activation.
    """

    output: FloatArray
    before: tuple[FloatArray, ...]
    after: tuple[FloatArray, ...]


def trace_forward(stack: DenseStack, inputs: FloatArray) -> ForwardTrace:
    """Run a stack as :func:`forward` does and keep every intermediate value."""
    before: list[FloatArray] = []
    after: list[FloatArray] = []
    values = inputs
    for layer in stack:
        before.append(values @ layer.kernel + layer.bias)
        values = activate(before[-1], layer.activation)
        after.append(values)
    return ForwardTrace(values, tuple(before), tuple(after))


def backward(stack: DenseStack, trace: ForwardTrace, gradient: FloatArray) -> FloatArray:
    """Carry a gradient at the output of a stack back to its input.

    Args:
        stack: the layers.
        trace: of the forward pass at the point of interest.
        gradient: d score / d output, float32 (..., units).

    Returns:
        d score / d input, float32 (..., inputs).
    """
    values = gradient
    for layer, before, after in zip(
        reversed(stack), reversed(trace.before), reversed(trace.after), strict=True
    ):
        at_kernel = backward_activation(values, before, after, layer.activation)
        values = at_kernel @ layer.kernel.T
    return values
