"""Both training stages on frozen features: a head for each branch, then the fusion.

Source: the paper's stage 1 and 2 (DESIGN section 1). Because backbones are frozen, an epoch runs on
features and not on images.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import keras
import numpy as np

from leukapp.model.artifacts import LossCurve
from leukapp.model.dense import Activation, DenseLayer, DenseStack, FloatArray
from leukapp.model.presets import FUSION_UNITS, HEAD_UNITS, Hyperparameters
from leukapp.training.progress import Progress
from leukapp.training.stage_checkpoints import (
    FinishedStage,
    TrainingItems,
    read_stage,
    stage_key,
    write_stage,
)

STEPS_AT_ONCE: Final = 16
"""Steps that TensorFlow runs without returning to Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """How the stages of one training are run.

    Attributes:
        hyperparameters: of the preset.
        seed: of initialization, dropout and order.
        checkpoint_dir: keeps finished stages, so that a killed training goes on; None keeps none.
        report: takes a line of progress.
    """

    hyperparameters: Hyperparameters
    seed: int
    checkpoint_dir: Path | None = None
    report: Callable[[str], None] = lambda _line: None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedBranchHead:
    """The result of stage 1."""

    embed: DenseStack
    classify: DenseStack
    curve: LossCurve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedFusion:
    """The result of stage 2."""

    fusion: DenseStack
    curve: LossCurve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scaling:
    """Mean and deviation of each feature, float32 (features,)."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> "_Scaling":
        # A feature that is always the same must not be blown up.
        return cls(mean=features.mean(axis=0), deviation=features.std(axis=0) + np.float32(1e-3))

    def scale(self, items: TrainingItems) -> TrainingItems:
        return replace(items, features=(items.features - self.mean) / self.deviation)

    def taken_into(self, layer: DenseLayer) -> DenseLayer:
        """The layer that gives on plain features what this one gives on scaled ones."""
        kernel = layer.kernel / self.deviation[:, None]
        return replace(layer, kernel=kernel, bias=layer.bias - self.mean @ kernel)


def train_branch_head(
    train: TrainingItems, validation: TrainingItems, *, name: str, run: StageRun
) -> TrainedBranchHead:
    """Stage 1: Dense 1024 ReLU, dropout, Dense softmax on what a backbone hands on.

    Args:
        train: items of the training part.
        validation: items that stop the training and choose the epoch.
        name: of the branch, for the loss curve.
        run: settings.

    Returns:
        Embedding, classifier (linear) and loss curve.
    """
    scaling = None
    if run.hyperparameters.standardize:
        scaling = _Scaling.of(train.features)
        train, validation = scaling.scale(train), scaling.scale(validation)
    finished = _train_stage(
        f"branch:{name}",
        train,
        validation,
        layers=((HEAD_UNITS, "relu"), (train.n_classes, "linear")),
        run=run,
        dropout=run.hyperparameters.dropout,
    )
    embed, classify = finished.layers
    if scaling is not None:
        embed = scaling.taken_into(embed)
    return TrainedBranchHead(embed=(embed,), classify=(classify,), curve=finished.curve)


def train_fusion(
    train: TrainingItems, validation: TrainingItems, *, run: StageRun, name: str = "fusion"
) -> TrainedFusion:
    """Stage 2: the meta-classifier on the concatenated, frozen embeddings.

    Args:
        train: items with concatenated embeddings as features (one branch's alone, for ablation).
        validation: items that stop the training and choose the epoch.
        run: settings; there is no dropout in this stage.
        name: of the stage, for the loss curve.

    Returns:
        The fusion (linear at its end) and its loss curve.
    """
    activations: tuple[Activation, ...] = ("sigmoid", "relu", "sigmoid", "linear")
    units = (*FUSION_UNITS, train.n_classes)
    finished = _train_stage(
        name, train, validation, layers=tuple(zip(units, activations, strict=True)), run=run
    )
    return TrainedFusion(fusion=finished.layers, curve=finished.curve)


def _train_stage(
    stage: str,
    train: TrainingItems,
    validation: TrainingItems,
    *,
    layers: tuple[tuple[int, Activation], ...],
    run: StageRun,
    dropout: float = 0.0,
) -> FinishedStage:
    """Train dense layers, or take the copy that a killed training left.

    Dropout stands in front of the last layer.
    """
    key = stage_key(stage, train, validation, hyperparameters=run.hyperparameters, seed=run.seed)
    if run.checkpoint_dir is not None:
        kept = read_stage(run.checkpoint_dir, key)
        if kept is not None:
            run.report(f"{stage}: taken from an earlier run")
            return kept
    keras.utils.set_random_seed(run.seed)
    inputs = keras.Input((train.features.shape[1],))
    dense = [keras.layers.Dense(units, activation=activation) for units, activation in layers]
    tensor = inputs
    for layer in dense:
        if dropout and layer is dense[-1]:
            tensor = keras.layers.Dropout(dropout, seed=run.seed)(tensor)
        tensor = layer(tensor)
    curve = _fit(keras.Model(inputs, tensor), train, validation, stage, run)
    finished = FinishedStage(layers=tuple(_to_layer(layer) for layer in dense), curve=curve)
    if run.checkpoint_dir is not None:
        write_stage(run.checkpoint_dir, key, finished)
    return finished


def _fit(
    model: keras.Model,
    train: TrainingItems,
    validation: TrainingItems,
    stage: str,
    run: StageRun,
) -> LossCurve:
    settings = run.hyperparameters
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        weighted_metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        steps_per_execution=STEPS_AT_ONCE,
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience, restore_best_weights=True
    )
    progress = Progress(f"{stage} epochs", run.report)
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: progress.step(
            epoch + 1,
            settings.n_epochs,
            f"loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}",
        )
    )
    one_of = np.eye(train.n_classes, dtype=np.float32)
    history = model.fit(
        train.features,
        one_of[train.class_indices],
        sample_weight=train.weights,
        validation_data=(
            validation.features,
            one_of[validation.class_indices],
            validation.weights,
        ),
        batch_size=settings.batch_size,
        epochs=settings.n_epochs,
        callbacks=[stopping, told],
        verbose=0,
    ).history
    return LossCurve(
        stage=stage,
        loss=tuple(history["loss"]),
        validation_loss=tuple(history["val_loss"]),
        validation_accuracy=tuple(history["val_accuracy"]),
        best_epoch=int(np.argmin(history["val_loss"])),
    )


def _to_layer(layer: keras.layers.Dense) -> DenseLayer:
    kernel, bias = layer.get_weights()
    return DenseLayer(kernel=kernel, bias=bias, activation=layer.activation.__name__)
