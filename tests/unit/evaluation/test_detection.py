"""Found leukocytes against marks: pairs, shares and the files of marks."""

import cv2
import numpy as np
import pytest

from leukapp.data.readers.cell_marks import CellMark, read_cell_marks
from leukapp.errors import CatalogError
from leukapp.evaluation.detection import DetectionCounts, count_found, report_detection
from leukapp.fields.leukocytes import FoundLeukocytes, Leukocyte
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.recipes.detection import report_marked_folders


def found(*middles, erythrocyte_px=20.0):
    cells = tuple(Leukocyte(x_px=x, y_px=y, nucleus_px=30.0) for x, y in middles)
    return FoundLeukocytes(mode="field", erythrocyte_px=erythrocyte_px, leukocytes=cells)


def box(x, y, half):
    return CellMark(x_px=x, y_px=y, half_width_px=half, half_height_px=half)


def test_each_mark_and_each_found_cell_is_in_one_pair():
    # The second cell lies in both boxes: only the larger matching pairs them all.
    counts = count_found([box(10, 10, 8), box(20, 10, 12)], found((16, 10), (4, 10)))
    assert counts == DetectionCounts(n_marked=2, n_found=2, n_right=2)


def test_two_cells_in_one_box_are_one_right_and_one_wrong():
    counts = count_found([box(10, 10, 8)], found((8, 10), (12, 10)))
    assert counts == DetectionCounts(n_marked=1, n_found=2, n_right=1)


def test_mark_without_box_reaches_one_erythrocyte():
    mark = CellMark(x_px=50, y_px=50)
    assert count_found([mark], found((50, 69))).n_right == 1
    assert count_found([mark], found((50, 71))).n_right == 0


def test_nothing_marked_and_nothing_found():
    assert count_found([], found()) == DetectionCounts(n_marked=0, n_found=0, n_right=0)


def test_report_sums_over_images():
    report = report_detection(
        [
            DetectionCounts(n_marked=3, n_found=2, n_right=2),
            DetectionCounts(n_marked=1, n_found=2, n_right=1),
            DetectionCounts(n_marked=0, n_found=1, n_right=0),
        ],
        has_boxes=True,
    )
    assert report.recall.value == pytest.approx(3 / 4)
    assert report.precision.value == pytest.approx(3 / 5)
    assert report.f1.value == pytest.approx(2 * 3 / 9)
    assert report.recall.low is not None
    assert report.recall.low <= report.recall.value


@pytest.fixture
def folder(tmp_path):
    image = draw_synthetic_cell("lymphoblast", seed=4)
    for name in ("Im001_1", "Im002_0"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image[..., ::-1])
    return tmp_path


def test_box_table_speaks_of_every_image(folder):
    (folder / "boxes.csv").write_text(
        "image,cell,xmin,ymin,xmax,ymax\nIm001_1.png,WBC,10,20,30,60\nIm001_1.png,RBC,0,0,9,9\n"
    )
    first, second = read_cell_marks(folder)
    assert first.marks == (CellMark(x_px=20.0, y_px=40.0, half_width_px=10.0, half_height_px=20.0),)
    assert second.marks == ()


def test_centroids_of_all_idb1(folder):
    (folder / "xyc").mkdir()
    (folder / "xyc" / "Im001_1.xyc").write_text("124\t57\n 8 9 \n\n")
    (folder / "xyc" / "Im002_0.xyc").write_text("")
    first, second = read_cell_marks(folder)
    assert first.marks == (CellMark(x_px=124, y_px=57), CellMark(x_px=8, y_px=9))
    assert second.marks == ()


@pytest.mark.parametrize(
    "rows",
    ["image,cell\nIm001_1.png,WBC\n", "image,cell,xmin,ymin,xmax,ymax\nIm001_1.png,WBC,a,0,1,1\n"],
)
def test_box_table_that_cannot_be_understood(folder, rows):
    (folder / "boxes.csv").write_text(rows)
    with pytest.raises(CatalogError, match="give it the columns"):
        read_cell_marks(folder)


def test_box_table_of_other_images(folder):
    (folder / "boxes.csv").write_text("image,cell,xmin,ymin,xmax,ymax\nother.png,WBC,0,0,1,1\n")
    with pytest.raises(CatalogError, match="row 2"):
        read_cell_marks(folder)


def test_damaged_centroids(folder):
    (folder / "Im001_1.xyc").write_text("12 a\n")
    with pytest.raises(CatalogError, match="x and a y"):
        read_cell_marks(folder)


def test_report_of_a_folder_is_written(folder):
    image = draw_synthetic_cell("lymphoblast", seed=4)
    middle = np.array(image.shape[1::-1]) / 2
    (folder / "Im001_1.xyc").write_text(f"{middle[0]:.0f} {middle[1]:.0f}\n")
    reports = report_marked_folders(sorted(folder.glob("*.png")), folder)
    assert reports[folder.name].n_right == 1
    assert (folder / "detection.json").is_file()


def test_no_marks_no_report(folder):
    assert report_marked_folders(sorted(folder.glob("*.png")), folder) == {}
    assert not (folder / "detection.json").exists()
