"""A reviewer's way through a batch: a broken file, a reload, a killed server, ten decisions."""

import csv
import io
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_diagnoser import make_diagnosis
from live_app import LiveApp, free_port, running_app
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from watched_page import wait_until_drawn

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui.texts import batch as texts
from leukapp.ui.texts import review as review_texts

pytestmark = pytest.mark.browser

N_DRAWN, N_COPIES, N_BROKEN = 6, 35, 2
N_IMAGES = N_DRAWN * N_COPIES
N_FILES = N_IMAGES + N_BROKEN
KINDS = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte", "lymphoblast", "myeloblast")
NAME = "Drawn slides"
READING_LIMIT_MS = 300_000


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, encode_png: Callable[..., bytes]
) -> dict[str, str]:
    """A review folder with many drawings, a file that is no image, and a damaged one."""
    folder = tmp_path_factory.mktemp("batch")
    slides = folder / "root" / "slides"
    slides.mkdir(parents=True)
    drawings = [encode_png(draw_synthetic_cell(kind, seed=seed)) for seed, kind in enumerate(KINDS)]
    for number in range(N_IMAGES):
        # A PNG may carry more behind its end; so each file has a hash of its own.
        (slides / f"{number:03d}.png").write_bytes(drawings[number % N_DRAWN] + b"%d" % number)
    (slides / "notes.txt").write_text("no image")
    (slides / "000-damaged.png").write_bytes(drawings[0][:2000])
    return {
        "LEUKAPP_REVIEW_ROOT": str(folder / "root"),
        "LEUKAPP_STORE_URL": f"sqlite:///{folder / 'review.db'}",
        "LEUKAPP_BATCH_DIR": str(folder / "batches"),
    }


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def n_read(page: Page) -> int:
    line = page.get_by_text(re.compile(rf"\d+ of {N_FILES} files read"))
    expect(line).to_be_visible()
    return int(line.inner_text().split()[0])


def wait_for_more(page: Page, n: int) -> None:
    page.wait_for_function(
        "([n, total]) => { const found = document.body.innerText.match("
        "new RegExp('(\\\\d+) of ' + total + ' files read')); return found && +found[1] > n; }",
        arg=[n, N_FILES],
    )


def start(page: Page, app: LiveApp) -> None:
    page.goto(f"{app.url}/batch_review")
    page.get_by_role("radio", name=texts.SOURCE_SERVER).click()
    page.get_by_role("combobox", name=texts.GO_INTO).click()
    page.get_by_role("option", name="slides").click()
    expect(page.get_by_text(texts.FILES_HERE.format(n=N_FILES, folders=0))).to_be_visible()
    page.get_by_role("textbox", name=texts.NAME_LABEL).fill(NAME)
    wait_until_drawn(page)
    page.get_by_role("button", name=texts.START).click()


def test_a_batch_survives_reload_and_kill_and_is_reviewed_and_exported(
    page: Page, environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    with running_app(tmp_path / "first.log", port=port, environment=environment) as app:
        start(page, app)
        wait_for_more(page, 2)
        page.reload()
        expect(page.get_by_role("heading", name=NAME)).to_be_visible()
        before = n_read(page)
        wait_for_more(page, before)
        page.get_by_role("button", name=texts.PAUSE).click()
        expect(page.get_by_text(texts.PAUSED)).to_be_visible()
        paused_at = n_read(page)
        assert before < paused_at < N_FILES, "the batch was too short to be paused"
        page.get_by_role("button", name=texts.RESUME).click()
        wait_for_more(page, paused_at)
        os.kill(app.pid, signal.SIGKILL)

    with running_app(tmp_path / "second.log", port=port, environment=environment) as app:
        page.goto(f"{app.url}/batch_review?batch=1")
        expect(page.get_by_text(texts.INTERRUPTED)).to_be_visible()
        assert paused_at < n_read(page) < N_FILES, "the batch was too short to be killed"
        page.get_by_role("button", name=texts.RESUME).click()
        expect(page.get_by_text(texts.FINISHED)).to_be_visible(timeout=READING_LIMIT_MS)
        # Defect "61 of 61 read" above "could not be read (1)".
        assert n_read(page) == N_IMAGES
        expect(page.get_by_text(texts.PROGRESS_UNREADABLE.format(n=N_BROKEN))).to_be_visible()
        unreadable = f"{texts.UNREADABLE} ({N_BROKEN})"
        expect(page.get_by_role("heading", name=unreadable)).to_be_visible()

        decisions = review_ten(page)
        table = export(page, texts.DOWNLOAD_CSV, tmp_path / "table.csv").decode()
        summary = export(page, texts.DOWNLOAD_PDF, tmp_path / "summary.pdf")
        assert "Traceback" not in app.log.read_text()

    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == N_FILES
    assert Counter(row["state"] for row in rows) == {"done": N_IMAGES, "unreadable": N_BROKEN}
    assert all(row["error"] for row in rows if row["state"] == "unreadable")
    assert len({row["image_sha256"] for row in rows if row["state"] == "done"}) == N_IMAGES
    assert Counter(row["decision"] for row in rows if row["decision"]) == decisions
    assert {row["initials"] for row in rows if row["decision"]} == {"KM"}
    assert {row["notice"] for row in rows} == {RESEARCH_USE_NOTICE}
    assert "file_name" not in rows[0]
    words = " ".join(PdfReader(io.BytesIO(summary)).pages[0].extract_text().split())
    assert f"Reviewed: 10 of {N_IMAGES} images" in words
    assert RESEARCH_USE_NOTICE in words


def test_a_batch_that_another_reader_removed_is_one_sentence_in_an_open_worklist(
    page: Page, app: LiveApp
) -> None:
    store = ReviewStore.open(f"sqlite:///{app.log.parent / 'review.db'}")
    run = store.create_run("To go", [BatchEntry(name="a.png", source="a.png")], "ab" * 32)
    store.save_answer(store.items(run.id)[0], make_diagnosis(b"a"), user=None)
    store.set_run_state(run.id, RunState.FINISHED)
    page.goto(f"{app.url}/batch_review?batch={run.id}")
    page.get_by_role("radio", name=texts.WORKLIST).click()
    begin = page.get_by_role("button", name=texts.START_REVIEW)
    expect(begin).to_be_visible()
    store.forget_run(run.id)
    store.close()
    begin.click()

    expect(page.get_by_role("alert").filter(has_text="not in the review store")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.goto(f"{app.url}/batch_review?batch={'9' * 5000}")
    expect(page.get_by_text(texts.LEAD)).to_be_visible()
    assert "Traceback" not in app.log.read_text()


def review_ten(page: Page) -> dict[str, int]:
    """Decide on ten images with the keyboard alone, after one decision that is taken back."""
    page.get_by_role("radio", name=texts.WORKLIST).click()
    thumbnails = page.get_by_role("img", name=re.compile("^Image "))
    expect(thumbnails).to_have_count(24)
    page.get_by_role("button", name=texts.START_REVIEW).click()
    expect(page.locator(".leuk-verdict h2")).to_be_visible()
    initials = page.get_by_role("textbox", name=review_texts.INITIALS_LABEL)
    initials.fill("KM")
    initials.press("Enter")
    expect(page.get_by_role("button", name=texts.UNSURE)).to_be_enabled()
    wait_until_drawn(page)

    press(page, "u", n_open=N_IMAGES - 1)
    press(page, "z", n_open=N_IMAGES)
    for number, key in enumerate("aaaaauuuuu", start=1):
        press(page, key, n_open=N_IMAGES - number)
    page.keyboard.press("Escape")
    expect(thumbnails).to_have_count(24)
    return {"agree": 5, "unsure": 5}


def press(page: Page, key: str, *, n_open: int) -> None:
    page.keyboard.press(key)
    shown = texts.SHOWN.format(n=N_IMAGES, total=N_IMAGES, open=n_open)
    expect(page.get_by_text(shown)).to_be_visible()
    # A key that comes before all that the last one brought means the image before.
    wait_until_drawn(page)


def export(page: Page, button: str, path: Path) -> bytes:
    page.get_by_role("radio", name=texts.EXPORT).click()
    expect(page.get_by_role("button", name=button)).to_be_visible()
    wait_until_drawn(page)
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    started.value.save_as(path)
    return path.read_bytes()
