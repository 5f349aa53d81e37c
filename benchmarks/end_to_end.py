"""The two-stage recipe as the paper states it: every epoch runs the frozen backbones again.

It exists to be compared with: ``leukapp.training`` gives the same heads from features taken once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES
from leukapp.model.backbones import build_backbone
from leukapp.model.presets import FUSION_UNITS, HEAD_UNITS, Preset
from leukapp.model.weights_io import set_model_arrays
from leukapp.training.frozen_backbones import PreparedBackbone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """Augmented images of one part of the data.

    Attributes:
        pixels: float32 (n, size, size, 3), RGB 0-255, enhanced.
        class_indices: int64 (n,).
    """

    pixels: NDArray[np.float32]
    class_indices: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """How long one stage took.

    Attributes:
        stage: ``branch:NAME`` or ``fusion``.
        setup_seconds: building, and what the first epoch took beyond a later one.
        epoch_seconds: median of the epochs after the first, validation included.
        seconds: all of it.
    """

    stage: str
    setup_seconds: float
    epoch_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndToEndRun:
    """What the recipe gave.

    Attributes:
        stages: the time of each stage.
        validation_probabilities: of the fused network, float32 (n, classes).
    """

    stages: tuple[StageTimes, ...]
    validation_probabilities: NDArray[np.float32]


def train_end_to_end(
    preset: Preset,
    backbones: tuple[PreparedBackbone, ...],
    train: Images,
    validation: Images,
    *,
    seed: int,
    report: Callable[[str], None],
) -> EndToEndRun:
    """Train each branch with its frozen backbone in the network, then the fusion with both.

    Args:
        preset: branches (pooled features) and hyperparameters; all input sizes are alike.
        backbones: weights of the backbones.
        train: augmented images to learn from.
        validation: augmented images that choose the epoch.
        seed: of initialization, dropout and order; those of ``train_heads``.
        report: takes a line of progress.
    """
    times: list[StageTimes] = []
    image = keras.Input(train.pixels.shape[1:])
    embeddings = []
    for index, (spec, prepared) in enumerate(zip(preset.branches, backbones, strict=True)):
        started = time.perf_counter()
        backbone = build_backbone(spec.backbone, spec.input_size_px).model
        set_model_arrays(backbone, prepared.arrays)
        backbone.trainable = False
        keras.utils.set_random_seed(seed + index)
        pooled = keras.layers.GlobalAveragePooling2D()(backbone(image, training=False))
        embed = keras.layers.Dense(HEAD_UNITS, activation="relu")
        embedding = embed(pooled)
        dropped = keras.layers.Dropout(preset.hyperparameters.dropout, seed=seed + index)(embedding)
        branch = keras.Model(image, keras.layers.Dense(len(CLASS_NAMES))(dropped))
        times.append(
            _fit(branch, preset, train, validation, f"branch:{spec.name}", started, report)
        )
        embed.trainable = False
        embeddings.append(embedding)
    started = time.perf_counter()
    keras.utils.set_random_seed(seed + len(backbones))
    tensor = keras.layers.Concatenate()(embeddings)
    for units, activation in zip(FUSION_UNITS, ("sigmoid", "relu", "sigmoid"), strict=True):
        tensor = keras.layers.Dense(units, activation=activation)(tensor)
    fused = keras.Model(image, keras.layers.Dense(len(CLASS_NAMES))(tensor))
    times.append(_fit(fused, preset, train, validation, "fusion", started, report))
    logits = fused.predict(
        validation.pixels, batch_size=preset.hyperparameters.batch_size, verbose=0
    )
    return EndToEndRun(
        stages=tuple(times),
        validation_probabilities=np.asarray(keras.ops.softmax(logits), np.float32),
    )


def _fit(  # noqa: PLR0913
    model: keras.Model,
    preset: Preset,
    train: Images,
    validation: Images,
    stage: str,
    started: float,
    report: Callable[[str], None],
) -> StageTimes:
    settings = preset.hyperparameters
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # Convolutions compiled by XLA are far slower on a processor than TensorFlow's own.
        jit_compile=False,
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience, restore_best_weights=True
    )
    ends: list[float] = []

    def note_end(epoch: int, logs: dict[str, float]) -> None:
        ends.append(time.perf_counter())
        report(f"end to end, {stage}: epoch {epoch + 1}/{settings.n_epochs}, {logs['loss']:.4f}")

    model.fit(
        train.pixels,
        train.class_indices,
        validation_data=(validation.pixels, validation.class_indices),
        batch_size=settings.batch_size,
        epochs=settings.n_epochs,
        callbacks=[stopping, keras.callbacks.LambdaCallback(on_epoch_end=note_end)],
        verbose=0,
    )
    epoch_seconds = float(np.median(np.diff(ends)))
    return StageTimes(
        stage=stage,
        setup_seconds=ends[0] - started - epoch_seconds,
        epoch_seconds=epoch_seconds,
        seconds=time.perf_counter() - started,
    )
