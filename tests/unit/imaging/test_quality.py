import os
import random
import time
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

from leukapp.errors import ImageError
from leukapp.imaging.image_io import read_image
from leukapp.imaging.quality import assess_quality
from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell, draw_synthetic_field

PURPLE, GLASS = (120, 60, 150), (230, 220, 215)


def chessboard(first, second, *, side_px=96, step_px=8):
    rows, columns = np.indices((side_px, side_px)) // step_px
    is_first = ((rows + columns) % 2 == 0)[..., None]
    return np.where(is_first, np.array(first, np.uint8), np.array(second, np.uint8))


def grainy(image):
    """The image with the grain of a camera; pure white stays as it is."""
    grain = np.random.default_rng(0).integers(-3, 4, image.shape)
    with_grain = np.clip(image.astype(int) + grain, 0, 254).astype(np.uint8)
    return np.where(image == 255, image, with_grain)


def constant(color, shape=(100, 120)):
    return np.full((*shape, 3), color, np.uint8)


def text_page(ink=(20, 20, 20), paper=(250, 250, 250)):
    page = constant(paper, (700, 500))
    for row in range(40, 680, 28):
        cv2.putText(page, "the patient was seen again", (20, row), 0, 0.9, ink, 2)
    return page


def sunset():
    """A photograph without violet: warm sky, green ground, grey house."""
    rng = np.random.default_rng(4)
    photo = np.empty((300, 400, 3), np.float64)
    photo[:180] = np.linspace((110, 160, 230), (250, 190, 120), 180)[:, None]
    photo[180:] = (70, 120, 50)
    photo[100:220, 150:260] = (140, 135, 130)
    return np.clip(photo + rng.normal(0, 8, photo.shape[:2])[..., None], 0, 255).astype(np.uint8)


def blocking_kind(image):
    blocking = assess_quality(image).blocking
    return None if blocking is None else blocking.kind


def test_measures_by_hand():
    report = assess_quality(chessboard((255, 255, 255), (0, 0, 0), side_px=90, step_px=45))
    assert (report.width_px, report.height_px) == (90, 90)
    assert report.brightness == pytest.approx(127.5)
    assert report.contrast == pytest.approx(127.5)
    assert report.saturated_fraction == 1
    assert report.stained_fraction == 0


def test_focus_by_hand():
    # One pixel 60 brighter: the Laplacian is -240 there, 60 at four neighbors, 0 elsewhere, mean 0.
    image = constant((100, 100, 100), (100, 100))
    image[50, 50] = 160
    assert assess_quality(image).focus == pytest.approx((240**2 + 4 * 60**2) / 10_000)


def test_stained_fraction_by_hand():
    image = constant(GLASS, (100, 100))
    image[:, :25] = PURPLE
    assert assess_quality(image).stained_fraction == pytest.approx(0.25)


def test_a_color_cast_does_not_hide_the_stain():
    yellow = (1.0, 0.9, 0.6)
    image = chessboard(PURPLE, GLASS)
    cast = (image * np.array(yellow)).astype(np.uint8)
    assert assess_quality(cast).stained_fraction == assess_quality(image).stained_fraction == 0.5


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (constant(255), "overexposed"),
        (constant(0), "too_dark"),
        (constant(128), "blank"),
        (constant(PURPLE), "blank"),
        (text_page(), "no_stain"),
        (text_page(ink=(160, 20, 20), paper=(240, 230, 200)), "no_stain"),
        (sunset(), "no_stain"),
        (chessboard((200, 60, 50), GLASS), "no_stain"),
        (chessboard((60, 120, 50), GLASS), "no_stain"),
        (np.repeat(chessboard(PURPLE, GLASS)[..., :1], 3, axis=2), "no_stain"),
        (chessboard((2, 1, 3), (24, 22, 22)), "too_dark"),
        (grainy(chessboard(PURPLE, GLASS)), None),
    ],
    ids=[
        "white", "black", "grey", "one color", "text", "red text", "photograph", "red", "green",
        "colorless", "dim", "stained",
    ],
)  # fmt: skip
def test_what_forbids_a_call(image, kind):
    assert blocking_kind(image) == kind


@pytest.mark.parametrize("side_px", [64, 224, 360, 1200])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_noise_forbids_a_call(side_px, n_channels):
    noise = np.random.default_rng(1).integers(0, 256, (side_px, side_px, n_channels), np.uint8)
    image = np.ascontiguousarray(np.broadcast_to(noise, (side_px, side_px, 3)))
    assert blocking_kind(image) == "noise"


def test_faint_noise_on_glass_forbids_a_call():
    noise = np.random.default_rng(1).normal(0, 1.5, (300, 300, 3))
    assert blocking_kind((constant(GLASS, (300, 300)) + noise).astype(np.uint8)) in {
        "noise",
        "blank",
    }


@pytest.mark.parametrize("kind", get_args(CellKind))
def test_a_drawn_cell_passes_and_out_of_focus_does_not(kind):
    cell = draw_synthetic_cell(kind, seed=2, size_px=224)
    assert assess_quality(cell).findings == ()
    blurred = assess_quality(cv2.GaussianBlur(cell, (0, 0), 5))
    assert blurred.blocking is not None
    assert blurred.blocking.kind == "out_of_focus"
    assert blurred.blocking.message == (
        "The image is out of focus: take it again with the cells sharp."
    )


def test_a_drawn_field_passes():
    assert assess_quality(draw_synthetic_field(n_leukocytes=3, seed=3).image).blocking is None


def test_remarks_do_not_forbid_a_call():
    small = assess_quality(grainy(chessboard(PURPLE, GLASS, side_px=79)))
    assert [finding.kind for finding in small.findings] == ["too_small"]
    assert small.findings[0].message.startswith("The shorter side has 79 pixels")
    assert small.blocking is None
    assert assess_quality(grainy(chessboard(PURPLE, GLASS, side_px=80))).findings == ()


def test_much_pure_white_is_remarked():
    image = constant((255, 255, 255), (100, 100))
    image[:, :45] = chessboard(PURPLE, (150, 90, 180))[:90, :45].repeat(2, axis=0)[:100]
    report = assess_quality(grainy(image))
    assert report.saturated_fraction == pytest.approx(0.55)
    assert [finding.kind for finding in report.findings] == ["saturated"]


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (chessboard(PURPLE, GLASS), "drawn"),
        (grainy(chessboard(PURPLE, (60, 55, 70))), "no_glass"),
        (grainy(chessboard(PURPLE, (210, 120, 215))), "no_glass"),
        (
            grainy(np.hstack([chessboard(PURPLE, GLASS), constant((90, 200, 80), (96, 60))])),
            "foreign_colors",
        ),
        (
            grainy(np.hstack([chessboard(PURPLE, GLASS), constant((230, 60, 50), (96, 80))])),
            "foreign_colors",
        ),
    ],
    ids=["flat drawing", "dark ground", "violet ground", "green", "red"],
)
def test_what_only_other_pictures_have_forbids_a_call(image, kind):
    assert blocking_kind(image) == kind


def test_violet_specks_are_no_nucleus():
    image = constant(GLASS, (200, 200))
    for row in range(5, 200, 20):
        image[row : row + 2, 5::20] = PURPLE
        image[row : row + 2, 6::20] = PURPLE
    image[:, 100:] = np.minimum(image[:, 100:], 160)
    report = assess_quality(grainy(image))
    assert report.stained_fraction > 0.005
    assert report.blocking is not None
    assert report.blocking.kind == "no_stain"


def test_what_forbids_comes_first():
    report = assess_quality(constant(255, (40, 40)))
    assert [finding.blocks_call for finding in report.findings] == [True, False, False]


def test_a_very_flat_image_is_measured():
    assert assess_quality(constant(PURPLE, (16, 3000))).width_px == 3000


def test_the_image_is_not_modified():
    image = chessboard(PURPLE, GLASS, side_px=300)
    before = image.copy()
    image.flags.writeable = False
    assess_quality(image)
    assert np.array_equal(image, before)


@pytest.mark.parametrize(("shape", "limit_ms"), [((360, 360), 50), ((1944, 2592), 200)])
def test_cheap(shape, limit_ms):
    # Of the processor, so that another busy process does not count; measured at a fifth of it.
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    durations_ms = []
    for _ in range(3):
        started = time.process_time()
        assess_quality(image)
        durations_ms.append(1e3 * (time.process_time() - started))
    assert min(durations_ms) < limit_ms


SOURCES = (
    "all_idb2_103px", "aria_all_fields", "bccd_fields", "jhu_aml", "lmu_aml", "pbc_healthy",
    "tecom_wbc_120",
)  # fmt: skip


@pytest.fixture
def smears(repository) -> Path:
    folder = Path(os.environ.get("LEUKAPP_DATA_DIR", repository.parent / "shared" / "data"))
    if not (folder / "smears").is_dir():
        pytest.skip("the real smear images are not on this machine")
    return folder / "smears"


def some_images(folder: Path, n_images: int) -> list[np.ndarray]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".jpg", ".png", ".tif"})
    images = []
    for path in random.Random(0).sample(paths, min(n_images, len(paths))):  # noqa: S311
        try:
            images.append(read_image(path))
        except ImageError as error:
            pytest.fail(f"{path.name}: {error}")
    return images


@pytest.mark.real_data
@pytest.mark.parametrize("source", SOURCES)
def test_real_smears_pass_and_blurred_ones_do_not(smears, source):
    images = some_images(smears / source, 30)
    assert len(images) == 30
    assert [blocking_kind(image) for image in images] == [None] * len(images)
    for image in images:
        sigma_px = 4 * max(1, max(image.shape[:2]) / 224)
        assert blocking_kind(cv2.GaussianBlur(image, (0, 0), sigma_px)) == "out_of_focus"


@pytest.mark.parametrize("shape", [(15_656, 56, 3), (56, 15_656, 3)])
def test_a_strip_that_shrinks_to_one_pixel_is_measured(shape):
    report = assess_quality(np.full(shape, 180, np.uint8))
    assert np.isfinite([report.focus, report.contrast, report.stained_fraction]).all()
    assert report.blocking is not None
