"""The shipped bundle on real smears: the fast engine answers and points as Keras does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from leukapp.diagnosis import Diagnoser
from leukapp.evaluation.held_out_tables import read_bundle_table
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.model.artifacts import list_held_out_tables
from leukapp.resources import find_pixels

SMALLEST = 4
FIRST_DIAGNOSIS = """
import sys
from pathlib import Path
from leukapp.diagnosis import Diagnoser
Diagnoser.open(Path(sys.argv[1])).diagnose(sys.stdin.buffer.read())
print(sorted({"keras", "tensorflow"} & set(sys.modules)))
"""


@pytest.fixture
def smears(repository):
    """Held-out images of single cells, each of another source of the shipped bundle's tables."""
    root = Path(os.environ.get("LEUKAPP_DATA_DIR", repository.parent / "shared" / "data"))
    if not root.is_dir():
        pytest.skip("the real smear images are not here; set LEUKAPP_DATA_DIR to their folder")
    paths = []
    for file in list_held_out_tables(repository / "weights" / "compact"):
        held_out = read_bundle_table(file).held_out
        for source in held_out.source_names:
            part = held_out.of_source(source)
            path = find_pixels(root, part.sample_ids[len(part) // 2])
            assert path is not None, part.sample_ids[len(part) // 2]
            paths.append(path)
    # The largest are fields of many cells, which Keras takes a minute for.
    return sorted(paths, key=lambda path: path.stat().st_size)[:SMALLEST]


@pytest.mark.keras
@pytest.mark.real_data
def test_probabilities_and_heatmaps_agree_with_keras(repository, smears):
    folder = repository / "weights" / "compact"
    fast = Diagnoser.open(folder, engine="openvino-f32")
    reference = Diagnoser.open(folder, engine="keras")
    n_compared = 0
    for path in smears:
        ours, theirs = fast.diagnose(path), reference.diagnose(path)
        assert ours.label == theirs.label
        if ours.probabilities is None or theirs.probabilities is None:
            assert ours.probabilities is theirs.probabilities
            continue
        np.testing.assert_allclose(
            ours.probabilities.values, theirs.probabilities.values, atol=1e-3
        )
        maps = zip(
            [heatmap.values for heatmap in ours.heatmaps],
            [heatmap.values for heatmap in theirs.heatmaps],
            strict=True,
        )
        for our_map, their_map in maps:
            if their_map.std() > 0:
                assert np.corrcoef(our_map.ravel(), their_map.ravel())[0, 1] > 0.999
                n_compared += 1
            else:
                np.testing.assert_allclose(our_map, their_map, atol=1e-3)
    assert n_compared >= len(smears)


@pytest.mark.keras
def test_a_process_that_finds_the_compiled_network_imports_no_tensorflow(
    repository, tmp_path, encode_png
):
    png = encode_png(draw_synthetic_cell("myeloblast", seed=3))
    command = [sys.executable, "-c", FIRST_DIAGNOSIS, str(repository / "weights" / "compact")]
    environment = {**os.environ, "LEUKAPP_CACHE_DIR": str(tmp_path), "LEUKAPP_ENGINE": "auto"}
    found = [
        subprocess.run(
            command, input=png, capture_output=True, check=True, cwd=repository, env=environment
        )
        .stdout.decode()
        .splitlines()[-1]
        for _ in range(2)
    ]
    assert "tensorflow" in found[0]
    assert found[1] == "[]"
