"""The trained finder in a bundle: written, read, compiled and asked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from networks import write_tiny_bundle
from numpy.typing import NDArray

from leukapp.diagnosis import Diagnoser
from leukapp.errors import BundleError
from leukapp.imaging.synthetic import draw_synthetic_field
from leukapp.inference.finder_engine import open_finder
from leukapp.model.bundle import FINDER_FILE, Bundle, open_bundle, write_bundle
from leukapp.model.weights_io import read_arrays
from leukapp.resources import SHIPPED_COMPACT

HEAD = Path(__file__).parents[3] / "experiments" / "finder" / "heads" / "all.npz"
pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The shipped bundle with the finder of the experiments, in a folder of its own."""
    shipped = open_bundle(SHIPPED_COMPACT)
    return write_bundle(
        tmp_path_factory.mktemp("bundles") / "with-finder",
        preset=shipped.preset,
        weights=shipped.read_weights(),
        gate=shipped.gate,
        thresholds=shipped.thresholds,
        training=shipped.training,
        finder=read_arrays(HEAD),
    )


def test_a_bundle_finds_with_its_finder(
    bundle: Bundle, encode_png: Callable[[NDArray[np.uint8]], bytes]
) -> None:
    diagnoser = Diagnoser.open(bundle.folder)
    n_found = n_drawn = n_outside = 0
    for seed in range(4):
        field = draw_synthetic_field(n_leukocytes=5, seed=seed)
        cells = diagnoser.diagnose(encode_png(field.image), explain_now=False).cells
        middles = [
            ((cell.box.x0 + cell.box.x1) / 2, (cell.box.y0 + cell.box.y1) / 2) for cell in cells
        ]
        hit = [
            any(x0 <= x < x1 and y0 <= y < y1 for x, y in middles) for x0, y0, x1, y1 in field.boxes
        ]
        n_found += sum(hit)
        n_drawn += len(hit)
        n_outside += len(middles) - sum(hit)

    assert n_found >= 0.9 * n_drawn
    assert n_outside <= 0.1 * n_drawn


def test_a_damaged_finder_is_refused(bundle: Bundle) -> None:
    path = bundle.folder / FINDER_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    try:
        with pytest.raises(BundleError, match=FINDER_FILE):
            open_bundle(bundle.folder)
    finally:
        path.write_bytes(whole)


def test_a_bundle_without_a_finder_finds_by_rules(tmp_path: Path) -> None:
    assert open_finder(write_tiny_bundle(tmp_path / "tiny")) is None


def test_two_openings_find_alike(bundle: Bundle) -> None:
    image = draw_synthetic_field(n_leukocytes=3, seed=9).image
    first, second = open_finder(bundle), open_finder(bundle)
    assert first is not None
    assert second is not None

    assert first.sha256 == second.sha256
    assert first.find_cells(image) == second.find_cells(image)
    assert np.isfinite([cell.score for cell in first.find_cells(image).leukocytes]).all()
