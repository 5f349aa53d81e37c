"""Small made-up images and the place of the real ones."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[3]


def _make_picture(seed: int, side_px: int = 48) -> np.ndarray:
    """A smooth random picture without symmetry, uint8 (side, side, 3)."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.array(Image.fromarray(noise).resize((side_px, side_px), Image.Resampling.BICUBIC))


@pytest.fixture
def make_picture() -> Callable[[int], np.ndarray]:
    return _make_picture


@pytest.fixture
def write_picture() -> Callable[[Path, int], Path]:
    def write(path: Path, seed: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_make_picture(seed)).save(path)
        return path

    return write


@pytest.fixture(scope="session")
def data_root() -> Path:
    folder = Path(os.environ.get("LEUKAPP_DATA_DIR", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "samples.csv").is_file():
        pytest.skip("the real smear images are not here; set LEUKAPP_DATA_DIR to their folder")
    return folder
