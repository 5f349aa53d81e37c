"""Backbones: convolutional trunks up to their last activation, and their ImageNet classifiers.

A trunk maps float32 (n, size, size, 3), RGB 0-255, to the last convolutional activation
(n, map, map, channels); whatever rescaling the backbone wants is its first layer. Behind the trunk
every backbone here has global average pooling and dense layers only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np

from leukapp.errors import BackboneWeightsError
from leukapp.model.dense import Activation, DenseLayer, DenseStack
from leukapp.model.efficientnet_lite import build_efficientnet_lite2
from leukapp.model.presets import StemInput
from leukapp.model.weights_io import read_arrays, set_model_arrays
from leukapp.resources import (
    BACKBONE_DIR_VARIABLE,
    LITE2_FILE,
    backbone_dir,
    keras_models_dir,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """A built backbone.

    Attributes:
        trunk: image batch to last convolutional activation.
        imagenet_top: dense layers from the pooled activation to 1000 ImageNet probabilities; empty
            for a backbone that was not trained on ImageNet.
    """

    trunk: keras.Model
    imagenet_top: DenseStack


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSpec:
    """A network of keras.applications.

    Attributes:
        build: its constructor.
        weight_file: name of the ImageNet file (with classifier) as keras.applications calls it.
        needs_rescaling: it expects input in -1 to 1 and does not rescale by itself.
        rescales_twice: its ImageNet weights were trained on an input that is divided by the root of
            the deviation a second time (see :func:`_divide_stem_again`).
    """

    build: Callable[..., keras.Model]
    weight_file: str
    needs_rescaling: bool
    rescales_twice: bool = False


_SUFFIX: Final = "weights_tf_dim_ordering_tf_kernels.h5"
APPLICATIONS: Final = {
    "xception": ApplicationSpec(
        build=keras.applications.Xception,
        weight_file=f"xception_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "nasnetlarge": ApplicationSpec(
        build=keras.applications.NASNetLarge,
        weight_file="NASNet-large.h5",
        needs_rescaling=True,
    ),
    "inceptionv3": ApplicationSpec(
        build=keras.applications.InceptionV3,
        weight_file=f"inception_v3_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "resnet50v2": ApplicationSpec(
        build=keras.applications.ResNet50V2,
        weight_file=f"resnet50v2_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "resnet101v2": ApplicationSpec(
        build=keras.applications.ResNet101V2,
        weight_file=f"resnet101v2_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "efficientnetb6": ApplicationSpec(
        build=keras.applications.EfficientNetB6,
        weight_file="efficientnetb6.h5",
        needs_rescaling=False,
        rescales_twice=True,
    ),
    "efficientnetb7": ApplicationSpec(
        build=keras.applications.EfficientNetB7,
        weight_file="efficientnetb7.h5",
        needs_rescaling=False,
        rescales_twice=True,
    ),
    "mobilenetv3large": ApplicationSpec(
        build=keras.applications.MobileNetV3Large,
        weight_file="weights_mobilenet_v3_large_224_1.0_float.h5",
        needs_rescaling=False,
    ),
}


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
        name: ``efficientnet_lite2``, ``mobilenetv3large_cells`` or a key of ``APPLICATIONS``.
        input_size_px: side of the square input in pixels.
        weights: a keras ``.h5`` file of a keras.applications network with its classifier; None
            leaves random weights, for a bundle or a training to overwrite.
        stem_input: what the stem of an EfficientNet with weights from a file sees; see
            ``BranchSpec``.

    Returns:
        The trunk, frozen, and the ImageNet classifier behind it.

    Raises:
        BackboneWeightsError: the name is unknown or the file does not fit the network.
    """
    if name == "efficientnet_lite2":
        trunk = build_efficientnet_lite2(input_size_px)
        # The shapes are enough here: a bundle or ``load_imagenet_backbone`` brings the values.
        top = (
            DenseLayer(
                kernel=np.zeros((1280, 1000), np.float32),
                bias=np.zeros(1000, np.float32),
                activation="softmax",
            ),
        )
        backbone = Backbone(trunk=trunk, imagenet_top=top)
    elif name == "mobilenetv3large_cells":
        trunk = keras.applications.MobileNetV3Large(
            input_shape=(input_size_px, input_size_px, 3), include_top=False, weights=None
        )
        backbone = Backbone(trunk=trunk, imagenet_top=())
    elif name in APPLICATIONS:
        backbone = _build_application(APPLICATIONS[name], input_size_px, weights, stem_input)
    else:
        known = ", ".join(["efficientnet_lite2", "mobilenetv3large_cells", *APPLICATIONS])
        raise BackboneWeightsError(f"there is no backbone {name!r}; choose one of {known}")
    backbone.trunk.trainable = False
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
    if name == "efficientnet_lite2":
        backbone = build_backbone(name, input_size_px)
        arrays = read_arrays(LITE2_FILE)
        kernel, bias = arrays.pop("imagenet/kernel"), arrays.pop("imagenet/bias")
        set_model_arrays(backbone.trunk, arrays)
        top = (DenseLayer(kernel=kernel, bias=bias, activation="softmax"),)
        return Backbone(trunk=backbone.trunk, imagenet_top=top)
    if name not in APPLICATIONS:
        raise BackboneWeightsError(
            f"backbone {name!r} has no ImageNet weights; train it or take another"
        )
    spec = APPLICATIONS[name]
    return build_backbone(
        name,
        input_size_px,
        weights=_find_weights(spec, weights_dir),
        stem_input=stem_input,
    )


def _find_weights(spec: ApplicationSpec, weights_dir: Path | None) -> Path:
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
    spec: ApplicationSpec, size_px: int, weights: Path | None, stem_input: StemInput
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
    trunk = keras.Model(image, pooling.input, name=model.name)
    behind = model.layers[model.layers.index(pooling) + 1 :]
    return Backbone(trunk=trunk, imagenet_top=_dense_stack(behind))


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
