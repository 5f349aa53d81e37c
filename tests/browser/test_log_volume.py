"""A server without a free file descriptor says so in a few lines, and goes on afterwards."""

import resource
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_app import running_app
from playwright.sync_api import Browser
from watched_page import wait_until_drawn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is Linux's"),
]

COMPLAINT = "Too many open files"
WAIT_LIMIT_SECONDS = 60


def test_a_server_out_of_file_descriptors_writes_a_short_log(
    browser: Browser, tmp_path: Path
) -> None:
    with running_app(tmp_path / "server.log") as live:
        context = browser.new_context()
        page = context.new_page()
        page.goto(live.url)
        wait_until_drawn(page)
        n_open = len(list(Path(f"/proc/{live.pid}/fd").iterdir()))
        limits = resource.prlimit(live.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(live.pid, resource.RLIMIT_NOFILE, (n_open + 5, limits[1]))
        address = ("127.0.0.1", urlsplit(live.url).port)
        waiting = [socket.create_connection(address) for _ in range(100)]
        deadline = time.monotonic() + WAIT_LIMIT_SECONDS
        while COMPLAINT not in live.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        # A server that complains at every turn fills megabytes meanwhile.
        time.sleep(3)
        log = live.log.read_text()
        for connection in waiting:
            connection.close()
        resource.prlimit(live.pid, resource.RLIMIT_NOFILE, limits)
        page.reload()
        wait_until_drawn(page)
        context.close()
    assert COMPLAINT in log
    assert len(log) < 20_000
