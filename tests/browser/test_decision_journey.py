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
from leukapp.ui.texts import review as texts

pytestmark = pytest.mark.browser

REASON = "Auer rods <b>seen</b>"


def upload(page: Page, content: bytes) -> None:
    file = {"name": "cell.png", "mimeType": "image/png", "buffer": content}
    page.locator("input[type=file]").set_input_files([file])
    expect(page.locator(".leuk-verdict h2")).to_be_visible()


def download(page: Page, button: str, path: Path) -> bytes:
    # A file that is asked for while the page is still drawn may be replaced under way.
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).click()
    started.value.save_as(path)
    return path.read_bytes()


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
    page.get_by_role("textbox", name=texts.INITIALS_LABEL).fill("KM")
    page.keyboard.press("Tab")
    expect(save).to_be_enabled()
    save.click()
    saved = page.get_by_test_id("stAlert").filter(has_text="Saved")
    expect(saved).to_contain_text(re.compile(r"override, .*KM.*Auer rods <b>seen</b>"))

    page.goto(watched.url)
    upload(page, png)
    expect(saved).to_contain_text("KM")
    words = " ".join(
        PdfReader(io.BytesIO(download(page, app_texts.DOWNLOAD_PDF, tmp_path / "r.pdf")))
        .pages[0]
        .extract_text()
        .split()
    )
    assert "Override with:" in words
    assert REASON in words
    assert "Initials KM, saved" in words
    assert RESEARCH_USE_NOTICE in words
    record = json.loads(download(page, app_texts.DOWNLOAD, tmp_path / "r.json"))
    assert record["decision"]["kind"] == "override"
    assert record["decision"]["reason"] == REASON
    assert record["decision"]["label"] in {"ALL", "AML", "Healthy"} - {record["label"]}

    page.get_by_role("button", name=texts.UNDO).click()
    expect(page.get_by_text(texts.CHOICE_LABEL)).to_be_visible()
    assert json.loads(download(page, app_texts.DOWNLOAD, tmp_path / "u.json"))["decision"] is None
    assert watched.console_errors == []
    assert watched.foreign_requests == []
