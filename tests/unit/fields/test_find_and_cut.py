"""Leukocytes of synthetic and real images: found, counted, cut at one scale."""

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukapp.fields.crops import cut_cells, cut_marked
from leukapp.fields.leukocytes import find_leukocytes
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.image_io import read_image
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.imaging.white_balance import BACKGROUND_LEVEL, measure_background

DATA = Path(os.environ.get("LEUKAPP_DATA_DIR", Path(__file__).resolve().parents[4] / "shared/data"))


@pytest.mark.parametrize("kind", ["lymphoblast", "neutrophil"])
def test_photograph_of_one_cell_is_one_crop(kind):
    image = draw_synthetic_cell(kind, seed=4)
    cut = cut_cells(image)
    assert cut.mode == "cell"
    assert len(cut.crops) == 1
    crop = cut.crops[0]
    assert crop.image.shape == (CROP_PX, CROP_PX, 3)
    middle = (crop.box.x0 + crop.box.x1) / 2, (crop.box.y0 + crop.box.y1) / 2
    assert np.hypot(middle[0] - image.shape[1] / 2, middle[1] - image.shape[0] / 2) < 40


@pytest.mark.parametrize("shift", [0, 130])
def test_a_cell_that_is_marked_is_cut_out_as_one_that_is_found(shift):
    """Also at the edge, where its window was cut."""
    image = draw_synthetic_cell("lymphoblast", seed=4)[shift:, shift:]
    cut = cut_cells(image, mode="field")
    [crop] = cut.crops
    assert (crop.box.x0 == 0) == (shift > 0)
    assert cut.erythrocyte_px is not None
    marked = cut_marked(image, crop.box, cut.erythrocyte_px, squash=cut.squash)
    assert np.array_equal(marked, crop.image)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_crop_does_not_depend_on_the_resolution(factor):
    image = draw_synthetic_cell("lymphoblast", seed=4)
    resized = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    first, second = find_leukocytes(image), find_leukocytes(resized)
    assert first.erythrocyte_px is not None
    assert second.erythrocyte_px == pytest.approx(factor * first.erythrocyte_px, rel=0.2)
    cell, same = first.leukocytes[0], second.leukocytes[0]
    assert (same.x_px, same.y_px) == pytest.approx(
        (factor * cell.x_px, factor * cell.y_px), abs=8 * factor
    )


def test_crop_does_not_depend_on_the_lamp():
    image = draw_synthetic_cell("lymphoblast", seed=4)
    yellow = np.asarray(image * np.array([0.95, 0.85, 0.6]), np.uint8)
    plain, tinted = (cut_cells(pixels).crops[0].image for pixels in (image, yellow))
    assert np.abs(plain.astype(int) - tinted.astype(int)).mean() < 6
    assert measure_background(tinted) == pytest.approx((BACKGROUND_LEVEL,) * 3, abs=12)


@pytest.mark.parametrize(
    "image",
    [
        np.full((400, 400, 3), 235, np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.full((9, 300, 3), 200, np.uint8),
        np.full((1, 1, 3), 128, np.uint8),
    ],
    ids=["blank", "black", "flat", "one pixel"],
)
def test_nothing_to_find(image):
    assert cut_cells(image).crops == ()


def test_noise_holds_no_cell():
    rng = np.random.default_rng(6)
    noise = rng.normal(rng.uniform(80, 200, 3), 60, (256, 256, 3))
    assert cut_cells(np.clip(noise, 0, 255).astype(np.uint8)).crops == ()


def test_cell_at_the_edge_is_cut_whole():
    image = draw_synthetic_cell("lymphoblast", seed=4)
    cell = find_leukocytes(image).leukocytes[0]
    corner = image[round(cell.y_px) - 30 :, round(cell.x_px) - 30 :]
    crops = cut_cells(corner).crops
    assert crops
    assert all(crop.image.shape == (CROP_PX, CROP_PX, 3) for crop in crops)
    assert all(crop.box.x0 >= 0 and crop.box.y1 <= corner.shape[0] for crop in crops)


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the real smear images are not here")
def test_finds_the_leukocytes_of_real_fields():
    """Every second BCCD field; none of these was looked at while the finder was tuned."""
    folder = DATA / "smears" / "bccd_fields"
    with (folder / "boxes.csv").open(newline="") as stream:
        boxes = [row for row in csv.DictReader(stream) if row["cell"] == "WBC"]
    n_boxes = n_found = n_right = 0
    for path in sorted(folder.glob("*.jpg"))[1::2]:
        of_image = [
            [float(row[side]) for side in ("xmin", "ymin", "xmax", "ymax")]
            for row in boxes
            if row["image"] == path.name
        ]
        n_boxes += len(of_image)
        for cell in find_leukocytes(read_image(path)).leukocytes:
            n_found += 1
            hit = next(
                (b for b in of_image if b[0] <= cell.x_px <= b[2] and b[1] <= cell.y_px <= b[3]),
                None,
            )
            if hit is not None:
                of_image.remove(hit)
                n_right += 1
    assert n_right / n_boxes >= 0.93
    assert n_right / n_found >= 0.90


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the real smear images are not here")
def test_reads_the_scale_of_real_fields():
    """Against the boxes around the erythrocytes of every second BCCD field."""
    folder = DATA / "smears" / "bccd_fields"
    with (folder / "boxes.csv").open(newline="") as stream:
        boxes = [row for row in csv.DictReader(stream) if row["cell"] == "RBC"]
    deviations = []
    for path in sorted(folder.glob("*.jpg"))[1::2]:
        of_image = [
            (float(row["xmax"]) - float(row["xmin"]) + float(row["ymax"]) - float(row["ymin"])) / 2
            for row in boxes
            if row["image"] == path.name
        ]
        found_px = find_leukocytes(read_image(path)).erythrocyte_px
        if len(of_image) >= 5:
            assert found_px is not None
            deviations.append(np.log(found_px / np.median(of_image)))
    assert len(deviations) >= 50
    # The boxes are drawn a little outside of the cells.
    assert -0.15 < np.median(deviations) < 0.05
    assert np.std(deviations) < 0.115
