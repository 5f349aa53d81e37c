"""A PostgreSQL server of our own, from Debian's package, that a test may stop and kill."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "postgres"
"""PostgreSQL refuses to run as root, so the tests lend it the account of its package."""


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A database server that a test may stop or kill, and must start again."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]
    kill: Callable[[], None]


def find_postgres() -> Path | None:
    """Folder of initdb and pg_ctl, newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def running_postgres(programs: Path, *, settings: str = "-c fsync=off") -> Iterator[PostgresServer]:
    """Start a server, and remove it and its data at the end."""
    # Not a folder of pytest: a second run that starts meanwhile would close it to other accounts.
    folder = Path(tempfile.mkdtemp(prefix="leukapp-postgres-"))
    as_other = {"user": ACCOUNT, "group": ACCOUNT} if os.geteuid() == 0 else {}
    if as_other:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            check=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **as_other,
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "leukapp", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {settings}"

    def start() -> None:
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")

    def stop() -> None:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")

    def kill() -> None:
        pid_file = Path(data) / "postmaster.pid"
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.05)

    start()
    try:
        url = f"postgresql://leukapp@127.0.0.1:{port}/postgres"
        yield PostgresServer(url=url, start=start, stop=stop, kill=kill)
    finally:
        stop()
        shutil.rmtree(folder, ignore_errors=True)
