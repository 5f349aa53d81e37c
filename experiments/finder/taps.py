"""The frozen part of the finder, and the finder put together for judging."""

from collections.abc import Callable

import keras
import numpy as np
import openvino
from numpy.typing import NDArray

from experiments.finder.targets import CANVAS_PX
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.inference.finder_engine import compile_finder
from leukapp.inference.openvino_engine import convert_network
from leukapp.model.backbones import load_imagenet_backbone
from leukapp.model.bundle import FinderWeights
from leukapp.model.efficientnet_lite import build_efficientnet_lite2
from leukapp.model.finder_network import TAPS
from leukapp.model.weights_io import Arrays, model_arrays, set_model_arrays

FeatureMaps = tuple[NDArray[np.float32], ...]


def compile_taps() -> Callable[[NDArray[np.float32]], FeatureMaps]:
    """The frozen part for training: float32 (n, side, side, 3), RGB 0-255, to its maps."""
    backbone = build_efficientnet_lite2(CANVAS_PX)
    set_model_arrays(backbone, _imagenet_arrays())
    tapped = keras.Model(backbone.input, [backbone.get_layer(name).output for name, _, _ in TAPS])
    compiled = openvino.Core().compile_model(convert_network(tapped), "CPU")

    def run(batch: NDArray[np.float32]) -> FeatureMaps:
        maps = compiled(batch)
        return tuple(np.asarray(maps[f"output_{depth}"]) for depth in range(len(TAPS)))

    return run


def open_trained_finder(head: Arrays) -> LearnedFinder:
    """A finder with a trained head, ready to look at images."""
    return compile_finder(FinderWeights(backbone=_imagenet_arrays(), head=head))


def _imagenet_arrays() -> Arrays:
    return model_arrays(load_imagenet_backbone("efficientnet_lite2", 224, weights_dir=None).model)
