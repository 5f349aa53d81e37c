"""The finder's network: EfficientNet-Lite2, frozen and tapped at four depths, and a small head."""

from typing import Final

import keras
from keras import layers

from leukapp.model.bundle import FinderWeights
from leukapp.model.efficientnet_lite import build_efficientnet_lite2
from leukapp.model.weights_io import set_model_arrays

TAPS: Final = (
    ("block3_add", 4, 24),
    ("block6_add", 8, 48),
    ("block14_add", 16, 120),
    ("block19_add", 32, 208),
)
"""Layer, stride in pixels and channels of each depth that the head sees."""

WIDTHS: Final = (32, 48, 64, 64)
"""Channels of the head at each depth."""


def build_finder_head(side_px: int | None) -> keras.Model:
    """Build the head with untrained weights.

    Args:
        side_px: side of the square image whose feature maps it takes; None for any.

    Returns:
        A model from the maps of ``TAPS`` to float32 (n, side / 4, side / 4, 6).
    """
    inputs = [
        keras.Input((*(2 * (None if side_px is None else side_px // stride,)), channels))
        for _, stride, channels in TAPS
    ]
    deeper = None
    for depth in reversed(range(len(TAPS))):
        joined = _normalized(
            layers.Conv2D(WIDTHS[depth], 1, use_bias=False)(_normalized(inputs[depth]))
        )
        if deeper is not None:
            raised = layers.Conv2D(WIDTHS[depth], 1, use_bias=False)(layers.UpSampling2D(2)(deeper))
            joined = layers.Add()([joined, _normalized(raised)])
        deeper = _convolved(layers.ReLU()(joined), WIDTHS[depth])
    top = _convolved(deeper, WIDTHS[0])
    # The start says "nothing here" and a cell of 33 px, so that the first steps do not run away.
    rare = keras.initializers.Constant(-3.5)
    usual = keras.initializers.Constant(3.5)
    heat = layers.Conv2D(2, 1, bias_initializer=rare, name="heat")(top)
    size = layers.Conv2D(4, 1, bias_initializer=usual, name="size")(top)
    return keras.Model(inputs, layers.Concatenate(name="answer")([heat, size]), name="finder_head")


def _normalized(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.97)(tensor)


def _convolved(tensor: keras.KerasTensor, width: int) -> keras.KerasTensor:
    convolved = layers.Conv2D(width, 3, padding="same", use_bias=False)(tensor)
    return layers.ReLU()(_normalized(convolved))


def build_finder(weights: FinderWeights) -> keras.Model:
    """Build the whole finder, for square inputs of any side that 32 divides.

    Args:
        weights: of EfficientNet-Lite2's convolutional part and of the head.

    Returns:
        A model from float32 (n, side, side, 3), RGB 0-255, to float32 (n, side / 4, side / 4, 6):
        see ``leukapp.fields.found_cells``.
    """
    backbone = build_efficientnet_lite2(None)
    set_model_arrays(backbone, weights.backbone)
    top = build_finder_head(None)
    set_model_arrays(top, weights.head)
    return keras.Model(
        backbone.input, top([backbone.get_layer(name).output for name, _, _ in TAPS])
    )
