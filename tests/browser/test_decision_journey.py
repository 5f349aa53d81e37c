"""A hematologist diagnoses one image and signs: saved at once, on paper, and taken back."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from watched_page import WatchedPage

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts as app_texts
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.texts import review as texts

pytestmark = pytest.mark.browser

REASON = "Auer rods <b>seen</b>"


def upload(page: Page, content: bytes) -> None:
    file = {"name": "cell.png", "mimeType": "image/png", "buffer": content}
    page.locator("input[type=file]").set_input_files([file])
    expect(page.locator(".leuk-verdict h2")).to_be_visible()


def sign(page: Page) -> None:
    page.get_by_role("textbox", name=texts.INITIALS_LABEL).fill("KM")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signing as KM")).to_be_visible()


def download(watched: WatchedPage, button: str, path: Path) -> bytes:
    # A file that is asked for while the page is still drawn may be replaced under way.
    watched.wait_until_drawn()
    with watched.page.expect_download() as started:
        watched.page.get_by_role("button", name=button, exact=True).click()
    started.value.save_as(path)
    return path.read_bytes()


def test_what_is_typed_while_the_page_is_drawn_anew_is_kept(
    watched: WatchedPage, encode_png: Callable[..., bytes]
) -> None:
    page = watched.page
    upload(page, encode_png(draw_synthetic_cell("myeloblast", seed=78)))
    watched.wait_until_drawn()
    reason = page.get_by_role("textbox", name=texts.REASON_LABEL)
    element = reason.element_handle()
    assert element is not None
    for choice in ("override", "unsure") * 10:
        page.get_by_role("radio", name=texts.CHOICES[choice], exact=True).click()
        reason.fill(f"{choice}: {REASON}")
        watched.wait_until_drawn()
        expect(reason).to_have_value(f"{choice}: {REASON}")
        # A field that was taken off the page and put back loses what is in it if typed meanwhile.
        assert element.evaluate("field => field.isConnected")


def test_diagnose_sign_report_and_take_back(
    watched: WatchedPage, encode_png: Callable[..., bytes], tmp_path: Path
) -> None:
    page, png = watched.page, encode_png(draw_synthetic_cell("myeloblast", seed=77))
    upload(page, png)
    save = page.get_by_role("button", name=texts.SAVE)
    expect(save).to_be_disabled()
    page.get_by_role("radio", name=texts.CHOICES["override"], exact=True).click()
    page.get_by_role("radiogroup", name=texts.OVERRIDE_LABEL).get_by_role("radio").first.click()
    page.get_by_role("textbox", name=texts.REASON_LABEL).fill(REASON)
    sign(page)
    expect(save).to_be_enabled()
    save.click()
    saved = page.get_by_test_id("stAlert").filter(has_text="Saved")
    expect(saved).to_contain_text(re.compile(r"override, .*KM.*Auer rods <b>seen</b>"))

    # The image is still there, and so is what was decided on it.
    page.goto(watched.url)
    expect(saved).to_contain_text("KM")
    words = " ".join(
        PdfReader(io.BytesIO(download(watched, app_texts.DOWNLOAD_PDF, tmp_path / "r.pdf")))
        .pages[0]
        .extract_text()
        .split()
    )
    assert "Override with:" in words
    assert REASON in words
    assert "Initials KM, saved" in words
    assert RESEARCH_USE_NOTICE in words
    page.get_by_text(own_texts.RESEARCHERS).click()
    record = json.loads(download(watched, app_texts.DOWNLOAD, tmp_path / "r.json"))
    assert record["decision"]["kind"] == "override"
    assert record["decision"]["reason"] == REASON
    assert record["decision"]["label"] in {"ALL", "AML", "Healthy"} - {record["label"]}

    # Who takes it back signs too, in the new session of a reload anew.
    sign(page)
    page.get_by_role("button", name=texts.UNDO).click()
    expect(page.get_by_text(texts.CHOICE_LABEL)).to_be_visible()
    record = json.loads(download(watched, app_texts.DOWNLOAD, tmp_path / "u.json"))
    assert record["decision"] is None
    assert watched.console_errors == []
    assert watched.foreign_requests == []
