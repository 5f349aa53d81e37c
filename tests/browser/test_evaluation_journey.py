"""A researcher's way from the figures to the images behind a cell, in a real browser.

The tables are those of the bundle that ships; the images behind them are drawn by a program.
"""

import csv
import io
import itertools
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from live_app import LiveApp, running_app
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from watched_page import WatchedPage

from leukapp.evaluation.confusion import rows_in_cell
from leukapp.evaluation.held_out import HeldOutSet, read_held_out
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.inference.answers import NO_ANSWER, answered_labels
from leukapp.resources import DATA_VARIABLE
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui.texts import evaluation as texts

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def held_out() -> HeldOutSet:
    """The first source of the bundle's first table, which the page opens with."""
    table = read_held_out(REPOSITORY / "weights" / "compact" / "held_out.csv")
    return table.of_source(table.source_names[0])


@pytest.fixture(scope="module")
def app(
    held_out: HeldOutSet,
    encode_png: Callable[..., bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveApp]:
    """The app with a data root that holds a drawing under the name of every image."""
    root = tmp_path_factory.mktemp("data")
    png = encode_png(draw_synthetic_cell("lymphoblast", seed=21))
    for sample_id in held_out.sample_ids:
        (root / sample_id).parent.mkdir(parents=True, exist_ok=True)
        (root / sample_id).write_bytes(png)
    with pytest.MonkeyPatch.context() as environment:
        environment.setitem(os.environ, DATA_VARIABLE, str(root))
        with running_app(root / "server.log") as live:
            yield live


def open_section(page: Page, section: str) -> None:
    page.get_by_role("link", name="Evaluation").click()
    page.get_by_role("radio", name=section, exact=True).click()


def matrix_box(page: Page) -> dict[str, float]:
    """Where the colored cells of the first matrix lie on the page, in pixels."""
    cells = page.locator(".js-plotly-plot .heatmaplayer image").first
    expect(cells).to_be_visible()
    box = cells.bounding_box()
    assert box is not None
    return dict(box)


def click_cell(page: Page, row: int, column: int) -> None:
    """Click a cell of the matrix near its upper left corner, away from its number."""
    cells = page.locator(".js-plotly-plot .heatmaplayer image").first
    cells.scroll_into_view_if_needed()
    box = matrix_box(page)
    x = box["x"] + (column + 0.15) * box["width"] / 3
    y = box["y"] + (row + 0.25) * box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def expect_painted(image: Locator) -> None:
    expect(image).to_be_visible()
    image.page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=image.element_handle()
    )


def test_a_first_visit_that_names_a_page_has_the_whole_app_around_it(
    browser: Browser, app: LiveApp
) -> None:
    """Must stay the first test here: only the first visit to a new server was once different."""
    page = browser.new_page()
    page.goto(f"{app.url}/evaluation")

    expect(page.get_by_text(texts.LEAD)).to_be_visible()
    expect(page.get_by_role("link", name="Diagnose")).to_be_visible()
    expect(page.get_by_role("note")).to_have_text(RESEARCH_USE_NOTICE)
    expect(page.get_by_text("95 % interval").first).to_be_visible()
    page.close()


def test_from_a_cell_to_its_images_and_their_heatmaps(
    watched: WatchedPage, held_out: HeldOutSet
) -> None:
    page = watched.page
    open_section(page, texts.CONFUSION)
    rows = rows_in_cell(held_out, "ALL", "ALL")
    click_cell(page, 0, 0)

    expect(page.get_by_text(texts.BEHIND_COUNT.format(n=len(rows)))).to_be_visible()
    looks = page.get_by_role("button", name=texts.OPEN_IMAGE)
    expect(looks).to_have_count(6)
    surest = re.compile(r"ALL .*%$")
    expect_painted(page.get_by_role("img", name=surest).first)

    looks.first.click()
    expect(page.get_by_text(f"{held_out.sample_ids[rows[0]]} · group")).to_be_visible()
    for source in ("EfficientNet-Lite2", "MobileNetV3-Large", "Both networks"):
        expect_painted(page.get_by_role("img", name=re.compile(f"^{source}: heat for")))

    names = held_out.class_names
    wrong = {
        (row, column): len(rows_in_cell(held_out, names[row], names[column]))
        for row, column in itertools.permutations(range(len(names)), 2)
    }
    cell, n_wrong = max(wrong.items(), key=lambda item: item[1])
    click_cell(page, *cell)
    expect(page.get_by_text(texts.BEHIND_COUNT.format(n=n_wrong))).to_be_visible()
    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_a_figure_downloads_as_data_and_as_picture(
    watched: WatchedPage, held_out: HeldOutSet, tmp_path: Path
) -> None:
    page = watched.page
    open_section(page, texts.CONFUSION)
    matrix_box(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=texts.CSV, exact=True).first.click()
    download.value.save_as(tmp_path / "confusion.csv")
    with (tmp_path / "confusion.csv").open(encoding="utf-8", newline="") as lines:
        cells = list(csv.DictReader(lines))

    n_answered = int((answered_labels(held_out.probabilities) != NO_ANSWER).sum())
    assert sum(int(cell["images"]) for cell in cells) == n_answered
    if n_answered < len(held_out):
        expect(
            page.get_by_text(texts.UNANSWERED.format(n=len(held_out) - n_answered)).first
        ).to_be_visible()
    assert {cell["notice"] for cell in cells} == {RESEARCH_USE_NOTICE}
    assert {cell["bundle_sha256"] for cell in cells} == {held_out.bundle_sha256}

    camera = page.locator(".modebar-btn[data-title*='ownload']").first
    with page.expect_download() as download:
        camera.click()
    download.value.save_as(tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert min(picture.size) > 500
        colors = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
        assert len(colors) > 20
    assert download.value.suggested_filename.startswith("leukapp-compact-held_out")
    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_the_threshold_is_live_and_two_sets_stand_side_by_side(watched: WatchedPage) -> None:
    page = watched.page
    open_section(page, texts.THRESHOLD)
    cards = page.locator(".leuk-card")
    expect(cards).to_have_count(4)
    before = cards.all_inner_texts()
    slider = page.get_by_role("slider", name=texts.THRESHOLD_LABEL)
    slider.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    expect(cards.first).not_to_have_text(before[0])

    page.get_by_role("combobox", name=re.compile(f"^.*{texts.COMPARE_LABEL}$")).click()
    page.get_by_role("option", name=re.compile("external")).click()
    expect(cards).to_have_count(8)
    expect(page.get_by_text(texts.PAIRED_NONE)).to_be_visible()
    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_a_row_of_all_sources_is_shown_and_every_figure_is_in_one_zip(
    watched: WatchedPage, tmp_path: Path
) -> None:
    page = watched.page
    page.get_by_role("link", name="Evaluation").click()
    table = page.get_by_test_id("stDataFrame").last
    box = table.bounding_box()
    assert box is not None
    n_rows = sum(
        len(read_held_out(path).source_names)
        for path in (REPOSITORY / "weights" / "compact").glob("held_out*.csv")
    )
    row_height = box["height"] / (n_rows + 1)
    table.click(position={"x": 20, "y": 2.5 * row_height})
    second = read_held_out(REPOSITORY / "weights" / "compact" / "held_out.csv").source_names[1]
    expect(page).to_have_url(re.compile(f"source={second}"))
    page.reload()
    expect(page).to_have_url(re.compile(f"source={second}"))

    page.get_by_role("radio", name=texts.FILES, exact=True).click()
    files = page.frame_locator("iframe")
    expect(files.get_by_role("button", name=f"{texts.ROC_TITLE} ·")).to_have_count(3)
    with page.expect_download() as download:
        files.get_by_role("button", name=texts.FILES_ZIP).click()
    download.value.save_as(tmp_path / "figures.zip")
    with zipfile.ZipFile(tmp_path / "figures.zip") as figures:
        assert figures.testzip() is None
        names = figures.namelist()
        contents = {name: figures.read(name) for name in names}
    assert len(names) == len(set(names)) >= 18
    assert Counter(Path(name).suffix for name in names) == dict.fromkeys(
        (".svg", ".png", ".csv"), len(names) // 3
    )
    for name, content in contents.items():
        if name.endswith(".png"):
            with Image.open(io.BytesIO(content)) as picture:
                assert min(picture.size) > 500
        else:
            assert RESEARCH_USE_NOTICE in content.decode()
            assert name.endswith(".csv") or content.startswith(b"<svg")
    assert watched.console_errors == []
    assert watched.foreign_requests == []
