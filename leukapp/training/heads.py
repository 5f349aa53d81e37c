"""Both training stages on frozen features: a head for each branch, then the fusion.

Source: the paper's stage 1 and 2 (DESIGN section 1). Because backbones are frozen, an epoch runs on
features and not on images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseLayer, DenseStack, FloatArray
from leukapp.model.presets import FUSION_UNITS, HEAD_UNITS, Hyperparameters


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingItems:
    """Features with their labels.

    Attributes:
        features: float32 (n, features).
        class_indices: int64 (n,).
        weights: float32 (n,): weight of each item in the loss.
    """

    features: FloatArray
    class_indices: NDArray[np.int64]
    weights: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCurve:
    """Loss and accuracy an epoch.

    Attributes:
        stage: ``branch:NAME`` or ``fusion``.
        loss: of training items.
        validation_loss: of validation items.
        validation_accuracy: 0-1.
        best_epoch: the epoch (from 0) whose weights were kept.
    """

    stage: str
    loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    best_epoch: int


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


def train_branch_head(
    train: TrainingItems,
    validation: TrainingItems,
    *,
    name: str,
    hyperparameters: Hyperparameters,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
) -> TrainedBranchHead:
    """Stage 1: Dense 1024 ReLU, dropout, Dense softmax on what a backbone hands on.

    Args:
        train: items of the training part.
        validation: items that stop the training and choose the epoch.
        name: of the branch, for the loss curve.
        hyperparameters: of the preset.
        seed: of initialization, dropout and order.
        report: takes a line of progress.

    Returns:
        Embedding, classifier (linear) and loss curve.
    """
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((train.features.shape[1],))
    embed = keras.layers.Dense(HEAD_UNITS, activation="relu")
    classify = keras.layers.Dense(len(CLASS_NAMES))
    dropped = keras.layers.Dropout(hyperparameters.dropout, seed=seed)(embed(inputs))
    model = keras.Model(inputs, classify(dropped))
    curve = _fit(model, train, validation, f"branch:{name}", hyperparameters, report)
    return TrainedBranchHead(
        embed=(_to_layer(embed),), classify=(_to_layer(classify),), curve=curve
    )


def train_fusion(
    train: TrainingItems,
    validation: TrainingItems,
    *,
    hyperparameters: Hyperparameters,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
) -> TrainedFusion:
    """Stage 2: the meta-classifier on the concatenated, frozen embeddings.

    Args:
        train: items with concatenated embeddings as features.
        validation: items that stop the training and choose the epoch.
        hyperparameters: of the preset.
        seed: of initialization and order.
        report: takes a line of progress.

    Returns:
        The fusion (linear at its end) and its loss curve.
    """
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((train.features.shape[1],))
    layers = [
        keras.layers.Dense(units, activation=activation)
        for units, activation in zip(FUSION_UNITS, ("sigmoid", "relu", "sigmoid"), strict=True)
    ]
    layers.append(keras.layers.Dense(len(CLASS_NAMES)))
    tensor = inputs
    for layer in layers:
        tensor = layer(tensor)
    curve = _fit(keras.Model(inputs, tensor), train, validation, "fusion", hyperparameters, report)
    return TrainedFusion(fusion=tuple(_to_layer(layer) for layer in layers), curve=curve)


def _fit(
    model: keras.Model,
    train: TrainingItems,
    validation: TrainingItems,
    stage: str,
    hyperparameters: Hyperparameters,
    report: Callable[[str], None],
) -> LossCurve:
    model.compile(
        optimizer=keras.optimizers.Adam(hyperparameters.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=hyperparameters.patience, restore_best_weights=True
    )
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: report(
            f"{stage} epoch {epoch + 1}/{hyperparameters.n_epochs}: loss {logs['loss']:.4f}, "
            f"validation {logs['val_loss']:.4f}"
        )
    )
    history = model.fit(
        train.features,
        train.class_indices,
        sample_weight=train.weights,
        validation_data=(validation.features, validation.class_indices, validation.weights),
        batch_size=hyperparameters.batch_size,
        epochs=hyperparameters.n_epochs,
        callbacks=[stopping, progress],
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
