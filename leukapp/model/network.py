"""The whole network as one Keras model: what engines compile and what parameters are counted on."""

import keras
import numpy as np

from leukapp.model.backbones import build_backbone
from leukapp.model.dense import DenseStack
from leukapp.model.fusion import NetworkWeights
from leukapp.model.presets import Preset, QuarterTurns
from leukapp.model.weights_io import set_model_arrays


def _dense(stack: DenseStack, name: str) -> list[keras.layers.Dense]:
    return [
        keras.layers.Dense(
            layer.kernel.shape[1], activation=layer.activation, name=f"{name}_{index}"
        )
        for index, layer in enumerate(stack)
    ]


def _apply(
    layers: list[keras.layers.Dense], stack: DenseStack, tensor: keras.KerasTensor
) -> keras.KerasTensor:
    for layer, values in zip(layers, stack, strict=True):
        tensor = layer(tensor)
        layer.set_weights([values.kernel, values.bias])
    return tensor


def _average_over_turns(
    backbone: keras.Model, image: keras.KerasTensor, n_turns: QuarterTurns
) -> keras.KerasTensor:
    """Mean activation over the turned images, each activation turned back.

    Args:
        backbone: from images (n, size, size, 3) to activations (n, map, map, channels).
        image: its input.
        n_turns: 1 leaves the backbone as it is.

    Returns:
        Activations (n, map, map, channels). With four turns those of a turned image are the turned
        activations, and so is every map made of them.
    """
    if n_turns == 1:
        return backbone(image)
    # One batch of all turns runs as one convolution each; four calls would not.
    turned = [_turn(image, turn) for turn in range(n_turns)]
    activations = keras.ops.split(backbone(keras.ops.concatenate(turned, axis=0)), n_turns, axis=0)
    turned_back = [_turn(activation, -turn) for turn, activation in enumerate(activations)]
    return keras.layers.Average()(turned_back)


def _turn(tensor: keras.KerasTensor, n_quarters: int) -> keras.KerasTensor:
    """Turn (n, side, side, channels) by quarters, as ``keras.ops.rot90`` does.

    Positions are looked up in one step: the transposes and reversals of ``rot90`` took an eighth
    of the whole network's time on OpenVINO.
    """
    if n_quarters % 4 == 0:
        return tensor
    side, n_channels = tensor.shape[1], tensor.shape[3]
    places = np.rot90(np.arange(side * side).reshape(side, side), n_quarters).ravel()
    flat = keras.ops.reshape(tensor, (-1, side * side, n_channels))
    return keras.ops.reshape(keras.ops.take(flat, places, axis=1), (-1, side, side, n_channels))


def build_network(preset: Preset, weights: NetworkWeights) -> keras.Model:
    """Build the network for inference.

    Args:
        preset: names the backbones and input sizes.
        weights: of the backbones and heads.

    Returns:
        A model from one float32 (n, size, size, 3) image batch a branch (RGB 0-255, enhanced) to
        ``[activation, ..., branch logits, ..., fused logits]``: the last convolutional activation
        of each branch (n, map, map, channels), then logits (n, classes).

    Raises:
        BundleError: the weights do not fit the preset.
    """
    inputs, activations, logits, embeddings = [], [], [], []
    for spec, arrays, head in zip(
        preset.branches, weights.backbones, weights.heads.branches, strict=True
    ):
        backbone = build_backbone(spec.backbone, spec.input_size_px).model
        set_model_arrays(backbone, arrays)
        image = keras.Input((spec.input_size_px, spec.input_size_px, 3), name=f"{spec.name}_image")
        activation = _average_over_turns(backbone, image, preset.n_turns)
        tensor = keras.layers.GlobalAveragePooling2D(name=f"{spec.name}_pool")(activation)
        for part, stack in (("imagenet", head.imagenet_top), ("embed", head.embed)):
            tensor = _apply(_dense(stack, f"{spec.name}_{part}"), stack, tensor)
        classify = _dense(head.classify, f"{spec.name}_classify")
        inputs.append(image)
        activations.append(activation)
        embeddings.append(tensor)
        logits.append(_apply(classify, head.classify, tensor))
    fused = logits[0]
    if weights.heads.fusion:
        joined = keras.layers.Concatenate(name="fusion_join")(embeddings)
        fusion = _dense(weights.heads.fusion, "fusion")
        fused = _apply(fusion, weights.heads.fusion, joined)
        share = weights.heads.late_fusion
        if share:
            votes = keras.layers.Average(name="votes")(logits)
            fused = keras.layers.Add(name="late_fusion")(
                [keras.layers.Rescaling(1 - share)(fused), keras.layers.Rescaling(share)(votes)]
            )
    return keras.Model(inputs, [*activations, *logits, fused], name=preset.name)
