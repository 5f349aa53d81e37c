"""The committed tables against the images: what the page shows is what the app answers."""

import os
from pathlib import Path

import numpy as np
import pytest

from leukapp.diagnosis import Diagnoser
from leukapp.evaluation.held_out_tables import read_bundle_table
from leukapp.model.artifacts import list_held_out_tables
from leukapp.resources import find_pixels

pytestmark = pytest.mark.real_data
IMAGES_A_SOURCE = 2


def test_images_behind_the_tables_are_found_and_answered_as_the_tables_say(
    repository: Path,
) -> None:
    root = Path(os.environ.get("LEUKAPP_DATA_DIR", repository.parent / "shared" / "data"))
    if not root.is_dir():
        pytest.skip("the real smear images are not here; set LEUKAPP_DATA_DIR to their folder")
    diagnoser = Diagnoser.open(repository / "weights" / "compact")
    n_compared = n_sources = 0
    for file in list_held_out_tables(repository / "weights" / "compact"):
        held_out = read_bundle_table(file).held_out
        n_sources += len(held_out.source_names)
        for source in held_out.source_names:
            part = held_out.of_source(source)
            for row in np.linspace(0, len(part) - 1, IMAGES_A_SOURCE).astype(int):
                path = find_pixels(root, part.sample_ids[row])
                assert path is not None, part.sample_ids[row]
                found = diagnoser.diagnose(path).probabilities
                # Without a leukocyte there is no answer; the table has equal shares, uncalled.
                expected = found.values if found else (1 / 3,) * 3
                np.testing.assert_allclose(expected, part.probabilities[row], atol=0.002)
                assert found or not part.is_called[row]
                n_compared += 1

    assert n_compared == IMAGES_A_SOURCE * n_sources
    assert n_sources == 12
