"""Measure how fluid the worklist of a large batch is in a real browser.

    python benchmarks/worklist.py [--images 2000]

Seeds a store with a batch of drawings that was read, opens it in Chromium, and prints JSON: seconds
from a key or click until what it asks for is painted, median of several.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "browser")]

from live_app import running_app, running_chromium  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from seeded_batch import seed_large_batch  # noqa: E402

from leukapp import resources  # noqa: E402
from leukapp.imaging.synthetic import draw_synthetic_cell  # noqa: E402
from leukapp.model.bundle import open_bundle  # noqa: E402
from leukapp.ui.texts import batch as texts  # noqa: E402
from leukapp.ui.texts import review as review_texts  # noqa: E402

LIMIT_MS = 60_000
N_STEPS = 8
DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PAINTED = "() => [...document.querySelectorAll('main img, section img')].every(i => i.complete)"


def timed(page: Page, act: Callable[[], object], words: str) -> float:
    """Seconds from an act until some words stand on a page that is drawn to its end."""
    started = time.perf_counter()
    act()
    page.get_by_text(words).first.wait_for(timeout=LIMIT_MS)
    page.locator(DRAWN).wait_for(timeout=LIMIT_MS)
    page.wait_for_function(PAINTED, timeout=LIMIT_MS)
    return time.perf_counter() - started


def measure(page: Page, n: int) -> dict[str, float]:
    """Open the list, turn its pages, step through images, and decide."""
    page.set_default_timeout(LIMIT_MS)
    to_list = page.get_by_role("radio", name=texts.WORKLIST)
    opening = timed(page, to_list.click, f"of {n} images")
    turning = [
        timed(
            page,
            page.get_by_role("button", name=texts.PAGE_ON).click,
            texts.PAGE_LINE.format(first=24 * turn + 1, last=24 * turn + 24, n=n),
        )
        for turn in range(1, N_STEPS)
    ]
    page.get_by_role("button", name=texts.START_REVIEW).click()
    initials = page.get_by_role("textbox", name=review_texts.INITIALS_LABEL)
    initials.fill("AB")
    initials.press("Enter")
    page.locator(DRAWN).wait_for()
    stepping = [
        timed(page, lambda: page.keyboard.press("ArrowRight"), f"{place} of {n} in this list")
        for place in range(2, N_STEPS + 1)
    ]
    deciding = [
        timed(page, lambda: page.keyboard.press("u"), f"· {n - number} not reviewed")
        for number in range(1, N_STEPS)
    ]
    return {
        "open_list_seconds": round(opening, 2),
        "turn_page_seconds_median": round(statistics.median(turning), 2),
        "next_image_seconds_median": round(statistics.median(stepping), 2),
        "decide_seconds_median": round(statistics.median(deciding), 2),
    }


def main() -> None:
    """Seed, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    n = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name, running_chromium() as browser:
        folder = Path(name)
        (folder / "root").mkdir()
        Image.fromarray(draw_synthetic_cell("lymphoblast", seed=1)).save(folder / "root" / "0.png")
        url = f"sqlite:///{folder / 'review.db'}"
        os.environ[resources.BATCH_VARIABLE] = str(folder / "batches")
        bundle = open_bundle(REPOSITORY / "weights" / "compact")
        run = seed_large_batch(url, n, bundle_sha256=bundle.sha256, source=lambda _: "0.png")
        environment = {
            "LEUKAPP_STORE_URL": url,
            resources.BATCH_VARIABLE: str(folder / "batches"),
            "LEUKAPP_REVIEW_ROOT": str(folder / "root"),
        }
        with running_app(folder / "server.log", environment=environment) as app:
            page = browser.new_page(viewport={"width": 1366, "height": 900})
            page.goto(f"{app.url}/batch_review?batch={run.id}")
            page.get_by_text(texts.FINISHED).wait_for(timeout=LIMIT_MS)
            result = measure(page, n)
            page.close()
    result |= {"n_images": n, "n_cpus": os.cpu_count() or 0}
    print(json.dumps({**result, "python": platform.python_version()}, indent=2))


if __name__ == "__main__":
    main()
