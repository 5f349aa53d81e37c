"""nginx with the deployment guide's file, on free ports and with a certificate of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SITE = (Path(__file__).resolve().parents[1] / "deploy" / "nginx-leukapp.conf").read_text()
NAME = "leukapp.example"
ONE_SERVER = "server 127.0.0.1:8501;"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
ABSENT = "nginx or openssl is not installed: apt-get install nginx openssl"


@dataclass(frozen=True)
class GuideProxy:
    """Where it listens, with TLS and without, and its log: path and server of each request."""

    port: int
    plain_port: int
    log: Path

    def server_of(self, path: str) -> int:
        """Port of the server that answered the last request for a path, after any that did not."""
        lines = [line.split(maxsplit=1) for line in self.log.read_text().splitlines()]
        (*_, upstream) = (upstream for asked, upstream in lines if asked == path)
        return int(upstream.rpartition(":")[2])


def is_proxy_at_hand() -> bool:
    """Whether this machine has what a proxy needs."""
    return NGINX is not None and shutil.which("openssl") is not None


def free_ports(n: int) -> list[int]:
    """Give TCP ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def running_proxy(
    folder: Path, servers: Sequence[int], *, name: str = NAME, port: int | None = None
) -> Iterator[GuideProxy]:
    """Run nginx until the block ends.

    Args:
        folder: for its files; empty.
        servers: ports of the app on this machine.
        name: by which browsers call it, in place of the guide's.
        port: with TLS; None is a free one.
    """
    assert NGINX is not None
    certificate, key = folder / "leukapp.crt", folder / "leukapp.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    free, plain_port = free_ports(2)
    port = port or free
    assert ONE_SERVER in SITE
    site = SITE.replace(ONE_SERVER, " ".join(f"server 127.0.0.1:{one};" for one in servers))
    site = site.replace("/etc/ssl/leukapp", str(folder)).replace(NAME, name)
    site = site.replace("listen 443", f"listen 127.0.0.1:{port}")
    site = site.replace("listen 80", f"listen 127.0.0.1:{plain_port}")
    places = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ log_format upstream '$uri $upstream_addr';\n"
        f"access_log {folder}/access.log upstream;\n{places}\n{site}}}\n"
    )
    command = [NGINX, "-c", str(configuration), "-p", str(folder), "-e", f"{folder}/error.log"]
    checked = subprocess.run([*command, "-t"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    server = subprocess.Popen(command)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert server.poll() is None, (folder / "error.log").read_text()
            time.sleep(0.05)
        yield GuideProxy(port=port, plain_port=plain_port, log=folder / "access.log")
    finally:
        server.terminate()
        server.wait()
