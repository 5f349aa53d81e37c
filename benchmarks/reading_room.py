"""Measure how long a reader waits in a real browser, against what was promised.

    python benchmarks/reading_room.py [--images 2000] [--runs 7] [--out FILE]

One app with the shipped bundle, and drawings alone. Prints JSON: seconds from an act until what it
asks for is painted, of a page opened in a new browser session, of a photograph of a cell that is
brought, of the next image in the worklist of a large batch, and of a leukocyte that is corrected.
Beside each median stand the processor seconds that the server spent, which a busy machine does not
make longer, and how many cores other processes took meanwhile. How soon a server that is started
shows its first page is measured by first_screen.py.
"""

import argparse
import io
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "browser")]

from first_screen import PICTURES_PAINTED, cpu_seconds  # noqa: E402
from live_app import LiveApp, running_app, running_chromium  # noqa: E402
from machine import describe_machine  # noqa: E402
from other_work import OtherWork  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, FilePayload, Page  # noqa: E402
from seeded_batch import seed_large_batch  # noqa: E402
from worklist import DRAWN, timed  # noqa: E402

from leukapp import resources  # noqa: E402
from leukapp.imaging.synthetic import draw_synthetic_cell  # noqa: E402
from leukapp.model.bundle import open_bundle  # noqa: E402
from leukapp.ui import texts as app_texts  # noqa: E402
from leukapp.ui.samples import SAMPLES  # noqa: E402
from leukapp.ui.texts import batch as texts  # noqa: E402
from leukapp.ui.texts import review as review_texts  # noqa: E402

VERDICT = ".leuk-verdict h2"
PATIENCE_MS = 240_000
"""A busy machine is measured, too, and not given up on."""


@dataclass(kw_only=True)
class Waits:
    """How long a reader waited for one kind of act.

    Attributes:
        target_seconds: what was promised on 2 cores that do nothing else.
        seconds: of each act.
        server_cpu_seconds: that the server spent on each.
        busy_cores: mean number of cores that all processes but this one kept busy meanwhile; the
            app and its browser are among them.
    """

    target_seconds: float
    seconds: list[float] = field(default_factory=list)
    server_cpu_seconds: list[float] = field(default_factory=list)
    busy_cores: float = 0.0

    def told(self) -> dict[str, object]:
        """What is printed."""
        median = statistics.median(self.seconds)
        return {
            "seconds_median": round(median, 2),
            "server_cpu_seconds_median": round(statistics.median(self.server_cpu_seconds), 2),
            "target_seconds": self.target_seconds,
            "is_met": median <= self.target_seconds,
            "seconds": [round(one, 2) for one in self.seconds],
            "busy_cores": self.busy_cores,
        }

    def note(self, app: LiveApp, act: Callable[[], float]) -> None:
        """Do an act that gives its seconds, and count the server's work for it."""
        before = cpu_seconds(app.pid) or 0.0
        self.seconds.append(act())
        self.server_cpu_seconds.append((cpu_seconds(app.pid) or 0.0) - before)


@contextmanager
def fresh_page(browser: Browser, url: str) -> Iterator[Page]:
    """A page of a browser session that the server has not seen."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url, wait_until="commit")
    yield page
    context.close()


def open_pages(browser: Browser, app: LiveApp, waits: Waits, *, n: int) -> None:
    """Open the first page in new sessions, until it and its drawings are painted."""

    def open_page() -> float:
        started = time.perf_counter()
        with fresh_page(browser, app.url) as page:
            page.get_by_text(app_texts.WELCOME_HEADING).wait_for()
            page.wait_for_function(PICTURES_PAINTED, arg=len(SAMPLES))
            return time.perf_counter() - started

    for _ in range(n):
        waits.note(app, open_page)


def bring_cells(
    browser: Browser, app: LiveApp, waits: Waits, *, n: int, first_seed: int = 0
) -> None:
    """Bring photographs of a cell, none of which was seen before, and wait for each verdict."""
    for seed in range(first_seed, first_seed + n):
        content = io.BytesIO()
        Image.fromarray(draw_synthetic_cell("lymphoblast", seed=seed)).save(content, format="PNG")
        file = FilePayload(name="cell.png", mimeType="image/png", buffer=content.getvalue())
        with fresh_page(browser, app.url) as page:
            page.get_by_text(app_texts.WELCOME_HEADING).wait_for()
            page.locator(DRAWN).wait_for()

            def bring(page: Page = page, file: FilePayload = file) -> float:
                started = time.perf_counter()
                page.locator("input[type=file]").first.set_input_files([file])
                page.locator(VERDICT).wait_for()
                return time.perf_counter() - started

            waits.note(app, bring)
            page.locator(DRAWN).wait_for()


def sign(page: Page) -> None:
    """Say who signs."""
    initials = page.get_by_role("textbox", name=review_texts.INITIALS_LABEL)
    initials.fill("AB")
    initials.press("Enter")
    page.locator(DRAWN).wait_for()


def correct_cells(browser: Browser, app: LiveApp, waits: Waits, *, n: int) -> None:
    """Correct leukocytes of a drawn field, one after the other."""
    with fresh_page(browser, f"{app.url}/?sample=field&cell=1") as page:
        page.locator(VERDICT).wait_for()
        page.locator(DRAWN).wait_for()
        sign(page)
        for number in range(1, n + 1):
            tile = page.locator(f'.gallery button[aria-label^="Leukocyte {number}:"]')
            tile.click()
            page.locator(DRAWN).wait_for()
            page.get_by_text(re.compile(f"Leukocyte {number}:")).first.wait_for()
            page.wait_for_timeout(500)

            def correct(number: int = number) -> float:
                started = time.perf_counter()
                page.get_by_role("radio", name=re.compile("Reactive")).click()
                page.locator(
                    f'.gallery button[aria-label^="Leukocyte {number}: Reactive"]'
                ).wait_for()
                return time.perf_counter() - started

            waits.note(app, correct)
            page.locator(DRAWN).wait_for()


def step_through(browser: Browser, app: LiveApp, waits: Waits, *, run_id: int, n: int) -> None:
    """Go from image to image in the worklist of a batch by a key."""
    with fresh_page(browser, f"{app.url}/batch_review?batch={run_id}") as page:
        page.get_by_role("radio", name=texts.WORKLIST).click()
        page.get_by_role("button", name=texts.START_REVIEW).click()
        sign(page)
        for place in range(2, n + 2):
            page.wait_for_timeout(500)

            def step(words: str = f"{place} of ") -> float:
                return timed(page, lambda: page.keyboard.press("ArrowRight"), words)

            waits.note(app, step)


def main() -> None:
    """Seed, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--out", type=Path, help="also write the JSON there")
    options = parser.parse_args()
    machine = describe_machine()
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name, running_chromium() as browser:
        folder = Path(name)
        (folder / "root").mkdir()
        Image.fromarray(draw_synthetic_cell("lymphoblast", seed=1)).save(folder / "root" / "0.png")
        url = f"sqlite:///{folder / 'review.db'}"
        os.environ[resources.BATCH_VARIABLE] = str(folder / "batches")
        bundle = open_bundle(REPOSITORY / "weights" / "compact")
        run = seed_large_batch(
            url, options.images, bundle_sha256=bundle.sha256, source=lambda _: "0.png"
        )
        environment = {
            "LEUKAPP_STORE_URL": url,
            resources.BATCH_VARIABLE: str(folder / "batches"),
            resources.ROOT_VARIABLE: str(folder / "root"),
        }
        with running_app(folder / "server.log", environment=environment) as app:
            # The networks are loaded and compiled before anything is counted.
            bring_cells(browser, app, Waits(target_seconds=0), n=1, first_seed=999)
            jobs = {
                "first_content": (2.0, partial(open_pages, n=options.runs)),
                "image_to_verdict": (1.0, partial(bring_cells, n=options.runs)),
                "next_image": (0.3, partial(step_through, run_id=run.id, n=options.runs)),
                "reclassify": (0.2, partial(correct_cells, n=options.runs)),
            }
            for job, (target, measure) in jobs.items():
                waits, work = Waits(target_seconds=target), OtherWork()
                measure(browser, app, waits)
                waits.busy_cores = work.mean_cores()
                results[job] = waits.told()
    text = json.dumps({**results, "n_images": options.images, "machine": asdict(machine)}, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
