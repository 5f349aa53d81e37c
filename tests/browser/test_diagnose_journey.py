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
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.texts import microscope as picture_texts
from leukapp.ui.texts import review as review_texts

pytestmark = pytest.mark.browser

BUNDLE = REPOSITORY / "weights" / "compact"


@pytest.fixture(scope="module")
def cell_png(encode_png: Callable[..., bytes]) -> bytes:
    return encode_png(draw_synthetic_cell(SAMPLES[0].kind, seed=11))


def upload(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    # While an image is read, the field that took it is still there, hidden, behind the new one.
    page.locator("input[type=file]").first.set_input_files([file])


def picture(page: Page, part: str) -> Locator:
    """A part of the large picture, by its class."""
    return page.locator(f".scope .{part}")


def frame(page: Page) -> str:
    """Which part of the image is seen."""
    return picture(page, "view").get_attribute("viewBox") or ""


def verdict(page: Page) -> str:
    heading = page.locator(".leuk-verdict h2")
    expect(heading).to_be_visible()
    return heading.inner_text()


def test_upload_gives_verdict_and_a_picture_that_keys_and_wheel_change(
    watched: WatchedPage, cell_png: bytes
) -> None:
    page = watched.page
    upload(page, "cell.png", cell_png)

    answers = [*(f" {name}" for name in CLASS_NAMES), f" {texts.NO_CALL}"]
    assert verdict(page).endswith(tuple(answers))
    expect(page.get_by_role("note")).to_have_text(RESEARCH_USE_NOTICE)
    photo = picture(page, "photo")
    expect(photo).to_have_attribute("href", re.compile("/media/"))
    watched.wait_until_drawn()
    original, whole = photo.get_attribute("href"), frame(page)

    picture(page, "view").hover()
    page.mouse.wheel(0, -300)
    expect(picture(page, "view")).not_to_have_attribute("viewBox", whole)
    picture(page, "view").focus()
    page.keyboard.press("0")
    expect(picture(page, "view")).to_have_attribute("viewBox", whole)
    expect(picture(page, "warmth")).to_be_hidden()
    page.keyboard.press("h")
    expect(picture(page, "warmth")).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_role("slider", name=picture_texts.PICTURE_WORDS.fade)).to_have_value("70")
    page.keyboard.press("b")
    expect(picture(page, "cells")).to_be_hidden()
    page.keyboard.press("e")
    expect(photo).not_to_have_attribute("href", original or "")
    # What the reader set outlives what Python draws anew.
    expect(picture(page, "warmth")).to_be_visible()

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_a_cell_is_chosen_in_picture_and_gallery_and_kept_in_the_address(
    watched: WatchedPage,
) -> None:
    page = watched.page
    page.goto(f"{watched.url}/?sample=field")
    verdict(page)
    watched.wait_until_drawn()
    box = page.get_by_role("group", name=re.compile("leukocytes marked")).get_by_role("button")
    tile = page.locator(".gallery button")
    box.get_by_text(re.compile(" 3$")).click()
    expect(page).to_have_url(re.compile("cell=3"))
    expect(tile.and_(page.get_by_label(re.compile("^Leukocyte 3:")))).to_have_attribute(
        "aria-pressed", "true"
    )
    tile.and_(page.get_by_label(re.compile("^Leukocyte 5:"))).click()
    expect(page).to_have_url(re.compile("cell=5"))
    chosen = page.locator(".cells [aria-pressed=true]")
    expect(chosen).to_have_attribute("aria-label", re.compile("^Leukocyte 5:"))
    watched.wait_until_drawn()
    page.go_back()
    expect(chosen).to_have_attribute("aria-label", re.compile("^Leukocyte 3:"))
    page.reload()
    expect(chosen).to_have_attribute("aria-label", re.compile("^Leukocyte 3:"))

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_a_missed_leukocyte_is_marked_by_a_click_or_a_box_and_counts_once_it_is_signed(
    watched: WatchedPage,
) -> None:
    page = watched.page
    page.goto(f"{watched.url}/?sample=field")
    verdict(page)
    watched.wait_until_drawn()
    page.get_by_role("textbox", name=review_texts.INITIALS_LABEL).fill("KM")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signing as KM")).to_be_visible()
    watched.wait_until_drawn()
    view = picture(page, "view")
    view.focus()
    page.keyboard.press("m")
    place = view.bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 0.55 * place["width"], place["y"] + 0.65 * place["height"])
    expect(page.get_by_text(own_texts.MARKED)).to_be_visible()
    pending = picture(page, "pending .line")
    expect(pending).to_have_count(1)
    watched.wait_until_drawn()
    clicked = pending.get_attribute("x") or ""
    whole = frame(page)
    page.keyboard.down("Shift")
    page.mouse.move(place["x"] + 0.3 * place["width"], place["y"] + 0.5 * place["height"])
    page.mouse.down()
    page.mouse.move(place["x"] + 0.4 * place["width"], place["y"] + 0.62 * place["height"], steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    watched.wait_until_drawn()
    expect(pending).not_to_have_attribute("x", clicked)
    # As large as every window, and the picture was not moved by the drag.
    expect(
        page.get_by_text(re.compile("^Marked by hand; the networks on it alone:"))
    ).to_be_visible()
    assert frame(page) == whole
    page.get_by_role("radio", name=re.compile("AML")).click()
    expect(
        page.locator(".cells").get_by_label(re.compile("AML, marked by a reader$"))
    ).to_have_count(1)
    expect(page.get_by_text(re.compile("^Verdict as corrected"))).to_be_visible()

    assert watched.console_errors == []


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
    expect(picture(page, "photo")).to_have_attribute("href", re.compile("/media/"))

    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_sample_says_that_it_is_synthetic_and_its_result_downloads(
    watched: WatchedPage, tmp_path: Path
) -> None:
    page = watched.page
    page.get_by_role("button", name=texts.SAMPLE_BUTTON).first.click()
    shown = verdict(page)
    expect(page.get_by_text(texts.SAMPLE_NOTICE)).to_be_visible()

    page.get_by_text(own_texts.RESEARCHERS).click()
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


def test_every_heatmap_is_there_side_by_side_for_every_class(watched: WatchedPage) -> None:
    page = watched.page
    page.goto(f"{watched.url}/?sample=myeloblast&open=heat")
    verdict(page)
    page.get_by_text(own_texts.SIDE_BY_SIDE).click()
    for class_name in CLASS_NAMES:
        page.get_by_role("radio", name=re.compile(class_name)).click()
        image = page.get_by_role("img", name=re.compile(f"MobileNetV3-Large.* {class_name}$"))
        expect(image).to_be_visible()

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
