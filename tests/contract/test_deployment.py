"""The files of the deployment guide: nginx takes its configuration, and bounds what it says."""

import http.client
import re
import ssl
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from guide_proxy import ABSENT, NAME, SITE, is_proxy_at_hand, running_proxy

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = (REPOSITORY / "docs" / "deployment.md").read_text()


class Upstream(BaseHTTPRequestHandler):
    """Stands for the app: says by which name it was called."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("X-Called", self.headers["Host"])
        self.send_header("Set-Cookie", "_streamlit_user=somebody; Path=/; HttpOnly")
        self.end_headers()

    do_PUT = do_GET  # noqa: N815

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Proxy:
    port: int
    plain_port: int

    def ask(self, path: str, *, method: str = "GET", host: str = NAME, **headers: str):
        context = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=9)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": host, **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        return connection.getresponse()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Runs nginx with the guide's file on free ports, and a certificate of its own."""
    if not is_proxy_at_hand():
        pytest.skip(ABSENT)
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("nginx")
    try:
        with running_proxy(folder, [upstream.server_port]) as running:
            yield Proxy(port=running.port, plain_port=running.plain_port)
    finally:
        upstream.shutdown()
        upstream.server_close()


def test_the_app_is_called_by_its_name_and_its_cookies_stay_on_tls(proxy: Proxy) -> None:
    answer = proxy.ask("/")
    assert answer.status == 200
    assert answer.headers["X-Called"] == NAME
    assert "secure" in answer.headers["Set-Cookie"].lower()
    assert answer.headers["Strict-Transport-Security"]


def test_plain_http_is_sent_to_tls_and_another_name_gets_no_answer(proxy: Proxy) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=9)
    plain.request("GET", "/batch_review", headers={"Host": NAME})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/batch_review")
    with pytest.raises(http.client.RemoteDisconnected):
        proxy.ask("/", host="rebound.example")


def test_an_upload_is_bounded_and_needs_a_sign_in(proxy: Proxy) -> None:
    path, signed_in = "/_stcore/upload_file/session/file", "_streamlit_user=somebody"
    assert proxy.ask(path, method="PUT", Content_Length="0").status == 403
    small = proxy.ask(path, method="PUT", Content_Length="0", Cookie=signed_in)
    assert small.status == 200
    too_large = proxy.ask(path, method="PUT", Content_Length=str(110 * 2**20), Cookie=signed_in)
    assert too_large.status == 413


def test_many_sign_ins_are_slowed(proxy: Proxy) -> None:
    statuses = [proxy.ask("/auth/login").status for _ in range(20)]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses


def test_the_proxy_takes_what_the_app_takes() -> None:
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    (allowed,) = re.findall(r"client_max_body_size (\d+)m;", SITE)
    assert int(allowed) == settings["server"]["maxUploadSize"] + 1


def test_the_guide_names_only_files_that_are_there() -> None:
    named = set(re.findall(r"deploy/[\w.-]+", GUIDE))
    assert named == {f"deploy/{path.name}" for path in (REPOSITORY / "deploy").iterdir()}
