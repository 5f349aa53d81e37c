"""(3) and (4): a new process to its first diagnosis, and its peak of memory, on each engine."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from subjects import REPOSITORY, cell_png

N_RUNS = 3
DIAGNOSE = """
import json, sys
from pathlib import Path
from leukapp.diagnosis import Diagnoser
diagnoser = Diagnoser.open(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    diagnoser.diagnose(Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()
peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([peak_mb, "tensorflow" in sys.modules]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """Seconds from process start to the end of its first diagnosis, and peaks of memory.

    Attributes:
        first_diagnosis_s: with the compiled network in the cache.
        first_diagnosis_keras_s: with Keras on TensorFlow.
        times_sooner: their ratio.
        imports_tensorflow: whether the first process did.
        peak_mb: resident memory over twenty diagnoses.
        peak_keras_mb: with Keras on TensorFlow.
    """

    first_diagnosis_s: float
    first_diagnosis_keras_s: float
    times_sooner: float
    imports_tensorflow: bool
    peak_mb: float
    peak_keras_mb: float


def measure_processes(folder: Path) -> ProcessFigures:
    """Start processes on each engine in turn; the cache is warm."""
    with tempfile.TemporaryDirectory() as name:
        image = Path(name) / "cell.png"
        image.write_bytes(cell_png(0))
        _run(folder, image, "openvino", 1)
        ours, keras = [], []
        has_tensorflow = False
        for _ in range(N_RUNS):
            seconds, _, has_tensorflow = _run(folder, image, "openvino", 1)
            ours.append(seconds)
            keras.append(_run(folder, image, "keras", 1)[0])
        peak = _run(folder, image, "openvino", 20)[1]
        peak_keras = _run(folder, image, "keras", 20)[1]
    first, first_keras = statistics.median(ours), statistics.median(keras)
    return ProcessFigures(
        first_diagnosis_s=round(first, 2),
        first_diagnosis_keras_s=round(first_keras, 2),
        times_sooner=round(first_keras / first, 2),
        imports_tensorflow=has_tensorflow,
        peak_mb=round(peak),
        peak_keras_mb=round(peak_keras),
    )


def _run(folder: Path, image: Path, engine: str, n_images: int) -> tuple[float, float, bool]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", DIAGNOSE, str(folder), str(image), str(n_images)],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "LEUKAPP_ENGINE": engine, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    seconds = time.perf_counter() - started
    peak_mb, has_tensorflow = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak_mb, has_tensorflow
