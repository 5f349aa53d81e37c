"""Grad-CAM on the dense tail against the textbook method on the whole Keras model."""

import numpy as np
import pytest
from networks import TINY_PRESET, lively_weights

from leukapp.inference.gradcam import explain_class
from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseLayer
from leukapp.model.fusion import BranchHead, Heads


def identity_head(n_channels):
    """Logit of class c is the mean of channel c."""
    eye = np.eye(n_channels, dtype=np.float32)
    zero = np.zeros(n_channels, np.float32)
    embed = (DenseLayer(kernel=eye, bias=zero, activation="relu"),)
    classify = (
        DenseLayer(
            kernel=eye[:, : len(CLASS_NAMES)],
            bias=zero[: len(CLASS_NAMES)],
            activation="linear",
        ),
    )
    return BranchHead(imagenet_top=(), embed=embed, classify=classify)


@pytest.mark.parametrize("class_index", range(3))
def test_planted_corner_lights_up(class_index):
    activation = np.zeros((7, 7, 3), np.float32)
    corners = [(0, 0), (0, 6), (6, 0)]
    for channel, (row, column) in enumerate(corners):
        activation[row, column, channel] = 5
    heads = Heads(branches=(identity_head(3),), fusion=())
    explanation = explain_class(heads, (activation,), CLASS_NAMES[class_index], ("only",))
    heatmap = explanation.branches[0]
    assert np.unravel_index(heatmap.values.argmax(), (7, 7)) == corners[class_index]
    assert heatmap.values.sum() == 1
    assert not heatmap.is_blank
    np.testing.assert_array_equal(explanation.fused.values, heatmap.values)


def test_nothing_to_see_is_blank_and_finite():
    heads = Heads(branches=(identity_head(3),), fusion=())
    heatmap = explain_class(heads, (np.zeros((7, 7, 3), np.float32),), "AML", ("only",)).fused
    assert heatmap.is_blank
    assert (heatmap.values == 0).all()


@pytest.mark.parametrize("fine_side", [7, 14, 21])
def test_branches_that_add_alike_weigh_alike_whatever_their_maps_sizes(fine_side):
    """Both raise the score by one: the first on the left half, the second on the right."""
    fine = np.zeros((fine_side, fine_side, 3), np.float32)
    coarse = np.zeros((7, 7, 3), np.float32)
    fine[:, : 3 * fine_side // 7, 0] = 1
    coarse[:, 4:, 0] = 1
    joined = np.tile(np.eye(3, dtype=np.float32), (2, 1))
    fusion = (DenseLayer(kernel=joined, bias=np.zeros(3, np.float32), activation="linear"),)
    heads = Heads(branches=(identity_head(3), identity_head(3)), fusion=fusion)
    fused = explain_class(heads, (fine, coarse), CLASS_NAMES[0], ("fine", "coarse")).fused

    left, right = np.array_split(fused.values, 2, axis=1)
    assert left.sum() == pytest.approx(right.sum(), rel=0.02)


@pytest.mark.keras
def test_equals_full_gradient_gradcam():
    import keras
    import tensorflow as tf

    from leukapp.model.network import build_network

    weights = lively_weights(TINY_PRESET)
    model = build_network(TINY_PRESET, weights)
    rng = np.random.default_rng(3)
    # Values of both signs, so that most maps keep some heat after the ReLU.
    activations = [
        rng.normal(0, 1, tuple(output.shape[1:])).astype(np.float32) for output in model.outputs[:2]
    ]
    tails = {
        "first": keras.Model(model.outputs[0], model.outputs[2]),
        "second": keras.Model(model.outputs[1], model.outputs[3]),
        "fused": keras.Model([model.outputs[0], model.outputs[1]], model.outputs[4]),
    }
    textbook_maps = []
    for class_name in CLASS_NAMES:
        explanation = explain_class(
            weights.heads, tuple(activations), class_name, ("first", "second")
        )
        tensors = [tf.constant(a[None]) for a in activations]
        for heatmap, wanted in zip(explanation.branches, ([0], [1]), strict=True):
            raw = textbook(tails[heatmap.source], tensors, wanted, class_name)
            assert_same(heatmap.values, raw)
            textbook_maps.append(raw)
        raw = textbook(tails["fused"], tensors, [0, 1], class_name)
        assert_same(explanation.fused.values, raw)
        textbook_maps.append(raw)
    n_with_heat = sum(raw.max() > 0 for raw in textbook_maps)
    assert n_with_heat >= 4, "too few of the nine maps have heat to compare"


def textbook(tail, tensors, wanted, class_name):
    """Equations 1 and 2 of Selvaraju et al., with TensorFlow's gradient."""
    import tensorflow as tf

    chosen = [tensors[i] for i in wanted]
    with tf.GradientTape() as tape:
        for tensor in chosen:
            tape.watch(tensor)
        score = tail(chosen if len(chosen) > 1 else chosen[0])[0, CLASS_NAMES.index(class_name)]
    gradients = tape.gradient(score, chosen)
    maps = [
        (tensor[0] * tf.reduce_mean(gradient[0], axis=(0, 1))).numpy().sum(-1)
        for tensor, gradient in zip(chosen, gradients, strict=True)
    ]
    return np.maximum(sum(maps), 0)


def assert_same(values, raw):
    peak = raw.max()
    np.testing.assert_allclose(values, raw / peak if peak > 0 else raw, atol=1e-4)
