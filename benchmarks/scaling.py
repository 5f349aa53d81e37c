"""(5) Is the rate the same after a thousand images as after eight thousand?"""

import time
from dataclasses import dataclass
from pathlib import Path

from subjects import cell_png

from leukapp.diagnosis import Diagnoser


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Images a second over the first so many images of one folder.

    Attributes:
        n_images: counts.
        images_a_second: of each count.
        last_over_first: rate over all images against that over the fewest.
    """

    n_images: tuple[int, ...]
    images_a_second: tuple[float, ...]
    last_over_first: float


def measure_scaling(folder: Path, counts: tuple[int, ...]) -> Scaling:
    """Diagnose as many images as the largest count, and look at the clock at each."""
    diagnoser = Diagnoser.open(folder)
    for _ in diagnoser.diagnose_many(cell_png(number) for number in range(32)):
        pass
    rates = []
    started = time.perf_counter()
    answers = diagnoser.diagnose_many(cell_png(number) for number in range(max(counts)))
    for number, _ in enumerate(answers, start=1):
        if number in counts:
            rates.append(number / (time.perf_counter() - started))
    return Scaling(
        n_images=counts,
        images_a_second=tuple(round(rate, 1) for rate in rates),
        last_over_first=round(rates[-1] / rates[0], 3),
    )
