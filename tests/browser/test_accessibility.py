"""Every page and its main states by WCAG 2.2 AA: axe-core in both themes, one title, one h1."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from live_app import LiveApp
from playwright.sync_api import Browser, Page, expect
from seeded_batch import seed_large_batch
from watched_page import wait_until_drawn

from leukapp.resources import BATCH_VARIABLE
from leukapp.review.store import ReviewStore
from leukapp.ui import texts as app_texts
from leukapp.ui.page_list import PAGES
from leukapp.ui.texts import batch as batch_texts
from leukapp.ui.texts import cases as case_texts
from leukapp.ui.texts import evaluation as evaluation_texts

pytestmark = pytest.mark.browser

N_IMAGES = 6
N_LOOKS = 5
CASE = "S-26-04711"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SEVERE = {"serious", "critical"}


@pytest.fixture
def batch(app: LiveApp, monkeypatch: pytest.MonkeyPatch) -> int:
    """A batch of the app's own store that was read already."""
    folder = app.log.parent
    monkeypatch.setenv(BATCH_VARIABLE, str(folder / "batches"))
    url = f"sqlite:///{folder / 'review.db'}"
    run = seed_large_batch(url, N_IMAGES, bundle_sha256="ab" * 32)
    store = ReviewStore.open(url)
    store.cases.put_batch(CASE, run.id)
    store.close()
    return run.id


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # Without movement nothing is measured half faded in.
    context = browser.new_context(
        viewport={"width": 1366, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def faults(page: Page, *, only_contrast: bool = False) -> list[str]:
    """What axe-core calls serious or critical, with the place of each."""
    rules = {"runOnly": ["color-contrast"]} if only_contrast else {"runOnly": list(TAGS)}
    found = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response
    return [
        f"{fault['id']}: {node['target']} {node['html'][:200]}"
        for fault in found["violations"]
        if fault["impact"] in SEVERE
        for node in fault["nodes"]
    ]


def expect_accessible(page: Page, state: str) -> None:
    wait_until_drawn(page)
    expect(page.locator("h1")).to_have_count(1)
    expect_no_faults(page, f"{state}, light", only_contrast=False)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect_no_faults(page, f"{state}, dark", only_contrast=True)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def expect_no_faults(page: Page, state: str, *, only_contrast: bool) -> None:
    """A page of a theme just chosen has the old colors until the server has drawn it anew."""
    for _ in range(N_LOOKS):
        wait_until_drawn(page)
        found = faults(page, only_contrast=only_contrast)
        if not found:
            return
        page.wait_for_timeout(1000)
    pytest.fail(f"{state}: {found}")


def open_section(page: Page, section: str) -> None:
    page.get_by_role("radio", name=section, exact=True).click()
    wait_until_drawn(page)


def test_no_page_has_a_serious_fault(page: Page, app: LiveApp, batch: int) -> None:
    """Once faded captions and no h1: contrast 3.57:1 and 4.37:1."""
    for entry in PAGES:
        address = "" if entry is PAGES[0] else entry.file.removesuffix(".py")
        page.goto(f"{app.url}/{address}")
        expect(page.locator("h1")).to_have_text(entry.title)
        expect(page).to_have_title(f"{entry.title} · {app_texts.APP_NAME}")
        expect_accessible(page, entry.title)

    page.goto(f"{app.url}/evaluation")
    for section in (evaluation_texts.CONFUSION, evaluation_texts.THRESHOLD):
        open_section(page, section)
        expect_accessible(page, section)

    page.goto(f"{app.url}/batch_review?batch={batch}")
    for section in (batch_texts.PROGRESS, batch_texts.WORKLIST, batch_texts.AGREEMENT):
        open_section(page, section)
        expect_accessible(page, section)
    open_section(page, batch_texts.WORKLIST)
    page.get_by_role("button", name=batch_texts.START_REVIEW).click()
    expect(page.locator(".leuk-verdict h2")).to_be_visible()
    expect_accessible(page, "an image of a batch")

    page.goto(f"{app.url}/batch_review")
    page.get_by_role("textbox", name=case_texts.FIND).fill("04711")
    page.keyboard.press("Enter")
    name = case_texts.NAMED.format(name=CASE)
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect_accessible(page, "a case")

    page.goto(app.url)
    page.get_by_role("button", name=app_texts.SAMPLE_BUTTON).first.click()
    expect(page.locator(".leuk-verdict h2")).to_be_visible()
    # The picture gets its words with its pixels, after the verdict.
    expect(page.locator('button[data-act="fit"]')).not_to_be_empty()
    expect_accessible(page, "an answer")


def test_on_a_phone_the_sidebar_is_closed_and_nothing_is_cut_off(page: Page, app: LiveApp) -> None:
    """Once it was open and lay over the page."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/evaluation")
    expect(page.get_by_role("note")).to_be_in_viewport()
    wait_until_drawn(page)
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("address", ["", "evaluation"])
def test_no_button_is_cut_off_on_a_tablet(page: Page, app: LiveApp, address: str) -> None:
    """Once words of buttons were clipped at 1024 px."""
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{app.url}/{address}")
    expect(page.get_by_role("note")).to_be_visible()
    wait_until_drawn(page)
    cut = page.locator("button:visible").evaluate_all(
        "buttons => buttons.filter(one => one.scrollWidth > one.clientWidth + 1)"
        ".map(one => one.innerText)"
    )
    assert cut == []
