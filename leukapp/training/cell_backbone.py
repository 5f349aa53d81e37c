"""Train MobileNetV3Large to name single cells: a backbone of ``compact``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.enhance import EnhancementConfig
from leukapp.model.backbones import build_backbone
from leukapp.model.weights_io import Arrays, model_arrays, set_model_arrays
from leukapp.training.cell_augmentation import augment_cell
from leukapp.training.cell_stage import CELL_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStage:
    """Epochs at one input size; a short stage at the final size follows the long one below it.

    Attributes:
        size_px: side of the input in pixels.
        n_epochs: epochs over the (sampled) training cells.
        learning_rate: peak of the cosine schedule.
        batch_size: cells a step.
    """

    size_px: int
    n_epochs: int
    learning_rate: float
    batch_size: int = 64


DEFAULT_STAGES = (
    CellStage(size_px=96, n_epochs=8, learning_rate=2e-3),
    CellStage(size_px=224, n_epochs=1, learning_rate=4e-4, batch_size=32),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Single cells to learn from.

    Attributes:
        images: uint8 (n, height, width, 3), RGB, white-balanced.
        window_px: side of a crop's window in pixels of these images.
        type_indices: int64 (n,), index into ``CELL_TYPES``.
    """

    images: NDArray[np.uint8]
    window_px: float
    type_indices: NDArray[np.int64]


class CellBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches; each epoch draws the rarer types more often than they occur."""

    def __init__(
        self, cells: Cells, *, stage: CellStage, enhancement: EnhancementConfig, seed: int
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        self.cells = cells
        self.stage = stage
        self.enhancement = enhancement
        self.seed = seed
        self.epoch = 0
        counts = np.bincount(cells.type_indices, minlength=len(CELL_TYPES))
        weights = 1 / np.sqrt(counts[cells.type_indices])
        self.draw_probabilities = weights / weights.sum()
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.cells.images) // self.stage.batch_size

    def on_epoch_end(self) -> None:
        """Draw the cells of the next epoch."""
        rng = np.random.default_rng([self.seed, self.stage.size_px, self.epoch])
        n_cells = len(self.cells.images)
        self.order = rng.choice(n_cells, n_cells, p=self.draw_probabilities)
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        size = self.stage.batch_size
        rng = np.random.default_rng([self.seed, self.stage.size_px, self.epoch, index])
        chosen = self.order[index * size : (index + 1) * size]
        views = [
            augment_cell(
                self.cells.images[i],
                window_px=self.cells.window_px,
                size_px=self.stage.size_px,
                enhancement=self.enhancement,
                rng=rng,
            )
            for i in chosen
        ]
        return np.asarray(views, np.float32), self.cells.type_indices[chosen]


def train_cell_backbone(
    cells: Cells,
    *,
    enhancement: EnhancementConfig,
    seed: int,
    work_dir: Path,
    stages: tuple[CellStage, ...] = DEFAULT_STAGES,
    report: Callable[[str], None] = lambda _line: None,
) -> Arrays:
    """Train the backbone from random weights.

    A run that was killed goes on at the last whole epoch when it is started again with the same
    ``work_dir``.

    Args:
        cells: training cells; no cell of a held-out group may be among them.
        enhancement: that of the preset.
        seed: of initialization, sampling and augmentation.
        work_dir: for checkpoints.
        stages: input sizes and epochs, one after the other.
        report: takes a line of progress.

    Returns:
        Weights of the backbone, keyed as ``model_arrays`` does.
    """
    keras.utils.set_random_seed(seed)
    arrays: Arrays | None = None
    for stage in stages:
        batches = CellBatches(cells, stage=stage, enhancement=enhancement, seed=seed)
        backbone = build_backbone("mobilenetv3large_cells", stage.size_px).model
        backbone.trainable = True
        _quicken_batch_normalization(backbone)
        pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
        logits = keras.layers.Dense(len(CELL_TYPES), name="cell_type")(
            keras.layers.Dropout(0.2, seed=seed)(pooled)
        )
        model = keras.Model(backbone.input, logits, name="cell_classifier")
        if arrays is not None:
            set_model_arrays(model, arrays)
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
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        backup = keras.callbacks.BackupAndRestore(str(work_dir / f"stage_{stage.size_px}"))
        log = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, s=stage: report(
                f"cells at {s.size_px} px, epoch {epoch + 1}/{s.n_epochs}: "
                f"loss {logs['loss']:.3f}, accuracy {logs['accuracy']:.3f}"
            )
        )
        model.fit(batches, epochs=stage.n_epochs, verbose=0, callbacks=[backup, log])
        arrays = model_arrays(model)
    if arrays is None:
        raise ValueError("stages must not be empty")
    return {name: value for name, value in arrays.items() if not name.startswith("cell_type/")}


def _quicken_batch_normalization(model: keras.Model) -> None:
    # The 0.999 of keras.applications is meant for ImageNet; short trainings would keep the start.
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.99
