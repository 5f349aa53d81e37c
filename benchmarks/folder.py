"""(2) A folder of images against the engine alone, and against what two busy cores could do."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from subjects import N_DISTINCT, cell_png

from leukapp.diagnosis import Diagnoser
from leukapp.fields.crops import cut_cells
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.quality import assess_quality
from leukapp.imaging.resize import prepare_inputs
from leukapp.model.dense import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTimes:
    """Images a second, and what they are held against.

    Attributes:
        n_images: in the folder.
        images_a_second: bytes to verdict, ``diagnose_many``; heatmaps come when looked at.
        bare_images_a_second: the engine alone in a loop, inputs ready.
        one_by_one_images_a_second: bytes to verdict with heatmaps, ``diagnose`` in a loop.
        of_bare: share of the bare engine's rate.
        cores_busy: share of all cores' time that ``diagnose_many`` computed in.
        cpu_ms_an_image: CPU time of decoding, checking, cutting, enhancing and the engine, while
            every core does the same; nothing else is done with the answer.
        of_possible: share of the rate at which that CPU time would fill every core.
    """

    n_images: int
    images_a_second: float
    bare_images_a_second: float
    one_by_one_images_a_second: float
    of_bare: float
    cores_busy: float
    cpu_ms_an_image: float
    of_possible: float


def measure_folder(folder: Path, *, n_images: int) -> FolderTimes:
    """Measure each way over the same images."""
    diagnoser = Diagnoser.open(folder)
    images = [cell_png(number) for number in range(n_images)]
    for _ in diagnoser.diagnose_many(images[:16]):
        pass
    started, cpu_started = time.perf_counter(), time.process_time()
    for _ in diagnoser.diagnose_many(images):
        pass
    many, cpu_many = time.perf_counter() - started, time.process_time() - cpu_started
    started = time.perf_counter()
    for png in images:
        diagnoser.diagnose(png)
    one_by_one = time.perf_counter() - started
    prepared = [_prepare(diagnoser, png) for png in images[:N_DISTINCT]]
    inputs = [prepared[number % len(prepared)] for number in range(n_images)]
    started = time.perf_counter()
    for one in inputs:
        diagnoser.engine.run(one)
    bare = time.perf_counter() - started
    for_many = diagnoser.engine.for_many()
    n_cores = os.cpu_count() or 1
    cpu_an_image = _busy_cpu_s(lambda png: for_many.run(_prepare(diagnoser, png)), images, n_cores)
    return FolderTimes(
        n_images=n_images,
        images_a_second=round(n_images / many, 1),
        bare_images_a_second=round(n_images / bare, 1),
        one_by_one_images_a_second=round(n_images / one_by_one, 1),
        of_bare=round(bare / many, 3),
        cores_busy=round(cpu_many / many / n_cores, 3),
        cpu_ms_an_image=round(1e3 * cpu_an_image, 2),
        of_possible=round(cpu_an_image * n_images / n_cores / many, 3),
    )


def _busy_cpu_s(work: Callable[[bytes], object], images: list[bytes], n_cores: int) -> float:
    """CPU seconds an image where every core is busy with such work."""
    with ThreadPoolExecutor(n_cores) as workers:
        cpu_started = time.process_time()
        for _ in workers.map(work, images):
            pass
        return (time.process_time() - cpu_started) / len(images)


def _prepare(diagnoser: Diagnoser, png: bytes) -> tuple[FloatArray, ...]:
    """What has to be done to an image before the engine, as the diagnoser does it."""
    image = decode_image(png)
    assess_quality(image)
    preset = diagnoser.bundle.preset
    item = cut_cells(image).crops[0].image if preset.input_mode == "cells" else image
    sizes_px = tuple(spec.input_size_px for spec in preset.branches)
    prepared = prepare_inputs(item, preset.enhancement, sizes_px).inputs
    return tuple(pixels[None].astype(np.float32) for pixels in prepared)
