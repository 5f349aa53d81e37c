"""Train MobileNetV3Large to name single cells: a backbone of ``compact``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from experiments.backbones.cell_types import CELL_TYPES
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.model.backbones import build_backbone
from leukapp.model.dense import FloatArray
from leukapp.model.weights_io import (
    Arrays,
    model_arrays,
    read_arrays,
    set_model_arrays,
    write_arrays,
)
from leukapp.training.cell_augmentation import augment_cell
from leukapp.training.frozen_backbones import CELL_BACKBONE

DOUBT: Final = 0.03
"""Weight of the types that a label rules out: labels of whole fields are wrong for some cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStage:
    """Epochs at one input size; a short stage at the final size follows the long one below it.

    Attributes:
        size_px: side of the input in pixels.
        n_epochs: epochs.
        learning_rate: peak of the cosine schedule.
        batch_size: cells a step.
        cells_an_epoch: cells that an epoch draws.
    """

    size_px: int
    n_epochs: int
    learning_rate: float
    batch_size: int = 64
    cells_an_epoch: int = 20_000


DEFAULT_STAGES: Final = (
    CellStage(size_px=96, n_epochs=14, learning_rate=2e-3),
    CellStage(size_px=224, n_epochs=1, learning_rate=4e-4, batch_size=32, cells_an_epoch=10_000),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledCells:
    """Single cells to learn from.

    Attributes:
        images: uint8 (height, width, 3) each, RGB, white-balanced, the cell in the middle.
        windows_px: float64 (n,): side of a crop's window in pixels of each image.
        possible: bool (n, types): which types each may be of.
        laboratories: of each.
    """

    images: Sequence[RgbImage]
    windows_px: NDArray[np.float64]
    possible: NDArray[np.bool_]
    laboratories: Sequence[str]

    def draw_probabilities(self) -> NDArray[np.float64]:
        """How often each cell is drawn: what is rare, of its laboratory and type, more often."""
        kinds = [
            f"{laboratory} {np.packbits(possible).tobytes().hex()}"
            for laboratory, possible in zip(self.laboratories, self.possible, strict=True)
        ]
        _, of_kind, counts = np.unique(kinds, return_inverse=True, return_counts=True)
        weights = 1 / np.sqrt(counts[of_kind])
        return np.asarray(weights / weights.sum(), np.float64)


class CellBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches of one stage."""

    def __init__(
        self, cells: LabelledCells, *, stage: CellStage, enhancement: EnhancementConfig, seed: int
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        self._cells, self._stage, self._enhancement = cells, stage, enhancement
        self._seed, self._epoch = seed, 0
        self._probabilities = cells.draw_probabilities()
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, self._stage.cells_an_epoch // self._stage.batch_size)

    def on_epoch_end(self) -> None:
        """Draw the cells of the next epoch."""
        rng = np.random.default_rng([self._seed, self._stage.size_px, self._epoch])
        n_drawn = len(self) * self._stage.batch_size
        self._order = rng.choice(len(self._probabilities), n_drawn, p=self._probabilities)
        self._epoch += 1

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        stage = self._stage
        rng = np.random.default_rng([self._seed, stage.size_px, self._epoch, index])
        chosen = self._order[index * stage.batch_size : (index + 1) * stage.batch_size]
        views = [
            augment_cell(
                self._cells.images[i],
                window_px=float(self._cells.windows_px[i]),
                size_px=stage.size_px,
                enhancement=self._enhancement,
                rng=rng,
            )
            for i in chosen.tolist()
        ]
        return np.asarray(views, np.float32), self._cells.possible[chosen].astype(np.float32)


def loss_of_possible_types(possible: Any, logits: Any) -> Any:
    """Negative logarithm of the probability that the cell is of one of its possible types.

    Args:
        possible: float (n, types), 1 for a type that the cell may be of, else 0.
        logits: float (n, types).

    Returns:
        Float (n,); a type that the label rules out counts a little, see ``DOUBT``.
    """
    weights = DOUBT + (1 - DOUBT) * keras.ops.cast(possible, logits.dtype)
    return keras.ops.logsumexp(logits, axis=-1) - keras.ops.logsumexp(
        logits + keras.ops.log(weights), axis=-1
    )


def share_possible(possible: Any, logits: Any) -> Any:
    """Share of cells whose most probable type is a possible one."""
    named = keras.ops.one_hot(keras.ops.argmax(logits, axis=-1), len(CELL_TYPES))
    return keras.ops.sum(named * keras.ops.cast(possible, named.dtype), axis=-1)


def train_cell_backbone(  # noqa: PLR0913
    cells: LabelledCells,
    *,
    enhancement: EnhancementConfig,
    seed: int,
    work_dir: Path,
    stages: tuple[CellStage, ...] = DEFAULT_STAGES,
    start: Arrays | None = None,
    report: Callable[[str], None] = lambda _line: None,
) -> Arrays:
    """Train the backbone.

    A run that was killed goes on at the last whole epoch, or after the last whole stage, when it is
    started again with the same ``work_dir``.

    Args:
        cells: training cells; no cell of a held-out group may be among them.
        enhancement: that of the preset.
        seed: of initialization, sampling and augmentation.
        work_dir: for checkpoints.
        stages: input sizes and epochs, one after the other; at least one.
        start: weights of the backbone to go on from; None starts from random ones.
        report: takes a line of progress.

    Returns:
        Weights of the backbone, keyed as ``model_arrays`` does.
    """
    keras.utils.set_random_seed(seed)
    arrays: Arrays = {}
    for number, stage in enumerate(stages):
        finished = work_dir / f"stage_{number}.npz"
        if finished.exists():
            arrays = read_arrays(finished)
            report(f"cells at {stage.size_px} px: taken from an earlier run")
            continue
        batches = CellBatches(cells, stage=stage, enhancement=enhancement, seed=seed)
        backbone, model = _build_classifier(stage.size_px, seed)
        if arrays:
            set_model_arrays(model, arrays)
        elif start is not None:
            set_model_arrays(backbone, start)
        n_steps = len(batches) * stage.n_epochs
        model.compile(
            optimizer=keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(
                    stage.learning_rate / 20,
                    n_steps,
                    warmup_target=stage.learning_rate,
                    warmup_steps=max(1, n_steps // 20),
                ),
                weight_decay=0.02,
            ),
            loss=loss_of_possible_types,
            metrics=[share_possible],
        )
        backup = keras.callbacks.BackupAndRestore(str(work_dir / f"stage_{stage.size_px}"))
        log = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, s=stage: report(
                f"cells at {s.size_px} px, epoch {epoch + 1}/{s.n_epochs}: "
                f"loss {logs['loss']:.3f}, possible {logs['share_possible']:.3f}"
            )
        )
        model.fit(batches, epochs=stage.n_epochs, verbose=0, callbacks=[backup, log])
        # The backup of epochs is gone with the last of them.
        write_arrays(finished, model_arrays(model))
        arrays = read_arrays(finished)
    return {name: value for name, value in arrays.items() if not name.startswith("cell_type/")}


def _build_classifier(size_px: int, seed: int) -> tuple[keras.Model, keras.Model]:
    """The backbone, and the classifier of cell types on it."""
    backbone = build_backbone(CELL_BACKBONE, size_px).model
    backbone.trainable = True
    for layer in backbone.layers:
        # The 0.999 of keras.applications is meant for ImageNet; short trainings would keep the
        # start.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.99
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    logits = keras.layers.Dense(len(CELL_TYPES), name="cell_type")(
        keras.layers.Dropout(0.2, seed=seed)(pooled)
    )
    return backbone, keras.Model(backbone.input, logits, name="cell_classifier")
