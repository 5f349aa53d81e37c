"""A running app and a Chromium page that watches itself; skipped where there is no Chromium."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_app import REPOSITORY, LiveApp, find_chromium, running_app, running_chromium
from playwright.sync_api import Browser, expect
from watched_page import WatchedPage

BUNDLE = REPOSITORY / "weights" / "compact"
WAIT_LIMIT_MS = 60_000
COMPILE = "from leukapp import Diagnoser; Diagnoser.from_bundle('compact')"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        message = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=WAIT_LIMIT_MS)
    # Compiled before anybody waits for a page: that may take a busy machine longer than the limit.
    subprocess.run([sys.executable, "-c", COMPILE], cwd=REPOSITORY, check=True)
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The app on the bundle that the repository brings along."""
    assert (BUNDLE / "manifest.json").is_file(), f"no bundle in {BUNDLE}; train one first"
    with running_app(tmp_path_factory.mktemp("server") / "server.log", bundle=BUNDLE) as live:
        yield live


@pytest.fixture
def watched(
    browser: Browser, app: LiveApp, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[WatchedPage]:
    """A fresh page on the app; a failure leaves a screenshot and prints the server's log."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(WAIT_LIMIT_MS)
    watched = WatchedPage(page=page, url=app.url)
    page.on("console", watched.note_console)
    page.on("request", watched.note_request)
    page.on("pageerror", lambda error: watched.console_errors.append(str(error)))
    failed_before = request.session.testsfailed
    page.goto(app.url)
    yield watched
    if request.session.testsfailed > failed_before:
        picture = tmp_path / "failure.png"
        page.screenshot(path=picture, full_page=True)
        print(f"screenshot: {picture}\nserver log:\n{app.log.read_text()}")  # noqa: T201
    context.close()
