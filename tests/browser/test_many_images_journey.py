"""A reader's way through several images at once, to the report on paper."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from watched_page import WatchedPage

from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts
from leukapp.ui.samples import SAMPLES, sample_png

pytestmark = pytest.mark.browser


@pytest.fixture
def page(watched: WatchedPage) -> Page:
    """The page with every drawing uploaded, one of them under a patient's name."""
    names = ["Jane Doe.png", *(f"{sample.kind}.png" for sample in SAMPLES[1:])]
    files = [
        {"name": name, "mimeType": "image/png", "buffer": sample_png(sample)}
        for name, sample in zip(names, SAMPLES, strict=True)
    ]
    watched.page.locator("input[type=file]").set_input_files(files)
    expect(watched.page.get_by_text(f"{texts.OVERVIEW} ({len(SAMPLES)})")).to_be_visible()
    return watched.page


def test_a_row_of_the_table_opens_its_image(page: Page, watched: WatchedPage) -> None:
    choice = page.get_by_role("combobox", name=texts.CHOOSE_IMAGE)
    expect(choice).to_have_value(re.compile("Jane Doe"))
    # A table that is still being laid out takes no clicks yet.
    watched.wait_until_drawn()
    table = page.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    assert box is not None
    rows_height = box["height"] / (len(SAMPLES) + 1)
    table.click(position={"x": 20, "y": rows_height * 3})

    expect(choice).to_have_value(re.compile(SAMPLES[2].kind))
    assert watched.console_errors == []
    assert watched.foreign_requests == []


def test_no_page_of_the_report_has_the_file_s_name(
    page: Page, watched: WatchedPage, tmp_path: Path, encode_png: Callable[..., bytes]
) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name=texts.DOWNLOAD_PDF).click()
    download.value.save_as(tmp_path / "report.pdf")
    data = (tmp_path / "report.pdf").read_bytes()
    reader = PdfReader(io.BytesIO(data))

    for one in reader.pages:
        words = one.extract_text()
        assert RESEARCH_USE_NOTICE in words
        assert "Jane" not in words
    assert b"Jane" not in data
    assert "Jane" not in download.value.suggested_filename
    assert watched.console_errors == []
