"""The finder's network: EfficientNet-Lite2, frozen and cut at four depths, and a small head."""

from collections.abc import Callable
from typing import Final

import keras
import numpy as np
import openvino
from keras import layers, ops
from numpy.typing import NDArray

from experiments.finder.targets import (
    CANVAS_PX,
    ERYTHROCYTE,
    ERYTHROCYTE_COUNTS,
    ERYTHROCYTE_SIZE,
    LEUKOCYTE,
    LEUKOCYTE_COUNTS,
    LEUKOCYTE_SIZE,
    SIZE_KNOWN,
)
from leukapp.inference.openvino_engine import convert_network
from leukapp.model.backbones import load_imagenet_backbone
from leukapp.model.efficientnet_lite import build_efficientnet_lite2
from leukapp.model.weights_io import Arrays, model_arrays, set_model_arrays

TAPS: Final = (
    ("block3_add", 4, 24),
    ("block6_add", 8, 48),
    ("block14_add", 16, 120),
    ("block19_add", 32, 208),
)
"""Layer, stride in pixels and channels of each depth that the head sees."""

WIDTHS: Final = (32, 48, 64, 64)
"""Channels of the head at each depth."""

HEAT, SIZE_OF_LEUKOCYTE, SIZE_OF_ERYTHROCYTE = slice(0, 2), slice(2, 4), slice(4, 6)
"""Of an answer: logits of a leukocyte's and an erythrocyte's middle, then logarithms of their width
and height in pixels of the input."""

FeatureMaps = tuple[NDArray[np.float32], ...]


def build_head(side_px: int = CANVAS_PX) -> keras.Model:
    """Build the head with untrained weights.

    Args:
        side_px: side of the square image whose feature maps it takes.

    Returns:
        A model from the maps of ``TAPS`` to float32 (n, side / 4, side / 4, 6).
    """
    inputs = [
        keras.Input((side_px // stride, side_px // stride, channels))
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


def finder_loss(target: keras.KerasTensor, answer: keras.KerasTensor) -> keras.KerasTensor:
    """Focal loss of both middles, and absolute error of the logarithms of both sizes.

    Source:
        X. Zhou et al., Objects as Points, 2019.
    """
    heat = answer[..., HEAT]
    is_leukocyte = target[..., LEUKOCYTE]
    is_erythrocyte = target[..., ERYTHROCYTE]
    size_counts = target[..., SIZE_KNOWN]
    erythrocyte_counts = target[..., ERYTHROCYTE_COUNTS]
    at_middle = ops.cast(is_erythrocyte >= 0.999, "float32") * erythrocyte_counts
    return (
        _focal(heat[..., 0], is_leukocyte, target[..., LEUKOCYTE_COUNTS])
        + 0.5 * _focal(heat[..., 1], is_erythrocyte, erythrocyte_counts)
        + _size_error(answer[..., SIZE_OF_LEUKOCYTE], target[..., LEUKOCYTE_SIZE], size_counts)
        + 0.5
        * _size_error(answer[..., SIZE_OF_ERYTHROCYTE], target[..., ERYTHROCYTE_SIZE], at_middle)
    )


def _focal(
    logit: keras.KerasTensor, heat: keras.KerasTensor, counts: keras.KerasTensor
) -> keras.KerasTensor:
    probability = ops.sigmoid(logit)
    is_middle = ops.cast(heat >= 0.999, "float32")
    hit = is_middle * (1 - probability) ** 2 * ops.log_sigmoid(logit)
    rest = (1 - is_middle) * (1 - heat) ** 4 * probability**2 * ops.log_sigmoid(-logit)
    return -ops.sum((hit + rest) * counts) / (ops.sum(is_middle * counts) + 1)


def _size_error(
    answer: keras.KerasTensor, target: keras.KerasTensor, counts: keras.KerasTensor
) -> keras.KerasTensor:
    error = ops.abs(answer - target) * counts[..., None]
    return ops.sum(error) / (ops.sum(counts) + 1)


def compile_taps(side_px: int = CANVAS_PX) -> Callable[[NDArray[np.float32]], FeatureMaps]:
    """The frozen part for training: float32 (n, side, side, 3), RGB 0-255, to its maps."""
    backbone = _backbone(side_px)
    tapped = keras.Model(backbone.input, [backbone.get_layer(name).output for name, _, _ in TAPS])
    compiled = openvino.Core().compile_model(convert_network(tapped), "CPU")

    def run(batch: NDArray[np.float32]) -> FeatureMaps:
        maps = compiled(batch)
        return tuple(np.asarray(maps[f"output_{depth}"]) for depth in range(len(TAPS)))

    return run


def compile_finder(
    head: Arrays, side_px: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The whole finder for one size of input.

    Args:
        head: weights of the head.
        side_px: side of the square input.

    Returns:
        From float32 (1, side, side, 3), RGB 0-255, to float32 (side / 4, side / 4, 6).
    """
    backbone = _backbone(side_px)
    top = build_head(side_px)
    set_model_arrays(top, head)
    answer = top([backbone.get_layer(name).output for name, _, _ in TAPS])
    network = convert_network(keras.Model(backbone.input, answer))
    compiled = openvino.Core().compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    return lambda batch: np.asarray(compiled(batch)[0])[0]


def _backbone(side_px: int) -> keras.Model:
    trained = load_imagenet_backbone("efficientnet_lite2", 224, weights_dir=None).model
    backbone = build_efficientnet_lite2(side_px)
    set_model_arrays(backbone, model_arrays(trained))
    return backbone
