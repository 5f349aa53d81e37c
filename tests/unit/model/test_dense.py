import numpy as np
import pytest

from leukapp.model.dense import (
    DenseLayer,
    activate,
    backward,
    count_parameters,
    forward,
    trace_forward,
)


def layer(kernel, bias, activation):
    return DenseLayer(
        kernel=np.array(kernel, np.float32), bias=np.array(bias, np.float32), activation=activation
    )


def test_forward_by_hand():
    stack = (layer([[1, -1], [2, 0]], [0, 1], "relu"), layer([[1], [10]], [0.5], "linear"))
    # [1, 2] -> [1 + 4, -1 + 1] = [5, 0] -> 5 + 0 + 0.5
    np.testing.assert_allclose(forward(stack, np.array([1, 2], np.float32)), [5.5])
    assert count_parameters(stack) == 6 + 3


def test_empty_stack_hands_on():
    values = np.array([3, 4], np.float32)
    assert forward((), values) is values
    assert backward((), trace_forward((), values), values) is values


def test_hard_swish_at_its_corners():
    values = np.array([-4, -3, 0, 1, 3, 4], np.float32)
    np.testing.assert_allclose(activate(values, "hard_swish"), [0, 0, 0, 4 / 6, 3, 4])


def test_softmax_does_not_overflow():
    np.testing.assert_allclose(
        activate(np.array([1000, 1000, -1000], np.float32), "softmax"), [0.5, 0.5, 0]
    )


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "softmax", "hard_swish"])
def test_backward_is_the_gradient(activation):
    rng = np.random.default_rng(1)
    stack = (
        layer(rng.normal(size=(4, 5)), rng.normal(size=5), activation),
        layer(rng.normal(size=(5, 3)), rng.normal(size=3), "linear"),
    )
    point = rng.normal(size=4).astype(np.float32)
    weights = np.array([1, -2, 0.5], np.float32)
    gradient = backward(stack, trace_forward(stack, point), weights)
    step = 1e-2
    numeric = [
        float((forward(stack, point + step * axis) - forward(stack, point - step * axis)) @ weights)
        / (2 * step)
        for axis in np.eye(4, dtype=np.float32)
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=2e-2, atol=2e-3)


def test_misfit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        layer([[1, 2]], [0], "linear")
