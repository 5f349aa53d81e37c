"""Answers with the program of the work tree it runs in; ``compare_commits.py`` starts it.

It reads the name of a subject a line and writes what it measured as a line of JSON. It calls only
what every commit has.
"""

import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One subject, once.

    Attributes:
        cpu_ms: processor time of this process for an image, milliseconds.
        network_cpu_ms: of that, what the engine took; None where images are judged side by side,
            as threads share the process' clock.
        answers: SHA-256 over answers, probabilities, boxes and heatmaps, bit for bit.
    """

    cpu_ms: float
    network_cpu_ms: float | None
    answers: str


class Stopwatch:
    """Adds up the processor time of calls, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call):  # type: ignore[no-untyped-def]
        """The same call, its time added."""

        def timed(*arguments):  # type: ignore[no-untyped-def]
            started = time.process_time()
            answer = call(*arguments)
            self.seconds += time.process_time() - started
            return answer

        return timed


def main() -> int:
    """Serve until the input ends."""
    from leukapp.diagnosis import Diagnoser
    from leukapp.fields.crops import cut_cells
    from leukapp.imaging.image_io import read_image

    images = Path(sys.argv[1])
    diagnoser = Diagnoser.open(Path(sys.argv[2]))
    in_network = Stopwatch()
    diagnoser.engine.run = in_network.around(diagnoser.engine.run)
    finder = _learned_finder(diagnoser.bundle)
    for side_px, look in finder.looks.items():
        finder.looks[side_px] = in_network.around(look)
    cells = sorted((images / "cells").iterdir())
    field = read_image(images / "field.png")
    subjects = {
        "cell": lambda: [diagnoser.diagnose(cells[0])],
        "folder": lambda: list(diagnoser.diagnose_many(cells)),
        "field": lambda: [diagnoser.diagnose(images / "field.png", mode="field")],
        "find with the learned finder": lambda: [cut_cells(field, mode="field", finder=finder)],
    }
    for line in sys.stdin:
        subject = line.strip()
        in_network.seconds = 0.0
        started = time.process_time()
        answers = subjects[subject]()
        cpu_s = time.process_time() - started
        measured = Measured(
            cpu_ms=1e3 * cpu_s / len(answers),
            network_cpu_ms=None if subject == "folder" else 1e3 * in_network.seconds,
            answers=_digest_cuts(answers) if subject.startswith("find") else _digest(answers),
        )
        print(json.dumps(asdict(measured)), flush=True)
    return 0


def _learned_finder(bundle):  # type: ignore[no-untyped-def]
    """The finder of the work tree's experiments on the bundle's first backbone."""
    from leukapp.inference.finder_engine import compile_finder
    from leukapp.model.bundle import FINDER_BACKBONE, FinderWeights
    from leukapp.model.weights_io import read_arrays

    backbones = [spec.backbone for spec in bundle.preset.branches]
    weights = FinderWeights(
        backbone=bundle.read_weights().backbones[backbones.index(FINDER_BACKBONE)],
        head=read_arrays(Path("experiments/finder/heads/all.npz")),
    )
    return compile_finder(weights)


def _digest_cuts(cuts) -> str:  # type: ignore[no-untyped-def]
    digest = hashlib.sha256()
    for cut in cuts:
        digest.update(repr((cut.mode, cut.erythrocyte_px, cut.background)).encode())
        for crop in cut.crops:
            digest.update(repr((crop.box, crop.nucleus_px)).encode() + crop.image.tobytes())
    return digest.hexdigest()


def _digest(diagnoses) -> str:  # type: ignore[no-untyped-def]
    digest = hashlib.sha256()
    for diagnosis in diagnoses:
        digest.update(repr((diagnosis.finding, diagnosis.label, diagnosis.quality)).encode())
        digest.update(repr(diagnosis.probabilities).encode())
        for cell in diagnosis.cells:
            digest.update(repr((cell.box, cell.label, cell.probabilities)).encode())
        for heatmap in diagnosis.heatmaps:
            digest.update(heatmap.values.tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
