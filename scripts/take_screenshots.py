"""Take the README's pictures of the app, with synthetic images or numbers alone, in both themes.

    python scripts/take_screenshots.py

Needs Chromium and the bundle; writes docs/images/diagnose-*.png and evaluation-*.png.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

from PIL import Image, ImageOps

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "browser"))

from live_app import LiveApp, running_app, running_chromium  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

WIDTH_PX, HEIGHT_PX = 1400, 1150
LIMIT_MS = 60_000
MAX_BYTES = 400_000
ColorScheme: TypeAlias = Literal["light", "dark"]
COLOR_SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")


def take_screenshot(
    browser: Browser, app: LiveApp, color_scheme: ColorScheme, sample: int
) -> Image.Image:
    """Open a sample drawing and take the page as it then looks."""
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme=color_scheme
    )
    page = context.new_page()
    page.goto(app.url)
    page.get_by_role("button", name="Try this drawing").nth(sample).click(timeout=LIMIT_MS)
    page.get_by_text("Where the score came from").wait_for(timeout=LIMIT_MS)
    page.get_by_role("img", name="heat for").nth(2).wait_for(timeout=LIMIT_MS)
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
    page.locator(".js-plotly-plot").first.wait_for(timeout=LIMIT_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


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
    parser.add_argument("--sample", type=int, default=0, help="which drawing, counted from 0")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_chromium() as browser,
        running_app(Path(folder) / "server.log") as app,
    ):
        for color_scheme in COLOR_SCHEMES:
            picture = take_screenshot(browser, app, color_scheme, options.sample)
            write_small_png(picture, options.out / f"diagnose-{color_scheme}.png")
            picture = take_evaluation_screenshot(browser, app, color_scheme)
            write_small_png(picture, options.out / f"evaluation-{color_scheme}.png")


if __name__ == "__main__":
    main()
