"""A browser page that keeps what went wrong and whom it called."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, expect

_STATE_BELOW_A_PAGE = re.compile(r"/[a-z_]+/_stcore/[a-z-]+")


@dataclass
class WatchedPage:
    """A browser page and what it did behind the reader's back."""

    page: Page
    url: str
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def wait_until_drawn(self) -> None:
        """Wait until the server has nothing more to draw on the page."""
        wait_until_drawn(self.page)

    def note_console(self, message: ConsoleMessage) -> None:
        # Opened at a page's own address, a browser that waits for a busy server also asks for the
        # server's state below that address, where there is none.
        # And what a rerun replaced, a picture or a file to download, is gone before a slow browser
        # asks for it; tests look at what stays.
        address = urlsplit(str(message.location.get("url", ""))).path
        is_of_no_account = (
            _STATE_BELOW_A_PAGE.fullmatch(address)
            or address.startswith("/media/")
            or "Image source error" in message.text
            or "Download Button source error" in message.text
        )
        if message.type == "error" and not is_of_no_account:
            self.console_errors.append(message.text)

    def note_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != (
            urlsplit(self.url).netloc
        ):
            self.foreign_requests.append(request.url)


def wait_until_drawn(page: Page) -> None:
    """Wait until the server has nothing more to draw on a page."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
