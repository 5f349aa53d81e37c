"""Train, judge, explain and reopen the paper's preset at its real size, each by its own command.

Usage: python scripts/try_paper_preset.py [--weights DIR] [--out DIR]

A dozen cells are drawn by a program. Without --weights, files named as keras.applications names
them are written with random weights: they prove that everything runs, and nothing about cells.
Takes a few minutes on two cores and about 1 GB of disk; prints JSON, ends with status 1 if anything
was not as it should be.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

KINDS = {"ALL": "lymphoblast", "AML": "myeloblast", "Healthy": "neutrophil"}
BRANCHES = ("efficientnetb7", "mobilenetv3large")
PARAMETERS = {"efficientnetb7": 67_686_786, "mobilenetv3large": 6_535_531}
MAX_FILE_BYTES = 50_000_000


def main() -> int:
    """Run every command and check what it left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="folder of keras .h5 files")
    parser.add_argument("--out", type=Path, help="keep everything here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = (arguments.out or Path(temporary)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        weights = arguments.weights or write_random_weights(out / "keras")
        draw_cells(out / "cells", first_seed=0, n_of_class=4)
        draw_cells(out / "others", first_seed=90, n_of_class=1)
        seconds = {
            "train": run(
                *("train", "--preset", "paper", "--data", out / "cells", "--epochs", "1"),
                *("--out", out / "bundle", "--work-dir", out / "work"),
                *("--backbone-weights", weights),
            ),
            "evaluate": run(
                *("evaluate", "--bundle", out / "bundle", "--data", out / "others"),
                *("--out", out / "evaluation"),
            ),
            "diagnose": run(
                *("diagnose", out / "others" / "ALL" / "90.png", "--bundle", out / "bundle"),
                *("--heatmaps", out / "heatmaps"),
            ),
        }
        checks = check(out)
    print(json.dumps({"seconds": seconds, "checks": checks}, indent=1))
    return 0 if all(checks.values()) else 1


def run(*words: object) -> float:
    """Run one command of leukapp in a process of its own; its seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "leukapp", *map(str, words)]
    subprocess.run(command, check=True, cwd=REPOSITORY, stdout=sys.stderr)  # noqa: S603
    return round(time.perf_counter() - started, 1)


def check(out: Path) -> dict[str, bool]:
    """What must hold of the files that the commands left."""
    from leukapp.model.bundle import open_bundle

    bundle = open_bundle(out / "bundle")
    backbones = bundle.read_weights().backbones
    report = json.loads((out / "evaluation" / "report.json").read_text())
    maps = [np.load(out / "heatmaps" / f"90.{name}.npy") for name in (*BRANCHES, "fused")]
    counted = {
        name: sum(array.size for array in arrays.values()) + head.n_parameters
        for name, arrays, head in zip(BRANCHES, backbones, bundle.heads.branches, strict=True)
    }
    return {
        "parameters are the paper's": counted == PARAMETERS,
        "every file is under 50 MB": all(
            path.stat().st_size < MAX_FILE_BYTES for path in (out / "bundle").iterdir()
        ),
        "the bundle opened again is the one judged": report["bundle_sha256"] == bundle.sha256,
        "three images were judged": report["sources"][0]["report"]["n_images"] == 3,
        "heatmaps of both branches and the fusion": all(
            np.isfinite(values).all() and values.max() > 0 for values in maps
        ),
    }


def write_random_weights(folder: Path) -> Path:
    """Files as keras.applications names them, with random weights that keep activations alive."""
    from networks import lively_arrays

    from leukapp.model.backbone_list import BACKBONES
    from leukapp.model.weights_io import model_arrays, set_model_arrays

    folder.mkdir(exist_ok=True)
    for name in BRANCHES:
        spec = BACKBONES[name]
        model = spec.build(weights=None, include_top=True)
        arrays = lively_arrays(model_arrays(model), np.random.default_rng(0))
        # Fifty residual blocks would raise activations a thousandfold with full gain.
        tame = {n: a * 0.95 if n.endswith("gamma") else a for n, a in arrays.items()}
        set_model_arrays(model, tame)
        model.save(folder / spec.weight_file)
    return folder


def draw_cells(folder: Path, *, first_seed: int, n_of_class: int) -> None:
    """Draw cells into a folder for each class."""
    from leukapp.imaging.synthetic import draw_synthetic_cell

    for label, kind in KINDS.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for seed in range(first_seed, first_seed + n_of_class):
            image = Image.fromarray(draw_synthetic_cell(kind, seed=seed, size_px=96))
            image.save(folder / label / f"{seed}.png")


if __name__ == "__main__":
    sys.exit(main())
