"""Take the README's pictures of the app, with synthetic images or numbers alone, in both themes.

    python scripts/take_screenshots.py [--only diagnose --only case]

Needs Chromium and the bundle; writes diagnose-*.png, evaluation-*.png, batch-*.png, review-*.png
and case-*.png into docs/images. diagnose-before.png is the page as it was until commit e46b2b4.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

from PIL import Image, ImageOps

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "browser")]

from live_app import LiveApp, running_app, running_chromium  # noqa: E402
from playwright.sync_api import Browser, FilePayload, Page  # noqa: E402

from leukapp.imaging.synthetic import (  # noqa: E402
    CellKind,
    draw_synthetic_cell,
    draw_synthetic_field,
)
from leukapp.resources import ROOT_VARIABLE  # noqa: E402
from leukapp.ui.texts import batch as texts  # noqa: E402
from leukapp.ui.texts import cases as case_texts  # noqa: E402
from leukapp.ui.texts import review as review_texts  # noqa: E402

WIDTH_PX, HEIGHT_PX = 1400, 1150
CASE_HEIGHT_PX = 860
LIMIT_MS = 60_000
MAX_BYTES = 400_000
KINDS: tuple[CellKind, ...] = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte")
ColorScheme: TypeAlias = Literal["light", "dark"]
N_EACH = 8
DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"]'
COLOR_SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")
PAGES = ("diagnose", "evaluation", "batch", "case")
CASE = "S-26-04711"
FIELDS_OF_CASE = 3
CELLS_A_FIELD = 9


def take_screenshot(
    browser: Browser, app: LiveApp, color_scheme: ColorScheme, sample: str
) -> Image.Image:
    """Open a sample drawing with its heat and take the page as it then looks."""
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme=color_scheme
    )
    page = context.new_page()
    page.goto(f"{app.url}/?sample={sample}&cell=7")
    page.locator(".gallery [aria-pressed=true]").wait_for(timeout=LIMIT_MS)
    page.locator(".scope .view").focus()
    page.keyboard.press("h")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


def take_evaluation_screenshot(
    browser: Browser, app: LiveApp, color_scheme: ColorScheme
) -> Image.Image:
    """Open the evaluation page, which shows no image, and take it as it then looks."""
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme=color_scheme
    )
    page = context.new_page()
    page.goto(f"{app.url}/evaluation")
    page.get_by_test_id("stDataFrame").first.wait_for(timeout=LIMIT_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


def draw_slides(root: Path) -> None:
    """Fill a review folder with drawings of every kind."""
    folder = root / "slides"
    folder.mkdir(parents=True)
    for seed in range(N_EACH):
        for kind in KINDS:
            drawing = Image.fromarray(draw_synthetic_cell(kind, seed=seed))
            drawing.save(folder / f"{kind}-{seed}.png")
    (folder / "notes.txt").write_text("no image")


def take_batch_screenshots(
    browser: Browser, app: LiveApp, color_scheme: ColorScheme
) -> dict[str, Image.Image]:
    """Read a folder of drawings, and take its worklist and one image under review."""
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme=color_scheme
    )
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.goto(f"{app.url}/batch_review")
    page.get_by_role("radio", name=texts.SOURCE_SERVER).click()
    page.get_by_role("textbox", name=texts.NAME_LABEL).fill("Drawn slides")
    page.get_by_role("textbox", name=texts.NAME_LABEL).press("Enter")
    page.get_by_role("button", name=texts.START).click()
    page.get_by_text(texts.FINISHED).wait_for()
    page.get_by_role("radio", name=texts.WORKLIST).click()
    page.get_by_role("button", name=texts.START_REVIEW).click()
    initials = page.get_by_role("textbox", name=review_texts.INITIALS_LABEL)
    initials.fill("KM")
    initials.press("Enter")
    page.locator("button:not([disabled])", has_text=texts.UNSURE).wait_for()
    for number, key in enumerate("auuaa", start=1):
        page.locator(DRAWN).wait_for()
        page.wait_for_timeout(500)
        page.keyboard.press(key)
        page.get_by_text(f"· {len(KINDS) * N_EACH - number} not reviewed").first.wait_for()
    pictures = {"review": settled_picture(page)}
    page.get_by_role("button", name=texts.BACK).click()
    page.get_by_role("img", name="Image ").nth(20).wait_for()
    pictures["batch"] = settled_picture(page)
    context.close()
    return pictures


def read_case(browser: Browser, app: LiveApp) -> None:
    """Let the app read drawn fields of one patient as a batch that names its case."""
    page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
    page.set_default_timeout(LIMIT_MS)
    page.goto(f"{app.url}/batch_review")
    page.get_by_role("textbox", name=case_texts.FIELD).fill(CASE)
    page.get_by_role("textbox", name=case_texts.FIELD).press("Enter")
    page.get_by_text(case_texts.BEGINS).wait_for()
    page.locator("input[type=file]").set_input_files(
        [drawn_field(n) for n in range(FIELDS_OF_CASE)]
    )
    page.locator("button:not([disabled])", has_text=texts.START).click()
    page.get_by_text(texts.FINISHED).wait_for()
    page.close()


def drawn_field(number: int) -> FilePayload:
    """A drawn field of some leukocytes as a file."""
    field = draw_synthetic_field(
        n_leukocytes=CELLS_A_FIELD, seed=number, height_px=960, width_px=1280
    )
    content = io.BytesIO()
    Image.fromarray(field.image).save(content, format="PNG")
    return {
        "name": f"field {number + 1}.png",
        "mimeType": "image/png",
        "buffer": content.getvalue(),
    }


def take_case_screenshot(browser: Browser, app: LiveApp, color_scheme: ColorScheme) -> Image.Image:
    """Open the case and take it as it then looks."""
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": CASE_HEIGHT_PX}, color_scheme=color_scheme
    )
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.goto(f"{app.url}/batch_review?case=1")
    page.get_by_role("heading", name=case_texts.NAMED.format(name=CASE), exact=True).wait_for()
    page.locator(DRAWN).wait_for()
    picture = settled_picture(page)
    context.close()
    return picture


def settled_picture(page: Page) -> Image.Image:
    """Take the page once nothing moves on it."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def write_small_png(picture: Image.Image, path: Path) -> None:
    """Write a PNG, with six bits a channel where eight make it larger than ``MAX_BYTES``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        ImageOps.posterize(picture, 6).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images")
    parser.add_argument("--sample", default="field", help="kind of the drawing")
    parser.add_argument("--only", action="append", choices=PAGES, help="these pictures alone")
    options = parser.parse_args()
    wanted = options.only or PAGES
    with (
        tempfile.TemporaryDirectory() as folder,
        running_chromium() as browser,
        running_app(
            Path(folder) / "server.log", environment={ROOT_VARIABLE: str(Path(folder) / "root")}
        ) as app,
    ):
        draw_slides(Path(folder) / "root")
        if "case" in wanted:
            read_case(browser, app)
        for color_scheme in COLOR_SCHEMES:
            pictures = {}
            if "diagnose" in wanted:
                pictures["diagnose"] = take_screenshot(browser, app, color_scheme, options.sample)
            if "evaluation" in wanted:
                pictures["evaluation"] = take_evaluation_screenshot(browser, app, color_scheme)
            if "batch" in wanted:
                pictures |= take_batch_screenshots(browser, app, color_scheme)
            if "case" in wanted:
                pictures["case"] = take_case_screenshot(browser, app, color_scheme)
            for name, picture in pictures.items():
                write_small_png(picture, options.out / f"{name}-{color_scheme}.png")


if __name__ == "__main__":
    main()
