"""(5) Is the rate the same after a thousand images as after eight thousand?"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from subjects import N_DISTINCT, cell_png

from leukapp.diagnosis import Diagnoser


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Images a second over the first so many images of one folder.

    Attributes:
        n_images: counts.
        images_a_second: of each count.
        cpu_ms_an_image: processor time over each count; other work on the machine moves it little.
        last_over_first: rate over all images against that over the fewest.
        cpu_first_over_last: the same by processor time.
        peak_mb: resident memory at each count.
    """

    n_images: tuple[int, ...]
    images_a_second: tuple[float, ...]
    cpu_ms_an_image: tuple[float, ...]
    last_over_first: float
    cpu_first_over_last: float
    peak_mb: tuple[int, ...]


def measure_scaling(folder: Path, counts: tuple[int, ...]) -> Scaling:
    """Diagnose as many images as the largest count, and look at the clock at each."""
    diagnoser = Diagnoser.open(folder)
    for _ in diagnoser.diagnose_many(cell_png(number) for number in range(N_DISTINCT)):
        pass
    rates, cpu_s, peaks = [], [], []
    started, cpu_started = time.perf_counter(), time.process_time()
    answers = diagnoser.diagnose_many(cell_png(number) for number in range(max(counts)))
    for number, _ in enumerate(answers, start=1):
        if number in counts:
            rates.append(number / (time.perf_counter() - started))
            cpu_s.append((time.process_time() - cpu_started) / number)
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return Scaling(
        n_images=counts,
        images_a_second=tuple(round(rate, 1) for rate in rates),
        cpu_ms_an_image=tuple(round(1e3 * seconds, 2) for seconds in cpu_s),
        last_over_first=round(rates[-1] / rates[0], 3),
        cpu_first_over_last=round(cpu_s[0] / cpu_s[-1], 3),
        peak_mb=tuple(peaks),
    )
