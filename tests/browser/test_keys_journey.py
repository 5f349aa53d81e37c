"""Deciding by keys: initials are asked once, no key is typed into a field or lost to a switch."""

from collections.abc import Callable
from pathlib import Path

import pytest
from live_app import running_app
from playwright.sync_api import Browser, Page, expect
from watched_page import wait_until_drawn

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.review.store import ReviewStore
from leukapp.ui import texts as app_texts
from leukapp.ui.texts import batch as texts
from leukapp.ui.texts import review as review_texts

pytestmark = pytest.mark.browser

N_IMAGES = 5
REASON = "small nucleus"


def wait_for_open(page: Page, n_open: int) -> None:
    shown = texts.SHOWN.format(n=N_IMAGES, total=N_IMAGES, open=n_open)
    expect(page.get_by_text(shown)).to_be_visible()
    wait_until_drawn(page)


def test_keys_decide_and_are_never_typed_into_a_field(
    browser: Browser, tmp_path: Path, encode_png: Callable[..., bytes]
) -> None:
    """Defects "initials typed by keys" and "keys dead after a switch"."""
    slides = tmp_path / "root" / "slides"
    slides.mkdir(parents=True)
    for seed in range(N_IMAGES):
        cell = draw_synthetic_cell("lymphoblast", seed=seed)
        (slides / f"{seed}.png").write_bytes(encode_png(cell))
    environment = {"LEUKAPP_REVIEW_ROOT": str(tmp_path / "root")}
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(60_000)
    with running_app(tmp_path / "server.log", environment=environment) as app:
        page.goto(f"{app.url}/batch_review")
        page.get_by_role("radio", name=texts.SOURCE_SERVER).click()
        page.get_by_role("combobox", name=texts.GO_INTO).click()
        page.get_by_role("option", name="slides").click()
        # While the page is drawn anew the button moves, and a click that it moves from is lost.
        expect(page.get_by_text(texts.FILES_HERE.format(n=N_IMAGES, folders=0))).to_be_visible()
        wait_until_drawn(page)
        page.get_by_role("button", name=texts.START).click()
        expect(page.get_by_text(texts.FINISHED)).to_be_visible()
        page.get_by_role("radio", name=texts.WORKLIST).click()
        page.get_by_role("button", name=texts.START_REVIEW).click()

        page.get_by_role("textbox", name=review_texts.INITIALS_LABEL).click()
        page.keyboard.type("MK")
        page.keyboard.press("Enter")
        # This key comes while the server has not answered yet: it is lost, not typed.
        page.keyboard.press("a")
        expect(page.get_by_text("Signing as MK")).to_be_visible()
        expect(page.get_by_role("textbox", name=review_texts.INITIALS_LABEL)).to_have_count(0)
        wait_for_open(page, N_IMAGES)
        page.keyboard.press("a")
        wait_for_open(page, N_IMAGES - 1)

        page.get_by_role("textbox", name=review_texts.REASON_LABEL).click()
        page.keyboard.type(REASON)
        page.keyboard.press("Enter")
        wait_until_drawn(page)
        page.keyboard.press("u")
        wait_for_open(page, N_IMAGES - 2)

        for switch in (app_texts.ZOOM_LABEL, texts.GO_ON):
            page.get_by_text(switch).click()
            wait_until_drawn(page)
        page.keyboard.press("a")
        wait_for_open(page, N_IMAGES - 3)
        page.close()

    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    made = store.decisions()
    store.close()
    assert [one.initials for one in made] == ["MK"] * 3
    assert [one.reason for one in made] == ["", REASON, ""]
