"""Fine-tuning: the whole network, backbones included, on images with a small learning rate.

It comes after both stages, so that untrained heads do not tear up the backbones. Batch
normalizations keep their statistics: a small data set would replace those of ImageNet by worse
ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from leukapp.data.d4 import D4Element, view_d4
from leukapp.imaging.arrays import RgbImage
from leukapp.model.artifacts import LossCurve
from leukapp.model.dense import DenseStack, FloatArray
from leukapp.model.fusion import BranchHead, NetworkWeights
from leukapp.model.network import build_network
from leukapp.model.presets import Preset
from leukapp.model.weights_io import model_arrays
from leukapp.training.progress import Progress

LEARNING_RATE: Final = 1e-5
"""A hundredth of the paper's rate for the heads."""

FINE_TUNING: Final = "fine-tuning"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageItems:
    """Images or cells to learn from, each in the D4 elements it is shown in.

    Attributes:
        inputs: of each image or cell what every branch takes, uint8 (size, size, 3), enhanced.
        class_indices: int64 (len(inputs),).
        shown: int64 (n, 2): index into ``inputs`` and D4 element.
        weights: float32 (n,): weight in the loss, mean 1.
    """

    inputs: tuple[tuple[RgbImage, ...], ...]
    class_indices: NDArray[np.int64]
    shown: NDArray[np.int64]
    weights: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineTuned:
    """Weights after fine-tuning.

    Attributes:
        weights: of the epoch with the smallest validation loss.
        curve: mean loss of the branches and the fused decision, an epoch; the accuracy is that of
            the fused decision.
        is_better: whether any epoch was better on the validation items than the start; the weights
            are those of the start if none was.
    """

    weights: NetworkWeights
    curve: LossCurve
    is_better: bool


def fine_tune(  # noqa: PLR0913
    preset: Preset,
    weights: NetworkWeights,
    train: ImageItems,
    validation: ImageItems,
    *,
    n_epochs: int,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
) -> FineTuned:
    """Train every weight but the batch normalizations, end to end.

    Args:
        preset: the recipe.
        weights: after both stages.
        train: items of the training part.
        validation: items that choose the epoch; the start counts as an epoch of its own.
        n_epochs: epochs, at least 1.
        seed: of the order and of what the backbones drop.
        report: takes a line of progress.

    Returns:
        The fine-tuned weights; those given if no epoch was better on the validation images.
    """
    keras.utils.set_random_seed(seed)
    network = build_network(preset, weights)
    n_branches = len(preset.branches)
    # The first outputs are the activations; what made them are the backbones, in this order.
    backbones = [output._keras_history.operation for output in network.outputs[:n_branches]]
    for backbone in backbones:
        backbone.trainable = True
        for layer in backbone.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    n_logits = len(network.outputs) - n_branches
    model = keras.Model(network.inputs, keras.ops.stack(network.outputs[n_branches:], axis=1))
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[_fused_accuracy],
        # Convolutions compiled by XLA are far slower on a processor than TensorFlow's own.
        jit_compile=False,
    )
    batches, judged = (
        _ImageBatches(
            items,
            batch_size=preset.hyperparameters.batch_size,
            n_logits=n_logits,
            seed=shuffle_seed,
        )
        for items, shuffle_seed in ((train, seed), (validation, None))
    )
    start_loss = float(model.evaluate(judged, verbose=0)[0])
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=n_epochs, restore_best_weights=True
    )
    progress = Progress(f"{FINE_TUNING} epochs", report)
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: progress.step(
            epoch + 1,
            n_epochs,
            f"loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}, was {start_loss:.4f}",
        )
    )
    history = model.fit(
        batches, validation_data=judged, epochs=n_epochs, callbacks=[best, told], verbose=0
    ).history
    curve = LossCurve(
        stage=FINE_TUNING,
        loss=tuple(history["loss"]),
        validation_loss=tuple(history["val_loss"]),
        validation_accuracy=tuple(history["val__fused_accuracy"]),
        best_epoch=int(np.argmin(history["val_loss"])),
    )
    if min(curve.validation_loss) >= start_loss:
        report(f"{FINE_TUNING}: no epoch was better on the validation images; nothing is changed")
        return FineTuned(weights=weights, curve=curve, is_better=False)
    return FineTuned(
        weights=_read_weights(preset, weights, network, backbones), curve=curve, is_better=True
    )


def _fused_accuracy(true: Any, logits: Any) -> Any:
    """Share of items whose fused decision, the last row of logits, is right."""
    predicted = keras.ops.argmax(logits[:, -1], axis=-1)
    return keras.ops.cast(predicted == keras.ops.cast(true[:, -1], predicted.dtype), "float32")


class _ImageBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of every branch's input, turned when they are drawn."""

    def __init__(
        self, items: ImageItems, *, batch_size: int, n_logits: int, seed: int | None
    ) -> None:
        super().__init__()
        self._items, self._n_logits, self._seed = items, n_logits, seed
        self._batch_size = batch_size
        self._epoch = 0
        self._order = np.arange(len(items.shown))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self._items.shown) // self._batch_size)

    def on_epoch_end(self) -> None:
        """Shuffle the items of the next epoch."""
        if self._seed is not None:
            rng = np.random.default_rng([self._seed, self._epoch])
            self._order = rng.permutation(len(self._items.shown))
        self._epoch += 1

    def __getitem__(
        self, index: int
    ) -> tuple[tuple[FloatArray, ...], NDArray[np.int64], NDArray[np.float32]]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        shown = self._items.shown[rows]
        turned = [
            [view_d4(pixels, D4Element(element)) for pixels in self._items.inputs[item]]
            for item, element in shown.tolist()
        ]
        inputs = tuple(np.asarray(branch, np.float32) for branch in zip(*turned, strict=True))
        labels = np.repeat(self._items.class_indices[shown[:, 0]][:, None], self._n_logits, axis=1)
        weights = np.repeat(self._items.weights[rows][:, None], self._n_logits, axis=1)
        return inputs, labels, weights


def _read_weights(
    preset: Preset, before: NetworkWeights, network: keras.Model, backbones: list[keras.Model]
) -> NetworkWeights:
    def stack(old: DenseStack, name: str) -> DenseStack:
        layers = []
        for index, layer in enumerate(old):
            kernel, bias = network.get_layer(f"{name}_{index}").get_weights()
            layers.append(replace(layer, kernel=kernel, bias=bias))
        return tuple(layers)

    branches = tuple(
        BranchHead(
            imagenet_top=stack(head.imagenet_top, f"{spec.name}_imagenet"),
            embed=stack(head.embed, f"{spec.name}_embed"),
            classify=stack(head.classify, f"{spec.name}_classify"),
        )
        for spec, head in zip(preset.branches, before.heads.branches, strict=True)
    )
    return NetworkWeights(
        backbones=tuple(model_arrays(backbone) for backbone in backbones),
        heads=replace(before.heads, branches=branches, fusion=stack(before.heads.fusion, "fusion")),
    )
