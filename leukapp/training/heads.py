"""Both training stages on frozen features: a head for each branch, then the fusion.

Source: the paper's stage 1 and 2 (DESIGN section 1). Because backbones are frozen, an epoch runs on
features and not on images. A finished stage is kept on disk, keyed by everything it depends on
(features, labels, weights, hyperparameters, seed), so that a killed training does not repeat it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from leukapp.json_files import from_json, to_json
from leukapp.model.artifacts import LossCurve
from leukapp.model.dense import Activation, DenseLayer, DenseStack, FloatArray, forward
from leukapp.model.fusion import BranchHead, Heads
from leukapp.model.presets import FUSION_UNITS, HEAD_UNITS, Hyperparameters, Preset
from leukapp.model.weights_io import ARCHIVE_ERRORS
from leukapp.training.corpus import PooledItems
from leukapp.training.progress import Progress
from leukapp.whole_files import whole_file

STEPS_AT_ONCE: Final = 16
"""Steps that TensorFlow runs without returning to Python."""

STAGE_VERSION: Final = 2
"""Raise it with every change of what a training gives on the same items."""

PART_STEPS_AT_ONCE: Final = 4
"""The same where an epoch has few steps."""


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
class TrainedStage:
    """Layers of a trained stage, in order and linear at their end, and how its training went."""

    layers: DenseStack
    curve: LossCurve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedHeads:
    """Heads with the loss curves of their training.

    Attributes:
        heads: of every branch, and the fusion.
        curves: of every stage.
        alone: for each branch a meta-classifier trained on its embedding alone (the ablation);
            empty if not asked for.
    """

    heads: Heads
    curves: tuple[LossCurve, ...]
    alone: tuple[DenseStack, ...] = ()


def train_heads(  # noqa: PLR0913
    preset: Preset,
    imagenet_tops: tuple[DenseStack, ...],
    train: PooledItems,
    validation: PooledItems,
    *,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
    checkpoint_dir: Path | None = None,
    with_ablation: bool = False,
) -> TrainedHeads:
    """Train stage 1 for each branch, then stage 2 on their frozen embeddings.

    Args:
        preset: branches and hyperparameters.
        imagenet_tops: ImageNet classifier of each backbone, for branches that hand its output on.
        train: items of the training part.
        validation: items that stop the training.
        seed: of everything random.
        report: takes a line of progress.
        checkpoint_dir: keeps finished stages, so that a killed training goes on.
        with_ablation: also train a meta-classifier on each branch alone.

    Returns:
        All heads; a preset of one branch has no fusion.
    """
    run = StageRun(
        hyperparameters=preset.hyperparameters,
        seed=seed,
        checkpoint_dir=checkpoint_dir,
        report=report,
    )
    parts = (train, validation)
    heads: list[BranchHead] = []
    curves: list[LossCurve] = []
    embedded: list[list[FloatArray]] = []
    for index, (spec, imagenet_top) in enumerate(zip(preset.branches, imagenet_tops, strict=True)):
        top = imagenet_top if spec.hands_on == "imagenet_probabilities" else ()
        handed_on = [forward(top, items.pooled[index]) for items in parts]
        stage = train_branch_head(
            train.with_features(handed_on[0]),
            validation.with_features(handed_on[1]),
            name=spec.name,
            run=replace(run, seed=seed + index),
        )
        embed, classify = stage.layers[:1], stage.layers[1:]
        curves.append(stage.curve)
        heads.append(BranchHead(imagenet_top=top, embed=embed, classify=classify))
        embedded.append([forward(embed, features) for features in handed_on])
    trained = Heads(
        branches=tuple(heads),
        fusion=(),
        late_fusion=preset.late_fusion if len(heads) > 1 else 0.0,
        class_names=train.class_names,
    )
    if len(heads) == 1:
        return TrainedHeads(heads=trained, curves=tuple(curves))
    stage2 = replace(run, seed=seed + len(heads))

    def fuse(features: list[FloatArray], name: str) -> TrainedStage:
        of_train, of_validation = features
        return train_fusion(
            train.with_features(of_train),
            validation.with_features(of_validation),
            run=stage2,
            name=name,
        )

    joined = [np.concatenate(features, axis=1) for features in zip(*embedded, strict=True)]
    fusion = fuse(joined, "fusion")
    alone = [
        fuse(features, f"alone:{spec.name}")
        for spec, features in zip(preset.branches, embedded, strict=True)
        if with_ablation
    ]
    return TrainedHeads(
        heads=replace(trained, fusion=fusion.layers),
        curves=(*curves, *(stage.curve for stage in alone), fusion.curve),
        alone=tuple(stage.layers for stage in alone),
    )


def train_branch_head(
    train: PooledItems, validation: PooledItems, *, name: str, run: StageRun
) -> TrainedStage:
    """Stage 1: Dense 1024 ReLU, dropout, Dense softmax on what a backbone hands on.

    Args:
        train: items of the training part.
        validation: items that stop the training and choose the epoch.
        name: of the branch, for the loss curve.
        run: settings.

    Returns:
        Two layers, the embedding and the classifier.
    """

    def run_stage(train: PooledItems, validation: PooledItems) -> TrainedStage:
        return _train_stage(
            f"branch:{name}",
            train,
            validation,
            layers=((HEAD_UNITS, "relu"), (train.n_classes, "linear")),
            run=run,
            dropout=run.hyperparameters.dropout,
        )

    if not run.hyperparameters.standardize:
        return run_stage(train, validation)
    # A feature that is always the same must not be blown up.
    mean = train.features.mean(axis=0)
    deviation = train.features.std(axis=0) + np.float32(1e-3)
    stage = run_stage(
        train.with_features((train.features - mean) / deviation),
        validation.with_features((validation.features - mean) / deviation),
    )
    # The embedding gives on plain features what it was trained to give on scaled ones.
    embed, classify = stage.layers
    kernel = embed.kernel / deviation[:, None]
    embed = replace(embed, kernel=kernel, bias=embed.bias - mean @ kernel)
    return replace(stage, layers=(embed, classify))


def train_fusion(
    train: PooledItems, validation: PooledItems, *, run: StageRun, name: str = "fusion"
) -> TrainedStage:
    """Stage 2: the meta-classifier on the concatenated, frozen embeddings.

    Args:
        train: items with concatenated embeddings as features (one branch's alone, for ablation).
        validation: items that stop the training and choose the epoch.
        run: settings; there is no dropout in this stage.
        name: of the stage, for the loss curve.

    Returns:
        The layers of the meta-classifier.
    """
    activations: tuple[Activation, ...] = ("sigmoid", "relu", "sigmoid", "linear")
    units = (*FUSION_UNITS, train.n_classes)
    layers = tuple(zip(units, activations, strict=True))
    return _train_stage(name, train, validation, layers=layers, run=run)


def _train_stage(
    stage: str,
    train: PooledItems,
    validation: PooledItems,
    *,
    layers: tuple[tuple[int, Activation], ...],
    run: StageRun,
    dropout: float = 0.0,
) -> TrainedStage:
    """Train dense layers, or take the copy that a killed training left.

    Dropout stands in front of the last layer.
    """
    key = stage_key(stage, train, validation, hyperparameters=run.hyperparameters, seed=run.seed)
    kept = None if run.checkpoint_dir is None else read_stage(run.checkpoint_dir, key)
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
    finished = TrainedStage(layers=tuple(_to_layer(layer) for layer in dense), curve=curve)
    if run.checkpoint_dir is not None:
        write_stage(run.checkpoint_dir, key, finished)
    return finished


def _fit(
    model: keras.Model,
    train: PooledItems,
    validation: PooledItems,
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
        steps_per_execution=PART_STEPS_AT_ONCE if settings.n_views else STEPS_AT_ONCE,
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
    shown: dict[str, Any] = {
        "x": train.features,
        "y": one_of[train.class_indices],
        "sample_weight": train.weights,
        "batch_size": settings.batch_size,
    }
    if settings.n_views:
        shown = {"x": _PartOfViews(train, settings=settings, seed=run.seed)}
    history = model.fit(
        **shown,
        validation_data=(
            validation.features,
            one_of[validation.class_indices],
            validation.weights,
        ),
        validation_batch_size=settings.batch_size,
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


class _PartOfViews(keras.utils.PyDataset):  # type: ignore[misc]
    """Each epoch as many items as there are without the augmented views, every row in its turn."""

    def __init__(self, items: PooledItems, *, settings: Hyperparameters, seed: int) -> None:
        super().__init__()
        self._items, self._batch_size = items, settings.batch_size
        self._one_of = np.eye(items.n_classes, dtype=np.float32)
        self._n_items = -(-len(items.features) // (1 + settings.n_views))
        self._rng = np.random.default_rng(seed)
        self._waiting = np.zeros(0, np.int64)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-self._n_items // self._batch_size)

    def on_epoch_end(self) -> None:
        """Draw the next epoch: rows that were not shown yet, until all were."""
        if len(self._waiting) < self._n_items:
            again = self._rng.permutation(len(self._items.features))
            self._waiting = np.concatenate([self._waiting, again])
        self._rows, self._waiting = np.split(self._waiting, [self._n_items])

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        rows = self._rows[index * self._batch_size : (index + 1) * self._batch_size]
        items = self._items
        return items.features[rows], self._one_of[items.class_indices[rows]], items.weights[rows]


def _to_layer(layer: keras.layers.Dense) -> DenseLayer:
    kernel, bias = layer.get_weights()
    return DenseLayer(kernel=kernel, bias=bias, activation=layer.activation.__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What is kept of a stage beside its arrays."""

    curve: LossCurve
    activations: tuple[Activation, ...]


def stage_key(
    stage: str,
    train: PooledItems,
    validation: PooledItems,
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
    recipe = json.dumps(
        [STAGE_VERSION, stage, asdict(hyperparameters), seed, train.n_classes], sort_keys=True
    )
    digest = hashlib.sha256(recipe.encode())
    for items in (train, validation):
        for array in (items.features, items.class_indices, items.weights):
            digest.update(f"{array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]


def write_stage(folder: Path, key: str, finished: TrainedStage) -> None:
    """Keep a finished stage, in full precision, under a temporary name first."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[np.float32]] = {}
    for index, layer in enumerate(finished.layers):
        arrays[f"{index}.kernel"], arrays[f"{index}.bias"] = layer.kernel, layer.bias
    activations = tuple(layer.activation for layer in finished.layers)
    about = to_json(_About(curve=finished.curve, activations=activations))
    with whole_file(folder / f"{key}.npz") as partial, partial.open("wb") as stream:
        np.savez(stream, about=np.array(about), **arrays)  # type: ignore[arg-type]


def read_stage(folder: Path, key: str) -> TrainedStage | None:
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
    return TrainedStage(layers=layers, curve=about.curve)
