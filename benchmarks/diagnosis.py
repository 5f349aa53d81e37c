"""(1) One image with every heatmap: the usual way in Keras against one pass and the tail."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from subjects import cell_png

from leukapp.diagnosis import Diagnoser
from leukapp.fields.crops import cut_cells
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.resize import prepare_inputs
from leukapp.model.dense import FloatArray

ResultT = TypeVar("ResultT")
N_WARM, N_TIMED, N_TIMED_USUAL = 5, 40, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisTimes:
    """Medians in milliseconds, batch of one, and their ratios.

    Attributes:
        engine: which engine.
        usual_ms: keras predict, then an eager gradient tape through the model for each branch.
        ours_ms: bytes to verdict with every heatmap.
        bare_ms: the engine's forward pass alone.
        network_and_maps_ms: forward pass, answer and heatmaps, without decoding and enhancing.
        times_faster: usual over ours.
        over_bare: ours over the bare pass.
        network_and_maps_over_bare: as it says.
    """

    engine: str
    usual_ms: float
    ours_ms: float
    bare_ms: float
    network_and_maps_ms: float
    times_faster: float
    over_bare: float
    network_and_maps_over_bare: float


def measure_diagnosis(folder: Path) -> DiagnosisTimes:
    """Measure all ways in turn, interleaved so that they meet the same machine."""
    diagnoser = Diagnoser.open(folder)
    png = cell_png(0)
    inputs = _inputs(diagnoser, png)
    usual = _usual_way(diagnoser, inputs)
    parts: list[tuple[float, float, float]] = []
    for number in range(N_WARM + N_TIMED):
        ours, diagnosis = _timed(lambda: diagnoser.diagnose(png))
        bare, _ = _timed(lambda: diagnoser.engine.run(inputs))
        timings = diagnosis.timings
        if number >= N_WARM:
            parts.append((ours, bare, timings.network_ms + timings.explain_ms))
    ours_ms, bare_ms, network_ms = (
        statistics.median(column) for column in zip(*parts, strict=True)
    )
    usual()
    usual_ms = statistics.median(_timed(usual)[0] for _ in range(N_TIMED_USUAL))
    return DiagnosisTimes(
        engine=diagnoser.engine.name,
        usual_ms=round(usual_ms, 2),
        ours_ms=round(ours_ms, 2),
        bare_ms=round(bare_ms, 2),
        network_and_maps_ms=round(network_ms, 2),
        times_faster=round(usual_ms / ours_ms, 1),
        over_bare=round(ours_ms / bare_ms, 3),
        network_and_maps_over_bare=round(network_ms / bare_ms, 3),
    )


def _timed(work: Callable[[], ResultT]) -> tuple[float, ResultT]:
    started = time.perf_counter()
    result = work()
    return 1e3 * (time.perf_counter() - started), result


def _inputs(diagnoser: Diagnoser, png: bytes) -> tuple[FloatArray, ...]:
    image = decode_image(png)
    preset = diagnoser.bundle.preset
    item = cut_cells(image).crops[0].image if preset.input_mode == "cells" else image
    sizes_px = tuple(spec.input_size_px for spec in preset.branches)
    prepared = prepare_inputs(item, preset.enhancement, sizes_px).inputs
    return tuple(pixels[None].astype(np.float32) for pixels in prepared)


def _usual_way(diagnoser: Diagnoser, inputs: tuple[FloatArray, ...]) -> Callable[[], None]:
    """Predict, then for each branch a gradient through the whole model, as tutorials do it."""
    import keras
    import tensorflow

    from leukapp.model.network import build_network

    bundle = diagnoser.bundle
    model = build_network(bundle.preset, bundle.read_weights())
    fused = model.outputs[-1]
    explained = [
        keras.Model(model.inputs, [activation, fused])
        for activation in model.outputs[: len(bundle.preset.branches)]
    ]

    def diagnose() -> None:
        predicted = model.predict(list(inputs), verbose=0)[-1]
        class_index = int(predicted[0].argmax())
        for branch in explained:
            with tensorflow.GradientTape() as tape:
                activation, logits = branch([tensorflow.constant(one) for one in inputs])
                score = logits[:, class_index]
            gradient = tape.gradient(score, activation)
            weights = tensorflow.reduce_mean(gradient, axis=(1, 2), keepdims=True)
            tensorflow.nn.relu(tensorflow.reduce_sum(weights * activation, axis=-1)).numpy()

    return diagnose
