"""The server answers to its own names alone: a page whose name was rebound to it is refused."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_app import LiveApp, free_port, running_app

pytestmark = pytest.mark.browser


def handshake(app: LiveApp, host: str) -> int:
    """Status of a WebSocket handshake as a browser sends it for a page of ``host``."""
    port = urlsplit(app.url).port
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    headers = {
        "Host": f"{host}:{port}",
        "Origin": f"http://{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 101),
        ("127.0.0.1", 101),
        ("[::1]", 101),
        ("rebound.example", 403),
        ("localhost.rebound.example", 403),
        ("localhost@rebound.example", 403),
    ],
)
def test_the_default_install_answers_to_its_own_names_alone(
    app: LiveApp, host: str, status: int
) -> None:
    assert handshake(app, host) == status


def test_a_deployment_names_its_host_with_one_variable(tmp_path: Path) -> None:
    with running_app(
        tmp_path / "server.log",
        port=free_port(),
        environment={"STREAMLIT_SERVER_ALLOWED_HOSTS": "leukapp.example *.lab.example"},
    ) as live:
        assert handshake(live, "leukapp.example") == 101
        assert handshake(live, "smears.lab.example") == 101
        assert handshake(live, "localhost") == 403
        assert handshake(live, "rebound.example") == 403
