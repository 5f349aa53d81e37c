"""Backbones: networks up to their last convolutional activation, and their ImageNet classifiers.

A backbone maps float32 (n, size, size, 3), RGB 0-255, to the last convolutional activation
(n, map, map, channels); whatever rescaling the backbone wants is its first layer. Behind it
every backbone here has global average pooling and dense layers only.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np

from leukapp.errors import BackboneWeightsError
from leukapp.model.backbone_list import BACKBONES, BackboneSpec
from leukapp.model.dense import Activation, DenseLayer, DenseStack
from leukapp.model.presets import StemInput
from leukapp.model.weights_io import read_arrays, set_model_arrays
from leukapp.resources import (
    BACKBONE_DIR_VARIABLE,
    SHIPPED_BACKBONES,
    backbone_dir,
    keras_models_dir,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """A built backbone.

    Attributes:
        model: image batch to last convolutional activation.
        imagenet_top: dense layers from the pooled activation to 1000 ImageNet probabilities; empty
            for a backbone that was not trained on ImageNet.
    """

    model: keras.Model
    imagenet_top: DenseStack


IMAGENET_DEVIATION_RGB: Final = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in red, green and blue, 0-1."""


def build_backbone(
    name: str,
    input_size_px: int,
    *,
    weights: Path | None = None,
    stem_input: StemInput = "as_trained",
) -> Backbone:
    """Build a backbone.

    Args:
        name: key of ``BACKBONES``.
        input_size_px: side of the square input in pixels.
        weights: a keras ``.h5`` file of a keras.applications network with its classifier; None
            leaves random weights, for a bundle or a training to overwrite.
        stem_input: what the stem of an EfficientNet with weights from a file sees; see
            ``BranchSpec``.

    Returns:
        The backbone, frozen, and the ImageNet classifier behind it.

    Raises:
        BackboneWeightsError: the name is unknown or the file does not fit the network.
    """
    spec = _spec_of(name)
    if spec.is_application:
        backbone = _build_application(spec, input_size_px, weights, stem_input)
    else:
        model = spec.build(input_size_px)
        # The shapes are enough here: a bundle or ``load_imagenet_backbone`` brings the values.
        kernel = np.zeros((model.output.shape[-1], 1000), np.float32)
        bias = np.zeros(1000, np.float32)
        top = (DenseLayer(kernel=kernel, bias=bias, activation="softmax"),)
        backbone = Backbone(model=model, imagenet_top=top if spec.weight_file else ())
    backbone.model.trainable = False
    return backbone


def load_imagenet_backbone(
    name: str,
    input_size_px: int,
    *,
    weights_dir: Path | None = None,
    stem_input: StemInput = "as_trained",
) -> Backbone:
    """Build a backbone with its ImageNet weights; nothing falls back to random ones.

    Args:
        name: a backbone that was trained on ImageNet.
        input_size_px: side of the square input in pixels.
        weights_dir: folder with the ``.h5`` files of keras.applications; default the environment
            variable ``LEUKAPP_BACKBONE_DIR``, else keras.applications' own download.
        stem_input: what the stem of an EfficientNet sees; see ``BranchSpec``.

    Returns:
        The backbone with ImageNet weights.

    Raises:
        BackboneWeightsError: the weights cannot be had, with the file that is needed.
    """
    spec = _spec_of(name)
    if not spec.weight_file:
        raise BackboneWeightsError(
            f"backbone {name!r} has no ImageNet weights; train it or take another"
        )
    if spec.is_application:
        found = _find_weights(spec, weights_dir)
        return build_backbone(name, input_size_px, weights=found, stem_input=stem_input)
    backbone = build_backbone(name, input_size_px)
    arrays = read_arrays(SHIPPED_BACKBONES / spec.weight_file)
    kernel, bias = arrays.pop("imagenet/kernel"), arrays.pop("imagenet/bias")
    set_model_arrays(backbone.model, arrays)
    top = (DenseLayer(kernel=kernel, bias=bias, activation="softmax"),)
    return Backbone(model=backbone.model, imagenet_top=top)


def build_cell_backbone(input_size_px: int) -> keras.Model:
    """The model that is trained on single cells and not on ImageNet.

    Args:
        input_size_px: side of the square input in pixels.
    """
    shape = (input_size_px, input_size_px, 3)
    return keras.applications.MobileNetV3Large(input_shape=shape, include_top=False, weights=None)


def _spec_of(name: str) -> BackboneSpec:
    if name not in BACKBONES:
        known = ", ".join(BACKBONES)
        raise BackboneWeightsError(f"there is no backbone {name!r}; choose one of {known}")
    return BACKBONES[name]


def _find_weights(spec: BackboneSpec, weights_dir: Path | None) -> Path:
    named = weights_dir or backbone_dir()
    if named:
        path = Path(named) / spec.weight_file
        if not path.is_file():
            raise BackboneWeightsError(
                f"put the ImageNet weight file {spec.weight_file} of keras.applications into "
                f"{Path(named)}"
            )
        return path
    cached = keras_models_dir() / spec.weight_file
    if cached.is_file():
        return cached
    try:
        spec.build(weights="imagenet", include_top=True)
    except Exception as error:  # The download raises a bare Exception.
        raise BackboneWeightsError(
            f"the ImageNet weights could not be downloaded; put the file {spec.weight_file} of "
            f"keras.applications into a folder and name it with --backbone-weights or "
            f"{BACKBONE_DIR_VARIABLE}"
        ) from error
    if not cached.is_file():
        raise BackboneWeightsError(
            f"the folder {cached.parent} cannot be written to; name another with KERAS_HOME"
        )
    return cached


def _build_application(
    spec: BackboneSpec, size_px: int, weights: Path | None, stem_input: StemInput
) -> Backbone:
    image = keras.Input((size_px, size_px, 3), name="image")
    tensor = image
    if spec.needs_rescaling:
        tensor = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(image)
    try:
        model = spec.build(include_top=True, input_tensor=tensor, weights=None)
        if weights is not None:
            model.load_weights(weights)
    except (ValueError, OSError) as error:
        raise BackboneWeightsError(
            f"the file {weights.name if weights else ''} does not hold the ImageNet weights of "
            f"this backbone; replace it by {spec.weight_file} of keras.applications"
        ) from error
    if weights is not None and spec.rescales_twice and stem_input == "as_trained":
        _divide_stem_again(model)
    pooling = [
        layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)
    ][-1]
    cut = keras.Model(image, pooling.input, name=model.name)
    behind = model.layers[model.layers.index(pooling) + 1 :]
    return Backbone(model=cut, imagenet_top=_dense_stack(behind))


def _divide_stem_again(model: keras.Model) -> None:
    """Give the stem the input that an EfficientNet's ImageNet weights were trained on.

    The file's own normalization divides by the deviation's root, the original network divided by
    the deviation. keras.applications makes up for it by one more layer, but only where it loads the
    weights itself (``weights="imagenet"``). Behind that layer is a convolution without bias, so its
    kernel can carry the factor: the network is the same, and a bundle needs no other architecture.
    """
    stem = model.get_layer("stem_conv")
    again = 1 / np.sqrt(np.array(IMAGENET_DEVIATION_RGB))
    kernel = np.asarray(stem.kernel, np.float64) * again[:, None]
    stem.kernel.assign(kernel.astype(np.float32))


def _dense_stack(layers: list[keras.layers.Layer]) -> DenseStack:
    """The classifier behind the pooling as dense layers; its 1x1 convolutions are dense too."""
    stack: list[DenseLayer] = []
    for layer in layers:
        if layer.weights:
            kernel, bias = (np.asarray(value, np.float32) for value in layer.weights)
            activation: Activation = "linear"
            name = getattr(getattr(layer, "activation", None), "__name__", "linear")
            if name == "softmax":
                activation = "softmax"
            stack.append(
                DenseLayer(
                    kernel=kernel.reshape(kernel.shape[-2:]), bias=bias, activation=activation
                )
            )
        elif isinstance(layer, keras.layers.Activation) and stack:
            previous = stack.pop()
            name = layer.activation.__name__
            activation = "softmax" if name == "softmax" else "hard_swish"
            stack.append(
                DenseLayer(kernel=previous.kernel, bias=previous.bias, activation=activation)
            )
    return tuple(stack)
