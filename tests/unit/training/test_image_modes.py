"""How images of a training are judged, found once."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from leukapp.data.catalog import Sample
from leukapp.imaging.synthetic import draw_synthetic_cell, draw_synthetic_field
from leukapp.json_files import write_json
from leukapp.training.feature_cache import CellViews, D4Variants
from leukapp.training.image_modes import find_modes

AS_CELLS = CellViews(n_views=0, n_turns=1)


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    cell = draw_synthetic_cell("lymphoblast", seed=1)
    outline = cv2.ellipse(np.zeros((240, 240), np.uint8), (120, 120), (62, 50), 20, 0, 360, 1, -1)
    grain = np.random.default_rng(0).normal(0, 1, (240, 240)).astype(np.float32)
    texture = 1 + 0.8 * cv2.GaussianBlur(grain, (0, 0), 2.5)
    on_black = np.array((155, 65, 185)) * 0.4 * (texture * outline)[..., None]
    images = {
        "cell": cell,
        "field": draw_synthetic_field(n_leukocytes=4, seed=1).image,
        "segmented": np.clip(on_black, 0, 255).astype(np.uint8),
    }
    made = []
    for name, pixels in images.items():
        path = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(path)
        made.append(Sample(sample_id=name, path=path, label="ALL", group=name, source="s"))
    return tuple(made)


def test_modes_are_those_of_a_diagnosis_and_are_kept(
    samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert find_modes(samples, AS_CELLS, cache) == ("cell", "field", "segmented")
    (kept,) = cache.iterdir()
    # What is known is not looked for again.
    key = hashlib.sha256(samples[0].path.read_bytes()).hexdigest()
    write_json(kept, {key: "field"})
    assert find_modes(samples[:1], AS_CELLS, cache) == ("field",)
    kept.write_text("half")
    assert find_modes(samples[:1], AS_CELLS, cache) == ("cell",)


def test_a_network_of_whole_images_has_one_mode(
    samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    assert find_modes(samples, D4Variants(), tmp_path / "cache") == ("whole",) * 3
    assert not (tmp_path / "cache").exists()
