"""A store on every database that the machine has: SQLite, and PostgreSQL where it is installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import PostgresServer, find_postgres, running_postgres
from sqlalchemy import create_engine, text

from leukapp.review.store import ReviewStore


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that runs for these tests alone."""
    programs = find_postgres()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    with running_postgres(programs) as server:
        yield server


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
