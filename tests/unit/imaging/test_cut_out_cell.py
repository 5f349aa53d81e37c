"""Cells that were cut out on black: recognized, laid on a smear, never taken for a dark image."""

import cv2
import numpy as np
import pytest

from leukapp.fields.crops import cut_cells
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.cut_out_cell import find_cut_out_cell, lay_on_smear, replace_background
from leukapp.imaging.quality import assess_quality
from leukapp.imaging.synthetic import draw_synthetic_cell, draw_synthetic_field
from leukapp.imaging.white_balance import BACKGROUND_LEVEL

SIDE_PX = 240


def oval(*, side_px=SIDE_PX, middle=(0.5, 0.5), radii=(0.26, 0.21)):
    """A mask, bool (side, side), with the outline of a cell."""
    mask = np.zeros((side_px, side_px), np.uint8)
    center, axes = (tuple(round(side_px * part) for part in pair) for pair in (middle, radii))
    cv2.ellipse(mask, center, axes, 20, 0, 360, 1, -1)
    return mask > 0


def cut_out(*, brightness=0.4, mask=None, seed=1):
    """A dark violet cell with a grainy nucleus on black, as C-NMC publishes them."""
    mask = oval() if mask is None else mask
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.normal(0, 1, mask.shape).astype(np.float32), (0, 0), 2.5)
    cell = np.array((155, 65, 185)) * (1 + 0.8 * texture[..., None])
    return np.asarray(np.clip(cell * brightness, 0, 255) * mask[..., None], np.uint8)


def jpeg(image, quality):
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("brightness", [0.3, 0.45, 1.0])
def test_a_cell_on_black_is_found_with_its_outline(brightness):
    found = find_cut_out_cell(cut_out(brightness=brightness))
    assert found is not None
    assert np.array_equal(found.mask, oval())
    assert not found.mask.flags.writeable
    rows, columns = np.nonzero(oval())
    box = found.box
    assert (box.x0, box.y0) == (columns.min(), rows.min())
    assert (box.x1, box.y1) == (columns.max() + 1, rows.max() + 1)
    assert found.diameter_px == pytest.approx(2 * SIDE_PX * np.sqrt(0.26 * 0.21), rel=0.02)


@pytest.mark.parametrize("side_px", [60, 120, 480, 1100])
def test_resolution_and_jpeg_do_not_hide_it(side_px):
    image = cv2.resize(cut_out(), (side_px, side_px), interpolation=cv2.INTER_AREA)
    found = find_cut_out_cell(jpeg(image, 60))
    assert found is not None
    assert found.mask.shape == (side_px, side_px)
    assert found.diameter_px / side_px == pytest.approx(2 * np.sqrt(0.26 * 0.21), rel=0.05)


def test_the_new_background_is_plain_and_the_cell_stays_darker():
    image = cut_out()
    found = find_cut_out_cell(image)
    before = image.copy()
    laid = replace_background(image, found)
    assert np.array_equal(image, before)
    far = cv2.dilate(found.mask.astype(np.uint8), np.ones((13, 13))) == 0
    assert (laid[far] == BACKGROUND_LEVEL).all()
    inside = cv2.erode(found.mask.astype(np.uint8), np.ones((13, 13))) > 0
    assert laid[inside].mean() == pytest.approx(0.49 * BACKGROUND_LEVEL, rel=0.1)
    # The cell's hue is its own: one factor for the three colors.
    ratio = laid[inside].astype(float).mean(axis=0) / image[inside].mean(axis=0)
    assert ratio == pytest.approx([ratio.mean()] * 3, rel=0.03)
    # No dark seam of mixed pixels is left around it.
    rim = ~far & ~inside
    assert laid[rim].mean() > laid[inside].mean()


def test_the_lamp_does_not_change_what_is_judged():
    dark, bright = (lay_on_smear(cut_out(brightness=level)) for level in (0.4, 0.9))
    assert np.abs(dark.astype(int) - bright).mean() < 2


def eyepiece(image):
    """What a telephone at the eyepiece sees: a round field on black."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (width // 2, height // 2), round(0.46 * min(height, width)), 1, -1)
    return image * mask[..., None]


def two_cells():
    mask = oval(middle=(0.25, 0.25), radii=(0.15, 0.12)) | oval(
        middle=(0.7, 0.7), radii=(0.15, 0.12)
    )
    return cut_out(mask=mask)


def framed():
    image = np.zeros((240, 240, 3), np.uint8)
    image[70:170, 60:180] = (150, 70, 170)
    return image


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((300, 300, 3), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((3000, 17, 3), np.uint8),
        draw_synthetic_cell("lymphoblast", seed=1),
        eyepiece(draw_synthetic_cell("lymphoblast", seed=1)),
        eyepiece(draw_synthetic_field(n_leukocytes=3, seed=3).image),
        eyepiece(np.full((300, 300, 3), (150, 70, 170), np.uint8)),
        framed(),
        two_cells(),
        cut_out()[..., :1].repeat(3, axis=2),
        np.ascontiguousarray(cut_out()[..., ::-1] * np.array([1, 1, 0.4])).astype(np.uint8),
    ],
    ids=[
        "black", "tiny", "strip", "cell in its smear", "cell in an eyepiece",
        "field in an eyepiece", "violet disk", "framed picture", "two cells", "colorless", "red",
    ],
)  # fmt: skip
def test_what_is_no_cut_out_cell(image):
    assert find_cut_out_cell(image) is None
    assert lay_on_smear(image) is image


@pytest.mark.parametrize("brightness", [0.25, 0.4, 0.9])
def test_a_cut_out_cell_is_not_too_dark(brightness):
    report = assess_quality(cut_out(brightness=brightness))
    assert report.blocking is None
    assert report.findings[0].kind == "cut_out_cell"
    assert report.findings[0].message == (
        "The image shows a single cell that was cut out on black: its background was replaced by a "
        "plain one before it was judged."
    )


@pytest.mark.parametrize("mode", ["auto", "cell", "field"])
def test_the_crop_of_a_cut_out_cell_has_its_scale_from_the_outline(mode):
    cut = cut_cells(cut_out(mask=oval(middle=(0.55, 0.48))), mode=mode)
    assert (cut.mode, cut.erythrocyte_px) == ("segmented", None)
    (crop,) = cut.crops
    assert crop.image.shape == (CROP_PX, CROP_PX, 3)
    assert (crop.image[0] == BACKGROUND_LEVEL).all()
    assert crop.box.x1 - crop.box.x0 == pytest.approx(1.83 * crop.nucleus_px, abs=2)
    middle = (crop.box.x0 + crop.box.x1) / 2, (crop.box.y0 + crop.box.y1) / 2
    assert middle == pytest.approx((0.55 * SIDE_PX, 0.48 * SIDE_PX), abs=1.5)


def test_the_crop_is_the_same_at_any_resolution():
    image = cut_out()
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    crops = [cut_cells(one).crops[0].image.astype(int) for one in (image, jpeg(half, 70))]
    assert np.abs(crops[0] - crops[1]).mean() < 4
