"""The learned finder around a network of which every answer is known."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from leukapp.fields.crops import cut_cells
from leukapp.fields.found_cells import FoundCell
from leukapp.fields.learned_finder import (
    SIDES_PX,
    LearnedFinder,
    _density_quantile,
    measure_nuclear_stain,
)
from leukapp.imaging.arrays import RgbImage

SIDE_PX = 512
ERYTHROCYTES = ((100, 100), (400, 100), (100, 400), (400, 400), (250, 60), (60, 250))


def smear(squash: float = 1.0) -> RgbImage:
    """A dark disk in the middle and paler ones around it, as wide as ``squash`` says."""
    image = np.full((SIDE_PX, SIDE_PX, 3), 230, np.uint8)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    for (row, column), radius, color in [
        *((place, 30, (220, 150, 160)) for place in ERYTHROCYTES),
        ((256, 256), 55, (90, 40, 120)),
    ]:
        image[((x - column) / squash) ** 2 + (y - row) ** 2 < radius**2] = color
    return image


def network_that_knows(
    squash: float,
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """What a perfect network says of ``smear`` at any size."""

    def look(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        side_px = batch.shape[1]
        scale = side_px / SIDE_PX
        answer = np.full((side_px // 4, side_px // 4, 6), -9, np.float32)
        for channel, places, radius in ((0, ((256, 256),), 55), (1, ERYTHROCYTES, 30)):
            size = slice(2 + 2 * channel, 4 + 2 * channel)
            answer[..., size] = np.log((2 * radius * squash * scale, 2 * radius * scale))
            for row, column in places:
                answer[int(row * scale / 4), int(column * scale / 4), channel] = 1
        return answer

    return look


def finder(squash: float = 1.0) -> LearnedFinder:
    return LearnedFinder(sha256="0" * 64, looks=dict.fromkeys(SIDES_PX, network_that_knows(squash)))


def test_a_leukocyte_is_found_once_with_the_scale_of_its_image() -> None:
    found = finder().find(smear(), mode="field")

    (cell,) = found.leukocytes
    assert abs(cell.x_px - 256) < 8
    assert abs(cell.y_px - 256) < 8
    assert found.erythrocyte_px is not None
    assert abs(found.erythrocyte_px - 60) < 1
    assert found.squash == 1


def test_a_pale_cell_is_no_leukocyte_unless_the_network_is_very_sure() -> None:
    image = smear()
    image[180:330, 180:330] = (220, 150, 160)

    assert finder().find(image, mode="field").leukocytes == ()


def test_a_squashed_cell_is_round_in_its_crop() -> None:
    (crop,) = cut_cells(smear(0.6), mode="field", finder=finder(0.6)).crops

    is_dark = crop.image[..., 1] < 60
    width, height = is_dark.any(axis=0).sum(), is_dark.any(axis=1).sum()
    assert abs(width / height - 1) < 0.1


def test_the_nuclear_stain_is_measured_against_the_erythrocytes_of_the_image() -> None:
    def at(row: float, column: float, side_px: float) -> FoundCell:
        return FoundCell(x_px=column, y_px=row, width_px=side_px, height_px=side_px, score=0.5)

    erythrocytes = [at(row, column, 60) for row, column in ERYTHROCYTES]

    dark, pale = measure_nuclear_stain(smear(), [at(256, 256, 110), erythrocytes[0]], erythrocytes)

    assert dark > 0.9
    assert abs(pale) < 0.05


def test_a_quantile_by_counting_is_that_by_sorting() -> None:
    levels = np.random.default_rng(0).integers(30, 240, (41, 37)).astype(np.uint8)
    table = -np.log(np.arange(256, dtype=np.float32) + 1)
    for share in (0.0, 0.8, 0.995, 1.0):
        assert _density_quantile(levels, table, share) == float(np.quantile(table[levels], share))
