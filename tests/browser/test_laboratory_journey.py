"""A laboratory's day on page "Your laboratory": bring, fit, read, accept, take back."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator

import pytest
from live_app import LiveApp
from playwright.sync_api import FilePayload, Page, expect
from watched_page import WatchedPage

from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell
from leukapp.resources import laboratory_dir, sites_dir
from leukapp.ui.texts import laboratory as texts

pytestmark = pytest.mark.browser

LABORATORY = "Drawn Ward"
KINDS: dict[str, CellKind] = {"ALL": "lymphoblast", "Healthy": "neutrophil"}
N_EACH = 8
FIT_LIMIT_MS = 240_000
"""How long a busy machine may look at the images, and fit: seconds of the processor's time."""
COMMISSIONED = re.compile(f"Commissioned for {LABORATORY} on .* with 16 images of 16 patients")


@pytest.fixture
def laboratory(app: LiveApp) -> Iterator[None]:
    """The app is given back as it was: its bundle answers, and no other is listed."""
    yield
    (app.log.parent / "settings.json").unlink(missing_ok=True)
    shutil.rmtree(sites_dir(), ignore_errors=True)
    shutil.rmtree(laboratory_dir(), ignore_errors=True)


def zip_of(images: dict[str, bytes]) -> FilePayload:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in images.items():
            archive.writestr(name, data)
    return {"name": "ward.zip", "mimeType": "application/zip", "buffer": buffer.getvalue()}


def look_at_both_sizes(page: Page) -> None:
    """On a phone and at a desk the figure is there, and nothing is cut off."""
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        figure = page.get_by_label(re.compile(f"^{texts.CURVE_NAME}: {LABORATORY}"))
        expect(figure.locator(".errorbar").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.usefixtures("laboratory")
def test_a_laboratory_brings_images_reads_the_report_accepts_and_takes_back(
    watched: WatchedPage, encode_png: Callable[..., bytes]
) -> None:
    page = watched.page
    sidebar = page.get_by_test_id("stSidebar")
    page.goto(f"{watched.url}/laboratory")
    name = page.get_by_role("textbox", name=texts.NAME)
    name.fill(LABORATORY)
    name.press("Enter")
    bring, start = page.locator("input[type=file]"), page.get_by_role("button", name=texts.START)
    cell = encode_png(draw_synthetic_cell("neutrophil", seed=0))
    bring.set_input_files([zip_of({"unsorted.png": cell})])
    start.click()
    expect(page.get_by_role("alert")).to_have_text(re.compile(texts.NO_LABELLED))

    images = {
        f"{label}/patient {seed}{label}/1.png": encode_png(draw_synthetic_cell(kind, seed=seed))
        for label, kind in KINDS.items()
        for seed in range(N_EACH)
    }
    bring.set_input_files([zip_of(images)])
    expect(page.get_by_role("alert")).to_have_count(0)
    start.click()
    expect(page.get_by_text(texts.WORKING)).to_be_visible()
    # The check of the images speaks before the fit does.
    note = page.get_by_text("There is no image of AML").first
    expect(note).to_be_visible(timeout=FIT_LIMIT_MS)
    ready = page.get_by_role("heading", name=texts.READY.format(laboratory=LABORATORY))
    expect(ready).to_be_visible(timeout=FIT_LIMIT_MS)
    expect(page.get_by_role("columnheader", name="before", exact=True)).to_be_visible()
    look_at_both_sizes(page)
    page.emulate_media(color_scheme="dark")
    page.reload()
    look_at_both_sizes(page)

    page.get_by_role("button", name=texts.ACCEPT).click()
    expect(sidebar.get_by_text(COMMISSIONED)).to_be_visible()
    expect(page.get_by_text(re.compile(f"^In use: {COMMISSIONED.pattern}"))).to_be_visible()
    page.get_by_text(texts.CURVE, exact=True).click()
    look_at_both_sizes(page)

    page.get_by_role("button", name=texts.ROLL_BACK).click()
    expect(page.get_by_role("button", name=texts.ROLL_BACK)).to_have_count(0)
    expect(sidebar.get_by_text(COMMISSIONED)).to_have_count(0)
    assert watched.console_errors == []
    assert watched.foreign_requests == []
