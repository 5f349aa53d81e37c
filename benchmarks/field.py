"""A field of 2592 x 1944 pixels: found, cut and judged cell by cell."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from subjects import field_png

from leukapp.diagnosis import Diagnoser
from leukapp.fields.crops import cut_cells
from leukapp.imaging.image_io import decode_image

N_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTimes:
    """Medians in milliseconds.

    Attributes:
        n_cells: leukocytes found.
        find_and_cut_ms: from pixels to crops.
        diagnosis_ms: from bytes to the field's answer with heatmaps.
        network_ms: of this the engine, in batches.
        network_ms_a_cell: the same for each cell.
    """

    n_cells: int
    find_and_cut_ms: float
    diagnosis_ms: float
    network_ms: float
    network_ms_a_cell: float


def measure_field(folder: Path) -> FieldTimes:
    """Find, cut and judge the same field several times."""
    diagnoser = Diagnoser.open(folder)
    png = field_png()
    image = decode_image(png)
    diagnoser.diagnose(png, mode="field")
    cut_ms, totals, networks = [], [], []
    for _ in range(N_RUNS):
        started = time.perf_counter()
        cut = cut_cells(image, mode="field")
        cut_ms.append(1e3 * (time.perf_counter() - started))
        timings = diagnoser.diagnose(png, mode="field").timings
        totals.append(timings.total_ms)
        networks.append(timings.network_ms)
    n_cells = len(cut.crops)
    network_ms = statistics.median(networks)
    return FieldTimes(
        n_cells=n_cells,
        find_and_cut_ms=round(statistics.median(cut_ms), 1),
        diagnosis_ms=round(statistics.median(totals), 1),
        network_ms=round(network_ms, 1),
        network_ms_a_cell=round(network_ms / max(1, n_cells), 2),
    )
