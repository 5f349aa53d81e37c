"""``leukapp evidence`` knows its own data again, also where a file had been left out."""

from types import SimpleNamespace

import pytest

from leukapp.errors import CatalogError
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.evidence import read_trained_catalog


def test_data_with_a_damaged_file_is_that_of_its_bundle(draw_data):
    data = draw_data(2)
    (data / "AML" / "damaged.png").write_bytes(b"no image")
    checked = read_checked_catalog(data)
    assert checked.n_left_out == 1
    training = SimpleNamespace(catalog_sha256=checked.catalog.sha256())

    catalog = read_trained_catalog(data, training)

    assert len(catalog) == 6
    (data / "AML" / "AML_0.png").unlink()
    with pytest.raises(CatalogError, match="trained on other data"):
        read_trained_catalog(data, training)
