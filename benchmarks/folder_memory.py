"""(5) The most memory that a process takes for a folder of images, next to one image alone."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from subjects import N_DISTINCT, REPOSITORY, cell_png, field_png

N_CELLS, N_FIELDS = 64, 16
JUDGE = """
import json, sys
from pathlib import Path
from leukapp.diagnosis import Diagnoser
diagnoser = Diagnoser.open(Path(sys.argv[1]))
paths = sorted(Path(sys.argv[2]).iterdir())
answers = diagnoser.diagnose_many(paths) if len(paths) > 1 else map(diagnoser.diagnose, paths)
n = sum(1 for _ in answers)
status = Path("/proc/self/status").read_text()
print(json.dumps([n, int(status.split("VmHWM:")[1].split()[0]) / 1024]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderMemory:
    """Peaks of resident memory in MB, each of a process of its own, the compiled network there.

    Attributes:
        n_cells: images of single cells in a folder, 360 x 360 pixels.
        n_fields: photographs of fields in another, 2592 x 1944 pixels.
        one_cell_mb: one image of a cell.
        cells_mb: the folder of cells.
        fields_mb: the folder of fields.
    """

    n_cells: int
    n_fields: int
    one_cell_mb: float
    cells_mb: float
    fields_mb: float


def measure_folder_memory(folder: Path) -> FolderMemory:
    """Judge each folder in a process of its own."""
    cells = [cell_png(number % N_DISTINCT) for number in range(N_CELLS)]
    _peak_mb(folder, cells[:1])
    return FolderMemory(
        n_cells=N_CELLS,
        n_fields=N_FIELDS,
        one_cell_mb=_peak_mb(folder, cells[:1]),
        cells_mb=_peak_mb(folder, cells),
        fields_mb=_peak_mb(folder, [field_png()] * N_FIELDS),
    )


def _peak_mb(bundle: Path, images: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as name:
        for number, png in enumerate(images):
            (Path(name) / f"{number:03d}.png").write_bytes(png)
        done = subprocess.run(
            [sys.executable, "-c", JUDGE, str(bundle), name],
            check=True,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "LEUKAPP_ENGINE": "openvino", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    n_judged, peak_mb = json.loads(done.stdout.splitlines()[-1])
    if n_judged != len(images):
        raise RuntimeError(f"{n_judged} of {len(images)} images were judged")
    return round(float(peak_mb))
