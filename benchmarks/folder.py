"""(2) A folder of images against the engine alone, and against what two busy cores could do."""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from subjects import N_DISTINCT, cell_png

from leukapp.diagnosis import Diagnoser
from leukapp.fields.crops import cut_cells
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.quality import assess_quality
from leukapp.imaging.resize import prepare_inputs
from leukapp.model.dense import FloatArray

N_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTimes:
    """Images a second, and what they are held against; the median round of five.

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
        of_possible_range: its lowest and its highest round.
    """

    n_images: int
    images_a_second: float
    bare_images_a_second: float
    one_by_one_images_a_second: float
    of_bare: float
    cores_busy: float
    cpu_ms_an_image: float
    of_possible: float
    of_possible_range: tuple[float, float]


def measure_folder(folder: Path, *, n_images: int) -> FolderTimes:
    """Measure each way over the same images, in rounds so that all meet the same machine."""
    diagnoser = Diagnoser.open(folder)
    images = [cell_png(number) for number in range(n_images // N_ROUNDS)]
    prepared = [_prepare(diagnoser, png) for png in images[:N_DISTINCT]]
    for _ in diagnoser.diagnose_many(images[:16]):
        pass
    rounds = [_measure_round(diagnoser, images, prepared) for _ in range(N_ROUNDS)]
    middle = _Round(*(statistics.median(column) for column in zip(*rounds, strict=True)))
    n_cores = os.cpu_count() or 1
    of_possible = [one.possible_cpu_s / n_cores / one.many_s for one in rounds]
    return FolderTimes(
        n_images=n_images,
        images_a_second=round(1 / middle.many_s, 1),
        bare_images_a_second=round(1 / middle.bare_s, 1),
        one_by_one_images_a_second=round(1 / middle.one_by_one_s, 1),
        of_bare=round(statistics.median(one.bare_s / one.many_s for one in rounds), 3),
        cores_busy=round(
            statistics.median(one.many_cpu_s / one.many_s / n_cores for one in rounds), 3
        ),
        cpu_ms_an_image=round(1e3 * middle.possible_cpu_s, 2),
        of_possible=round(statistics.median(of_possible), 3),
        of_possible_range=(round(min(of_possible), 3), round(max(of_possible), 3)),
    )


class _Round(NamedTuple):
    """Seconds an image."""

    many_s: float
    many_cpu_s: float
    one_by_one_s: float
    bare_s: float
    possible_cpu_s: float


def _measure_round(
    diagnoser: Diagnoser, images: list[bytes], prepared: list[tuple[FloatArray, ...]]
) -> _Round:
    started, cpu_started = time.perf_counter(), time.process_time()
    for _ in diagnoser.diagnose_many(images):
        pass
    many, cpu_many = time.perf_counter() - started, time.process_time() - cpu_started
    started = time.perf_counter()
    for png in images:
        diagnoser.diagnose(png)
    one_by_one = time.perf_counter() - started
    started = time.perf_counter()
    for number in range(len(images)):
        diagnoser.engine.run(prepared[number % len(prepared)])
    bare = time.perf_counter() - started
    for_many = diagnoser.engine.for_many()
    possible = _busy_cpu_s(
        lambda png: for_many.run(_prepare(diagnoser, png)), images, os.cpu_count() or 1
    )
    n = len(images)
    return _Round(many / n, cpu_many / n, one_by_one / n, bare / n, possible)


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
