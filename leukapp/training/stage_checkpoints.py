"""Finished stages of a training on disk, so that a killed training does not repeat them.

A stage is keyed by everything it depends on (features, labels, weights, hyperparameters, seed), so
that a copy is taken only where training again would give the same.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leukapp.json_files import from_json, to_json
from leukapp.labels import CLASS_NAMES
from leukapp.model.artifacts import LossCurve
from leukapp.model.dense import Activation, DenseLayer, DenseStack, FloatArray
from leukapp.model.presets import Hyperparameters
from leukapp.model.weights_io import ARCHIVE_ERRORS
from leukapp.whole_files import whole_file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingItems:
    """Features with their labels.

    Attributes:
        features: float32 (n, features).
        class_indices: int64 (n,).
        weights: float32 (n,): weight of each item in the loss.
        n_classes: that the heads tell apart, also those without an item.
    """

    features: FloatArray
    class_indices: NDArray[np.int64]
    weights: FloatArray
    n_classes: int = len(CLASS_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinishedStage:
    """Layers of a trained stage, in order, and how its training went."""

    layers: DenseStack
    curve: LossCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What is kept of a stage beside its arrays."""

    curve: LossCurve
    activations: tuple[Activation, ...]


def stage_key(
    stage: str,
    train: TrainingItems,
    validation: TrainingItems,
    *,
    hyperparameters: Hyperparameters,
    seed: int,
) -> str:
    """Hash of everything that the result of a stage depends on.

    Args:
        stage: its name.
        train: items of the training part.
        validation: items of the validation part.
        hyperparameters: of the preset.
        seed: of the stage.
    """
    recipe = json.dumps([stage, asdict(hyperparameters), seed, train.n_classes], sort_keys=True)
    digest = hashlib.sha256(recipe.encode())
    for items in (train, validation):
        for array in (items.features, items.class_indices, items.weights):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]


def write_stage(folder: Path, key: str, finished: FinishedStage) -> None:
    """Keep a finished stage, in full precision, under a temporary name first."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[np.float32]] = {}
    for index, layer in enumerate(finished.layers):
        arrays[f"{index}.kernel"], arrays[f"{index}.bias"] = layer.kernel, layer.bias
    activations = [layer.activation for layer in finished.layers]
    about = to_json(_About(curve=finished.curve, activations=tuple(activations)))
    with whole_file(folder / f"{key}.npz") as partial, partial.open("wb") as stream:
        np.savez(stream, about=np.array(about), **arrays)  # type: ignore[arg-type]


def read_stage(folder: Path, key: str) -> FinishedStage | None:
    """The finished stage of this key, or None where there is none that can be read."""
    try:
        with np.load(folder / f"{key}.npz", allow_pickle=False) as archive:
            about = from_json(_About, str(archive["about"]))
            layers = tuple(
                DenseLayer(
                    kernel=archive[f"{index}.kernel"],
                    bias=archive[f"{index}.bias"],
                    activation=activation,
                )
                for index, activation in enumerate(about.activations)
            )
    except ARCHIVE_ERRORS:
        # Training the stage again is always right; a half-written copy is no reason to stop.
        return None
    return FinishedStage(layers=layers, curve=about.curve)
