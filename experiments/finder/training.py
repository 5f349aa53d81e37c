"""Train the head on prepared canvases; a killed run goes on at its last whole round."""

from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from experiments.finder.features import Part
from experiments.finder.loss import finder_loss
from experiments.finder.targets import CANVAS_PX
from leukapp.model.finder_network import build_finder_head
from leukapp.model.weights_io import Arrays, model_arrays

BATCH: Final = 16
STEPS_A_ROUND: Final = 100
LEARNING_RATE: Final = 3e-3


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches in an order drawn anew each round."""

    def __init__(self, parts: Sequence[Part], rows: list[tuple[int, int]], seed: int) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=6)
        self.parts = parts
        self.rows = rows
        self.seed = seed
        self.round = 0

    def __len__(self) -> int:
        return STEPS_A_ROUND

    def on_epoch_end(self) -> None:
        """Draw other canvases in the next round."""
        self.round += 1

    def __getitem__(
        self, index: int
    ) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32]]:
        rng = np.random.default_rng([self.seed, self.round, index])
        chosen = [self.rows[i] for i in np.sort(rng.choice(len(self.rows), BATCH, replace=False))]
        n_maps = len(self.parts[0].maps)
        maps = tuple(
            np.asarray([self.parts[part].maps[depth][row] for part, row in chosen], np.float32)
            for depth in range(n_maps)
        )
        targets = [self.parts[part].targets[row] for part, row in chosen]
        return maps, np.asarray(targets, np.float32)


def train_head(
    parts: Sequence[Part],
    *,
    without: Set[str],
    n_rounds: int,
    seed: int,
    work: Path,
    report: Callable[[str], None],
) -> Arrays:
    """Train the head.

    Args:
        parts: prepared canvases.
        without: sources that are left out.
        n_rounds: of ``STEPS_A_ROUND`` steps.
        seed: of everything random.
        work: keeps the checkpoint of this very training.
        report: takes a line of progress.

    Returns:
        Weights of the head.
    """
    rows = [
        (number, row)
        for number, part in enumerate(parts)
        for row, source in enumerate(part.sources)
        if source not in without
    ]
    keras.utils.set_random_seed(seed)
    head = build_finder_head(CANVAS_PX)
    n_steps = n_rounds * STEPS_A_ROUND
    head.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(
                LEARNING_RATE / 20,
                n_steps,
                warmup_target=LEARNING_RATE,
                warmup_steps=max(1, n_steps // 20),
            ),
            weight_decay=0.02,
        ),
        loss=finder_loss,
        jit_compile=False,
    )
    log = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda number, logs: report(
            f"head: round {number + 1} of {n_rounds}, loss {logs['loss']:.3f}"
        )
    )
    backup = keras.callbacks.BackupAndRestore(str(work))
    batches = _Batches(parts, rows, seed)
    head.fit(batches, epochs=n_rounds, verbose=0, shuffle=False, callbacks=[backup, log])
    return model_arrays(head)
