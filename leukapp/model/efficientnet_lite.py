"""EfficientNet-Lite2 in Keras: EfficientNet without squeeze-excitation, ReLU6, fixed stem and top.

Source: Tan and Le, EfficientNet, ICML 2019; the Lite variants of the TensorFlow TPU repository
(width 1.1, depth 1.2, batch-normalization epsilon 1e-3, input (x - 127) / 128).
"""

import math
from typing import Final, NamedTuple

import keras
from keras import layers

BN_EPSILON: Final = 1e-3
WIDTH: Final = 1.1
DEPTH: Final = 1.2
STEM_FILTERS: Final = 32
TOP_FILTERS: Final = 1280


class StageSpec(NamedTuple):
    """One stage of mobile inverted bottleneck blocks, before width and depth scaling."""

    n_blocks: int
    kernel_px: int
    stride: int
    expansion: int
    filters: int


STAGES: Final = (
    StageSpec(1, 3, 1, 1, 16),
    StageSpec(2, 3, 2, 6, 24),
    StageSpec(2, 5, 2, 6, 40),
    StageSpec(3, 3, 2, 6, 80),
    StageSpec(3, 5, 1, 6, 112),
    StageSpec(4, 5, 2, 6, 192),
    StageSpec(1, 3, 1, 6, 320),
)


def _scale_filters(filters: int) -> int:
    scaled = filters * WIDTH
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _conv_bn(
    tensor: keras.KerasTensor, filters: int, kernel_px: int, stride: int, name: str
) -> keras.KerasTensor:
    tensor = layers.Conv2D(
        filters, kernel_px, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(tensor)
    return layers.BatchNormalization(epsilon=BN_EPSILON, name=f"{name}_bn")(tensor)


def _bottleneck(
    tensor: keras.KerasTensor, stage: StageSpec, stride: int, filters: int, name: str
) -> keras.KerasTensor:
    inputs = tensor
    n_in = tensor.shape[-1]
    if stage.expansion != 1:
        tensor = _conv_bn(tensor, n_in * stage.expansion, 1, 1, f"{name}_expand")
        tensor = layers.ReLU(6.0, name=f"{name}_expand_relu")(tensor)
    tensor = layers.DepthwiseConv2D(
        stage.kernel_px, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(tensor)
    tensor = layers.BatchNormalization(epsilon=BN_EPSILON, name=f"{name}_depthwise_bn")(tensor)
    tensor = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(tensor)
    tensor = _conv_bn(tensor, filters, 1, 1, f"{name}_project")
    if stride == 1 and n_in == filters:
        tensor = layers.Add(name=f"{name}_add")([tensor, inputs])
    return tensor


def build_efficientnet_lite2(input_size_px: int | None) -> keras.Model:
    """Build the convolutional part with untrained weights.

    Args:
        input_size_px: side of the square input in pixels; None for any.

    Returns:
        A model from float32 (n, size, size, 3), RGB 0-255, to the last convolutional activation,
        float32 (n, size / 32, size / 32, 1280).
    """
    inputs = keras.Input((input_size_px, input_size_px, 3), name="image")
    tensor = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(inputs)
    tensor = _conv_bn(tensor, STEM_FILTERS, 3, 2, "stem")
    tensor = layers.ReLU(6.0, name="stem_relu")(tensor)
    block_index = 0
    for stage_index, stage in enumerate(STAGES):
        # First and last stage keep one block: Lite variants do not scale them in depth.
        is_fixed = stage_index in {0, len(STAGES) - 1}
        n_blocks = stage.n_blocks if is_fixed else math.ceil(stage.n_blocks * DEPTH)
        for repeat in range(n_blocks):
            stride = stage.stride if repeat == 0 else 1
            tensor = _bottleneck(
                tensor, stage, stride, _scale_filters(stage.filters), f"block{block_index}"
            )
            block_index += 1
    tensor = _conv_bn(tensor, TOP_FILTERS, 1, 1, "top")
    tensor = layers.ReLU(6.0, name="top_relu")(tensor)
    return keras.Model(inputs, tensor, name="efficientnet_lite2")
