"""The map of a held-out table: fitted, written beside it, found again, refused where damaged."""

import numpy as np
import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.feature_map import (
    N_COMPONENTS,
    find_feature_map,
    fit_feature_map,
    map_name,
    write_feature_map,
)

TABLE = "ab" * 32


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (12, 30)).astype(np.float32)
    values[6:, 0] += 20
    values[3] = np.nan
    return values


def test_images_that_look_alike_lie_together_and_one_without_a_leukocyte_nowhere(features):
    made = fit_feature_map(features)
    assert made.components.shape == (12, N_COMPONENTS)
    assert np.isnan(made.components[3]).all()
    assert made.shares[0] > 0.5
    assert made.nearest(7, np.arange(12), 4)[0] == 7
    assert set(made.nearest(7, np.arange(12), 6)) == set(range(6, 12))
    assert 3 not in made.nearest(0, np.arange(12), 12)
    with pytest.raises(ValueError, match="at least two images"):
        fit_feature_map(features[3:5])


def test_a_map_is_found_by_its_table_alone(features, tmp_path):
    made = fit_feature_map(features)
    path = tmp_path / map_name("held_out.csv")
    write_feature_map(made, path, table_sha256=TABLE)
    found = find_feature_map(tmp_path, TABLE, 12)
    np.testing.assert_array_equal(found.components, made.components)
    np.testing.assert_allclose(found.shares, made.shares)
    assert path.name == "held_out_map.npz"
    assert find_feature_map(tmp_path, "cd" * 32, 12) is None
    assert find_feature_map(tmp_path / "absent", TABLE, 12) is None
    with pytest.raises(HeldOutError, match="is damaged"):
        find_feature_map(tmp_path, TABLE, 13)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04"])
def test_a_damaged_map_is_one_sentence(data, tmp_path):
    (tmp_path / "held_out_map.npz").write_bytes(data)
    with pytest.raises(HeldOutError, match=r"The map held_out_map\.npz is damaged"):
        find_feature_map(tmp_path, TABLE, 12)
