"""The backbones that a branch may have: a new one is one more entry here. Imports no Keras."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_KERAS: Final = "keras.applications:"
_SUFFIX: Final = "weights_tf_dim_ordering_tf_kernels.h5"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneSpec:
    """How a backbone is built, and what its ImageNet weights are.

    Attributes:
        title: its name as people write it.
        builder: where its constructor stands, ``module:function``. One of keras.applications gives
            the whole network; another takes the side of the input in pixels and gives the backbone.
        weight_file: holds the ImageNet weights with the classifier: the ``.h5`` file as
            keras.applications calls it, else an ``.npz`` file in ``weights/backbones``; empty for
            a backbone that was not trained on ImageNet.
        needs_rescaling: it expects input in -1 to 1 and does not rescale by itself; the others take
            0-255.
        rescales_twice: its ImageNet weights were trained on an input that is divided by the root of
            the deviation a second time; see ``_divide_stem_again`` of ``leukapp.model.backbones``.
    """

    title: str
    builder: str
    weight_file: str
    needs_rescaling: bool = False
    rescales_twice: bool = False

    @property
    def is_application(self) -> bool:
        """Whether keras.applications builds it."""
        return self.builder.startswith(_KERAS)

    @property
    def build(self) -> Callable[..., Any]:
        """Its constructor."""
        module, _, function = self.builder.partition(":")
        constructor: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return constructor


BACKBONES: Final = {
    "efficientnet_lite2": BackboneSpec(
        title="EfficientNet-Lite2",
        builder="leukapp.model.efficientnet_lite:build_efficientnet_lite2",
        weight_file="efficientnet_lite2.npz",
    ),
    "mobilenetv3large_cells": BackboneSpec(
        title="MobileNetV3-Large",
        builder="leukapp.model.backbones:build_cell_backbone",
        weight_file="",
    ),
    "xception": BackboneSpec(
        title="Xception",
        builder=f"{_KERAS}Xception",
        weight_file=f"xception_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "nasnetlarge": BackboneSpec(
        title="NASNetLarge",
        builder=f"{_KERAS}NASNetLarge",
        weight_file="NASNet-large.h5",
        needs_rescaling=True,
    ),
    "inceptionv3": BackboneSpec(
        title="InceptionV3",
        builder=f"{_KERAS}InceptionV3",
        weight_file=f"inception_v3_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "resnet50v2": BackboneSpec(
        title="ResNet50V2",
        builder=f"{_KERAS}ResNet50V2",
        weight_file=f"resnet50v2_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "resnet101v2": BackboneSpec(
        title="ResNet101V2",
        builder=f"{_KERAS}ResNet101V2",
        weight_file=f"resnet101v2_{_SUFFIX}",
        needs_rescaling=True,
    ),
    "efficientnetb6": BackboneSpec(
        title="EfficientNetB6",
        builder=f"{_KERAS}EfficientNetB6",
        weight_file="efficientnetb6.h5",
        rescales_twice=True,
    ),
    "efficientnetb7": BackboneSpec(
        title="EfficientNetB7",
        builder=f"{_KERAS}EfficientNetB7",
        weight_file="efficientnetb7.h5",
        rescales_twice=True,
    ),
    "mobilenetv3large": BackboneSpec(
        title="MobileNetV3-Large",
        builder=f"{_KERAS}MobileNetV3Large",
        weight_file="weights_mobilenet_v3_large_224_1.0_float.h5",
    ),
}
