"""A store on every database that the machine has: SQLite, and PostgreSQL where it is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from leukapp.review.store import ReviewStore

ACCOUNT = "postgres"
"""PostgreSQL refuses to run as root, so the tests lend it the account of its package."""


def find_postgres() -> Path | None:
    """Folder of initdb and pg_ctl, newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A database server that a test may stop, and must start again."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that runs for these tests alone."""
    programs = find_postgres()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
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
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def start() -> None:
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")

    def stop() -> None:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")

    start()
    try:
        url = f"postgresql://leukapp@127.0.0.1:{port}/postgres"
        yield PostgresServer(url=url, start=start, stop=stop)
    finally:
        stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without stores that held data before."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LEUKAPP_BATCH_DIR", str(tmp_path / "batches"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    server = request.getfixturevalue("postgres").url
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS review WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE review"))
    engine.dispose()
    return server.replace("/postgres", "/review")


@pytest.fixture
def store(store_url: str) -> Iterator[ReviewStore]:
    opened = ReviewStore.open(store_url)
    yield opened
    opened.close()
