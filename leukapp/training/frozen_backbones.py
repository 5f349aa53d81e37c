"""Frozen backbones of a preset: where their weights come from, and running them fast."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leukapp.inference.cuda import has_cuda
from leukapp.inference.openvino_engine import compile_network, convert_network
from leukapp.model.backbones import Backbone, build_backbone, load_imagenet_backbone
from leukapp.model.dense import DenseStack, FloatArray
from leukapp.model.presets import BranchSpec
from leukapp.model.weights_io import Arrays, halve, model_arrays, set_model_arrays
from leukapp.training.feature_cache import ForwardFunction, FrozenBackbone, backbone_key

if TYPE_CHECKING:
    import keras

CELL_BACKBONE = "mobilenetv3large_cells"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedBackbone:
    """A backbone with its weights.

    Attributes:
        arrays: weights as a bundle stores them.
        imagenet_top: its ImageNet classifier; empty if it has none.
        frozen: ready to run.
    """

    arrays: Arrays
    imagenet_top: DenseStack
    frozen: FrozenBackbone


def prepare_backbone(
    spec: BranchSpec, *, weights_dir: Path | None, cell_arrays: Callable[[], Arrays]
) -> PreparedBackbone:
    """Get a backbone's weights and compile it.

    Args:
        spec: of the branch.
        weights_dir: folder of keras.applications ``.h5`` files, or None.
        cell_arrays: gives the weights of the cell backbone; called only if the branch wants it.

    Raises:
        BackboneWeightsError: ImageNet weights cannot be had.
    """
    if spec.backbone == CELL_BACKBONE:
        backbone = build_backbone(spec.backbone, spec.input_size_px)
        set_model_arrays(backbone.model, cell_arrays())
    else:
        backbone = load_imagenet_backbone(
            spec.backbone,
            spec.input_size_px,
            weights_dir=weights_dir,
            stem_input=spec.stem_input,
        )
    return _freeze(spec, backbone, model_arrays(backbone.model))


def prepare_changed_backbone(
    spec: BranchSpec, arrays: Arrays, imagenet_top: DenseStack
) -> PreparedBackbone:
    """Compile a backbone whose weights were fine-tuned.

    Args:
        spec: of the branch.
        arrays: weights of the backbone.
        imagenet_top: its ImageNet classifier, fine-tuned too; empty if it has none.
    """
    model = build_backbone(spec.backbone, spec.input_size_px).model
    return _freeze(spec, Backbone(model=model, imagenet_top=imagenet_top), arrays)


def _freeze(spec: BranchSpec, backbone: Backbone, arrays: Arrays) -> PreparedBackbone:
    # Features are taken with the half-precision weights that the bundle will hold.
    arrays = {name: _as_stored(values) for name, values in arrays.items()}
    set_model_arrays(backbone.model, arrays)
    forward = _on_device(backbone.model) if has_cuda() else _on_processor(backbone.model)
    key = backbone_key(spec.backbone, spec.input_size_px, arrays)
    frozen = FrozenBackbone(key=key, input_size_px=spec.input_size_px, forward=forward)
    return PreparedBackbone(arrays=arrays, imagenet_top=backbone.imagenet_top, frozen=frozen)


def _on_processor(model: "keras.Model") -> ForwardFunction:
    compiled = compile_network(convert_network(model))

    def forward(batch: FloatArray) -> FloatArray:
        return np.asarray(compiled(batch)[0], np.float32)

    return forward


def _on_device(model: "keras.Model") -> ForwardFunction:
    def forward(batch: FloatArray) -> FloatArray:
        return np.asarray(model.predict_on_batch(batch), np.float32)

    return forward


def _as_stored(values: FloatArray) -> FloatArray:
    return np.asarray(halve(values), np.float32)
