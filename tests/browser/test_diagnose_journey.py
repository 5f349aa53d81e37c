"""A reader's way through page "Diagnose" in a real browser, on the bundle that ships."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from live_app import REPOSITORY, running_app
from playwright.sync_api import Browser, Locator, Page, expect
from watched_page import WatchedPage, wait_until_drawn

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.labels import CLASS_NAMES
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts
from leukapp.ui.samples import SAMPLES

pytestmark = pytest.mark.browser

BUNDLE = REPOSITORY / "weights" / "compact"


@pytest.fixture(scope="module")
def cell_png(encode_png: Callable[..., bytes]) -> bytes:
    return encode_png(draw_synthetic_cell(SAMPLES[0].kind, seed=11))


def upload(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    # While an image is read, the field that took it is still there, hidden, behind the new one.
    page.locator("input[type=file]").first.set_input_files([file])


def overlays(page: Page) -> Locator:
    """The overlay images; a caption of a heatmap is an image's alternative text too."""
    return page.get_by_role("img", name=re.compile("EfficientNet-Lite2|MobileNetV3-Large"))


def expect_painted(image: Locator) -> None:
    """The browser has decoded the image and gives it room on the page."""
    expect(image).to_be_visible()
    image.page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=image.element_handle()
    )
    box = image.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) > 100


def verdict(page: Page) -> str:
    heading = page.locator(".leuk-verdict h2")
    expect(heading).to_be_visible()
    return heading.inner_text()


def test_upload_gives_verdict_and_overlays_that_follow_the_slider(
    watched: WatchedPage, cell_png: bytes
) -> None:
    page = watched.page
    upload(page, "cell.png", cell_png)

    answers = [*(f" {name}" for name in CLASS_NAMES), f" {texts.NO_CALL}"]
    assert verdict(page).endswith(tuple(answers))
    expect(page.get_by_role("note")).to_have_text(RESEARCH_USE_NOTICE)
    expect(overlays(page)).to_have_count(2)
    for index in range(2):
        expect_painted(overlays(page).nth(index))

    before = [overlays(page).nth(index).get_attribute("src") for index in range(2)]
    slider = page.get_by_role("slider", name=texts.OPACITY_LABEL)
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("80")
    for index in range(2):
        expect(overlays(page).nth(index)).not_to_have_attribute("src", before[index] or "")
        expect_painted(overlays(page).nth(index))

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_broken_file_shows_its_sentence_and_the_good_one_stays(
    watched: WatchedPage, cell_png: bytes
) -> None:
    page = watched.page
    upload(page, "cell.png", cell_png)
    verdict(page)
    upload(page, "broken <b> *x*.tif", b"this is no image")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("broken <b> *x*.tif:")
    expect(alert).to_contain_text(re.compile(r": \S.{15,}\.$"))
    assert verdict(page)
    expect(overlays(page)).to_have_count(2)

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_sample_says_that_it_is_synthetic_and_its_result_downloads(
    watched: WatchedPage, tmp_path: Path
) -> None:
    page = watched.page
    page.get_by_role("button", name=texts.SAMPLE_BUTTON).first.click()
    shown = verdict(page)
    expect(page.get_by_text(texts.SAMPLE_NOTICE)).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name=texts.DOWNLOAD).click()
    path = tmp_path / "result.json"
    download.value.save_as(path)
    record = json.loads(path.read_text(encoding="utf-8"))

    assert shown.endswith(record["label"] or texts.NO_CALL)
    assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert len(record["branches"]) == 2
    assert len(record["bundle"]["sha256"]) == 64
    assert record["notice"] == RESEARCH_USE_NOTICE
    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_every_view_and_class_paints_a_picture(watched: WatchedPage) -> None:
    page = watched.page
    page.get_by_role("button", name=texts.SAMPLE_BUTTON).nth(1).click()
    verdict(page)
    for view in (texts.VIEW_ENHANCED, texts.VIEW_ORIGINAL, texts.VIEW_FUSED, "MobileNetV3-Large"):
        page.get_by_role("radio", name=view, exact=True).click()
        expect_painted(page.get_by_role("img", name=re.compile(f"^{view}")).last)
    for class_name in CLASS_NAMES:
        page.get_by_role("radio", name=re.compile(class_name)).click()
        picture = page.get_by_role("img", name=re.compile(f"MobileNetV3-Large.* {class_name}$"))
        expect_painted(picture)

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_missing_bundle_is_one_clear_screen(browser: Browser, tmp_path: Path) -> None:
    with running_app(tmp_path / "server.log", bundle=tmp_path / "absent") as app:
        page = browser.new_page()
        page.goto(app.url)
        expect(page.get_by_text(texts.BUNDLE_ERROR_TITLE)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(page.get_by_text("Traceback")).to_have_count(0)
        expect(page.get_by_text(texts.VERDICT, exact=True)).to_have_count(0)
        page.close()


def test_images_and_answers_stay_over_other_pages_and_a_reload_for_this_browser_alone(
    browser: Browser, tmp_path: Path, cell_png: bytes, encode_png: Callable[..., bytes]
) -> None:
    second = encode_png(draw_synthetic_cell(SAMPLES[1].kind, seed=12))
    files = [
        {"name": name, "mimeType": "image/png", "buffer": content}
        for name, content in (("first.png", cell_png), ("second.png", second))
    ]
    with running_app(tmp_path / "server.log", bundle=BUNDLE) as app:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(app.url)
        page.locator("input[type=file]").set_input_files(files)
        choice = page.get_by_role("combobox", name=f"{texts.CHOOSE_IMAGE} (2)")
        expect(choice).to_be_visible()
        wait_until_drawn(page)
        page.get_by_role("button", name=texts.NEXT, exact=True).click()
        expect(choice).to_have_value(re.compile("second"))
        shown = verdict(page)

        links = page.get_by_test_id("stSidebarNavLink")
        links.filter(has_text="Model card").click()
        expect(choice).to_have_count(0)
        links.filter(has_text="Diagnose").click()
        expect(choice).to_have_value(re.compile("second"))
        page.reload()
        expect(choice).to_have_value(re.compile("second"))
        assert verdict(page) == shown
        # The answers were kept, too: nothing was diagnosed and written down twice.
        assert app.log.read_text().count('"diagnosed"') == 2

        stranger = browser.new_context().new_page()
        stranger.goto(app.url)
        expect(stranger.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
        expect(stranger.get_by_text("second.png")).to_have_count(0)
        stranger.context.close()

        page.get_by_role("button", name="first.png").click()
        expect(choice).to_have_count(0)
        page.reload()
        assert verdict(page) == shown
        page.get_by_role("button", name="second.png").click()
        expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
        page.reload()
        expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
        context.close()
