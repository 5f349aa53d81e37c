"""Starting the app for a browser, and the browser itself."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
START_LIMIT_SECONDS = 60
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveApp:
    """A running app: its address, the file with what the server said, and its process."""

    url: str
    log: Path
    pid: int


def find_chromium() -> str | None:
    """Give the path of the system's Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def free_port() -> int:
    """Give a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_app(
    log: Path,
    *,
    bundle: Path | None = None,
    port: int | None = None,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
) -> Iterator[LiveApp]:
    """Run ``streamlit run app.py`` until the block ends.

    Args:
        log: gets what the server says; beside it lie the review log and the images of batches,
            unless ``environment`` names other places.
        bundle: folder of the bundle; None is the app's own choice.
        port: None is a free one.
        options: further options of Streamlit.
        environment: variables that are added or replaced.
        command: what starts the app instead, port and all.
    """
    port = port or free_port()
    kept = {
        "LEUKAPP_STORE_URL": f"sqlite:///{(log.parent / 'review.db').resolve()}",
        "LEUKAPP_BATCH_DIR": str((log.parent / "batches").resolve()),
        "LEUKAPP_SETTINGS": str((log.parent / "settings.json").resolve()),
    }
    environment = {**os.environ, **kept, **(environment or {})}
    if bundle is not None:
        environment["LEUKAPP_BUNDLE"] = str(bundle)
    streamlit = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command = command or [*streamlit, *options]
    with log.open("w") as sink:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://localhost:{port}"
        _wait_until_healthy(url, server, log)
        yield LiveApp(url=url, log=log, pid=server.pid)
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended at once:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"no healthy server within {START_LIMIT_SECONDS} s:\n{log.read_text()}")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run the system's Chromium without a window until the block ends."""
    path = find_chromium()
    if path is None:
        raise RuntimeError("Chromium is not installed; apt-get install chromium brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGS))
        try:
            yield browser
        finally:
            browser.close()
