import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.backbones.archives import excluded_cell_names, read_cell_images, read_cells
from leukapp.data.catalog import Sample
from leukapp.errors import CatalogError

ROWS = [
    ("jhu.zip", "Patient_00/Blast/BL_1.png", "jhu", "Patient_00", "Blast", "AML"),
    ("pbc.zip", "pbc/basophil/BA_1.png", "pbc", "", "basophil", "Healthy"),
    ("jhu.zip", "Patient_01/Blast/BL_2.png", "jhu", "Patient_01", "Blast", "APL"),
    ("pbc.zip", "pbc/basophil/BA_2.png", "pbc", "", "basophil", "Healthy"),
]
COLUMNS = ["archive", "name", "source", "group", "cell_type", "diagnosis"]


def png(value, side_px=112):
    buffer = io.BytesIO()
    Image.new("RGB", (side_px, side_px), (value, 0, 255)).save(buffer, "PNG")
    return buffer.getvalue()


def write_cells(folder, rows=ROWS):
    pd.DataFrame(rows, columns=COLUMNS).to_csv(folder / "cells.csv", index=False)
    for archive_name in ("jhu.zip", "pbc.zip"):
        with zipfile.ZipFile(folder / archive_name, "w") as archive:
            for value, row in enumerate(ROWS):
                if row[0] == archive_name:
                    archive.writestr(row[1], png(value))
    return folder


def sample(sample_id, source, group, *, lab="", groups_known=True):
    return Sample(
        path=Path(sample_id),
        label="AML",
        group=group,
        source=source,
        lab=lab,
        sample_id=sample_id,
        groups_known=groups_known,
    )


def test_cells_and_images_keep_the_order_asked_for(tmp_path):
    cells = read_cells(write_cells(tmp_path))
    assert [cell.group for cell in cells] == [
        "jhu:Patient_00",
        "pbc/basophil/BA_1.png",
        "jhu:Patient_01",
        "pbc/basophil/BA_2.png",
    ]
    assert cells[2].diagnosis == "APL"
    images = read_cell_images([cells[3], cells[0], cells[2]])
    assert images.shape == (3, 112, 112, 3)
    assert images.dtype == np.uint8
    assert images[:, 5, 7].tolist() == [[3, 0, 255], [0, 0, 255], [2, 0, 255]]


def test_held_out_patients_and_file_names_are_excluded(tmp_path):
    cells = read_cells(write_cells(tmp_path))
    held_out = [
        sample("jhu_aml/Patient_01/other.jpg", "jhu_aml", "jhu_aml:Patient_01", lab="jhu"),
        sample("pbc_healthy/BA_1.jpg", "pbc_healthy", "pbc:x", lab="pbc", groups_known=False),
        sample("lmu_aml/BA_2.jpg", "lmu", "lmu:x", groups_known=False),
    ]
    assert excluded_cell_names(cells, held_out) == {
        "Patient_01/Blast/BL_2.png",
        "pbc/basophil/BA_1.png",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], ROWS[0]], "lists a cell more than once"),
        ([("gone.zip", "a.png", "jhu", "p", "x", "AML")], "'gone.zip' must lie beside"),
        ([("../jhu.zip", "a.png", "jhu", "p", "x", "AML")], "must lie beside"),
    ],
)
def test_table_that_is_refused(tmp_path, rows, message):
    with pytest.raises(CatalogError, match=message):
        read_cells(write_cells(tmp_path, rows))


def test_cell_problems_are_named(tmp_path):
    rows = [("jhu.zip", name, "jhu", "p", "x", "AML") for name in ("none", "bad", "small")]
    cells = read_cells(write_cells(tmp_path, rows))
    with zipfile.ZipFile(tmp_path / "jhu.zip", "w") as archive:
        archive.writestr("bad", b"no image")
        archive.writestr("small", png(1, side_px=64))
    for cell, message in zip(
        cells, ("none is not in its", "bad is damaged", "got 64 x 64"), strict=True
    ):
        with pytest.raises(CatalogError, match=message):
            read_cell_images([cell])
    (tmp_path / "jhu.zip").write_bytes(b"no archive")
    with pytest.raises(CatalogError, match=r"'jhu\.zip' cannot be read"):
        read_cell_images([cells[0]])
