"""Frozen trunks of a preset: where their weights come from, and running them fast."""

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
from leukapp.training.feature_cache import ForwardFunction, FrozenTrunk, trunk_key

if TYPE_CHECKING:
    import keras

CELL_BACKBONE = "mobilenetv3large_cells"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTrunk:
    """A trunk with its weights.

    Attributes:
        arrays: weights as a bundle stores them.
        imagenet_top: its ImageNet classifier; empty if it has none.
        frozen: ready to run.
    """

    arrays: Arrays
    imagenet_top: DenseStack
    frozen: FrozenTrunk


def prepare_trunk(
    spec: BranchSpec, *, weights_dir: Path | None, cell_arrays: Callable[[], Arrays]
) -> PreparedTrunk:
    """Get a trunk's weights and compile it.

    Args:
        spec: of the branch.
        weights_dir: folder of keras.applications ``.h5`` files, or None.
        cell_arrays: gives the weights of the cell backbone; called only if the branch wants it.

    Raises:
        BackboneWeightsError: ImageNet weights cannot be had.
    """
    if spec.backbone == CELL_BACKBONE:
        backbone = build_backbone(spec.backbone, spec.input_size_px)
        set_model_arrays(backbone.trunk, cell_arrays())
    else:
        backbone = load_imagenet_backbone(
            spec.backbone,
            spec.input_size_px,
            weights_dir=weights_dir,
            stem_input=spec.stem_input,
        )
    return _freeze(spec, backbone, model_arrays(backbone.trunk))


def prepare_changed_trunk(
    spec: BranchSpec, arrays: Arrays, imagenet_top: DenseStack
) -> PreparedTrunk:
    """Compile a trunk whose weights were fine-tuned.

    Args:
        spec: of the branch.
        arrays: weights of the trunk.
        imagenet_top: its ImageNet classifier, fine-tuned too; empty if it has none.
    """
    trunk = build_backbone(spec.backbone, spec.input_size_px).trunk
    return _freeze(spec, Backbone(trunk=trunk, imagenet_top=imagenet_top), arrays)


def _freeze(spec: BranchSpec, backbone: Backbone, arrays: Arrays) -> PreparedTrunk:
    # Features are taken with the half-precision weights that the bundle will hold.
    arrays = {name: _as_stored(values) for name, values in arrays.items()}
    set_model_arrays(backbone.trunk, arrays)
    forward = _on_device(backbone.trunk) if has_cuda() else _on_processor(backbone.trunk)
    key = trunk_key(spec.backbone, spec.input_size_px, arrays)
    frozen = FrozenTrunk(key=key, input_size_px=spec.input_size_px, forward=forward)
    return PreparedTrunk(arrays=arrays, imagenet_top=backbone.imagenet_top, frozen=frozen)


def _on_processor(trunk: "keras.Model") -> ForwardFunction:
    compiled = compile_network(convert_network(trunk))

    def forward(batch: FloatArray) -> FloatArray:
        return np.asarray(compiled(batch)[0], np.float32)

    return forward


def _on_device(trunk: "keras.Model") -> ForwardFunction:
    def forward(batch: FloatArray) -> FloatArray:
        return np.asarray(trunk.predict_on_batch(batch), np.float32)

    return forward


def _as_stored(values: FloatArray) -> FloatArray:
    return np.asarray(halve(values), np.float32)
