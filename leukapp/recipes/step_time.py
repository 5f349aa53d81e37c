"""How long a step of the network takes: the paper's unit, a batch of 32 images."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from leukapp.model.dense import FloatArray
from leukapp.model.presets import Preset

STEP_IMAGES: Final = 32
N_TIMED_STEPS: Final = 5


def random_step(preset: Preset) -> tuple[FloatArray, ...]:
    """One batch of random images for each branch, float32 (32, size, size, 3), 0-255."""
    rng = np.random.default_rng(0)
    return tuple(
        rng.uniform(0, 255, (STEP_IMAGES, spec.input_size_px, spec.input_size_px, 3)).astype(
            np.float32
        )
        for spec in preset.branches
    )


def median_ms(step: Callable[[], object]) -> float:
    """Median wall time of a step in milliseconds; the first call is not counted."""
    step()
    times = []
    for _ in range(N_TIMED_STEPS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))
