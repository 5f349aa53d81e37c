"""The experiment's finder: what it is taught, what it reads out of an answer, how it is judged."""

import csv
from pathlib import Path

import numpy as np
import pytest

from experiments.finder.canvases import CanvasMaker
from experiments.finder.judging import FoundShare, pair_with_marks
from experiments.finder.labelled import NO_BOXES, LabelledImage
from experiments.finder.targets import (
    CANVAS_PX,
    ERYTHROCYTE_COUNTS,
    GRID,
    LEUKOCYTE,
    LEUKOCYTE_COUNTS,
    LEUKOCYTE_SIZE,
    SIZE_KNOWN,
    draw_target,
)
from leukapp.fields.found_cells import FoundCell
from leukapp.fields.learned_finder import MIN_SCORE
from leukapp.imaging.synthetic import draw_synthetic_field

NOTHING_DARK = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def drawn_field(seed: int) -> LabelledImage:
    field = draw_synthetic_field(n_leukocytes=4, seed=seed)
    marks = boxes(
        *(((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0) for x0, y0, x1, y1 in field.boxes)
    )
    return LabelledImage(
        pixels=field.image,
        source="drawn",
        leukocytes=marks,
        erythrocytes=NO_BOXES,
        unclear=NO_BOXES,
        is_complete=True,
        knows_erythrocytes=False,
        leukocyte_px=float(np.median(marks[:, 2:])),
    )


def test_a_target_says_where_a_leukocyte_is_and_how_large() -> None:
    target = draw_target(
        boxes((102, 62, 40, 20)), NO_BOXES, NO_BOXES, NOTHING_DARK, knows_erythrocytes=False
    )

    assert np.unravel_index(target[..., LEUKOCYTE].argmax(), (GRID, GRID)) == (15, 25)
    np.testing.assert_allclose(np.exp(target[15, 25, LEUKOCYTE_SIZE]), (40, 20), rtol=1e-5)
    assert target[..., SIZE_KNOWN].sum() == 9
    assert not target[..., ERYTHROCYTE_COUNTS].any()


def test_dark_and_unclear_places_teach_nothing_but_marks_do() -> None:
    dark = NOTHING_DARK.copy()
    dark[100:160, 100:160] = 1
    mark, unclear = boxes((130, 130, 0, 0)), boxes((40, 40, 40, 40))

    target = draw_target(mark, NO_BOXES, unclear, dark, knows_erythrocytes=False)

    counts = target[..., LEUKOCYTE_COUNTS]
    assert counts[10, 10] == 0
    assert counts[28, 28] == 0
    peak = np.unravel_index(target[..., LEUKOCYTE].argmax(), (GRID, GRID))
    assert counts[peak] == 1
    assert target[..., SIZE_KNOWN].sum() == 0


def test_middles_on_a_canvas_lie_on_stained_cells() -> None:
    maker = CanvasMaker([drawn_field(seed) for seed in range(3)])
    rng = np.random.default_rng(0)
    darker = []
    for _ in range(20):
        canvas = maker.draw(rng)
        assert canvas.pixels.shape == (CANVAS_PX, CANVAS_PX, 3)
        green = canvas.pixels[::4, ::4, 1].astype(float)
        is_middle = canvas.target[..., LEUKOCYTE] >= 0.999
        if is_middle.any():
            darker.append(green[is_middle].mean() < np.median(green))

    assert len(darker) > 10
    assert np.mean(darker) > 0.9


def test_the_same_seed_draws_the_same_canvas() -> None:
    maker = CanvasMaker([drawn_field(1)])

    first, second = (maker.draw(np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.target, second.target)


def cell_at(x_px: float, score: float) -> FoundCell:
    return FoundCell(x_px=x_px, y_px=0, width_px=20, height_px=20, score=score)


def test_each_mark_takes_one_found_cell_and_a_point_has_a_reach() -> None:
    marks = boxes((0, 0, 20, 20), (100, 0, 0, 0))
    found = [cell_at(3, 0.9), cell_at(1, 0.5), cell_at(115, 0.9), cell_at(125, 0.9)]

    assert pair_with_marks(marks, found, usual_px=40) == {1, 2}


def test_the_figures_of_the_page_are_those_of_the_trials() -> None:
    folder = Path(__file__).parents[3] / "experiments"
    page = (folder / "README.md").read_text(encoding="utf-8")
    figures = page.split("<!-- figures: begin -->")[1].split("<!-- figures: end -->")[0]
    shown = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in figures.strip().splitlines()[2:]
    ]
    with (folder / "finder" / "trials.csv").open(encoding="utf-8", newline="") as stream:
        trials = [
            [row["source"], row["images"], row["marked"], row["recall"], row["precision"]]
            for row in csv.DictReader(stream)
            if (row["canvases"], row["min_score"]) == ("12000", str(MIN_SCORE))
        ]

    assert len(shown) == 8
    assert [
        [source, images, marked, recall, precision.replace("unknown", "")]
        for source, _, images, marked, recall, precision in shown
    ] == trials


def test_precision_is_not_said_where_marks_are_incomplete() -> None:
    share = FoundShare(
        source="drawn", n_images=1, n_marked=4, n_found=5, n_right=3, is_complete=False
    )

    assert share.recall == 0.75
    assert share.precision is None


@pytest.mark.keras
def test_the_head_learns_a_canvas() -> None:
    import keras

    from experiments.finder.loss import finder_loss
    from leukapp.model.finder_network import TAPS, build_finder_head

    keras.utils.set_random_seed(0)
    head = build_finder_head(CANVAS_PX)
    rng = np.random.default_rng(0)
    maps = [
        rng.normal(size=(2, CANVAS_PX // stride, CANVAS_PX // stride, n)).astype(np.float32)
        for _, stride, n in TAPS
    ]
    target = draw_target(
        boxes((100, 60, 40, 30)), NO_BOXES, NO_BOXES, NOTHING_DARK, knows_erythrocytes=False
    )
    head.compile(optimizer=keras.optimizers.Adam(3e-3), loss=finder_loss, jit_compile=False)

    losses = [float(head.train_on_batch(maps, np.stack([target] * 2))) for _ in range(8)]

    assert losses[-1] < 0.7 * losses[0]
