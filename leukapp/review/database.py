"""Open the review store's database: SQLite by default, PostgreSQL by address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from leukapp.errors import StoreAwayError, StoreError
from leukapp.resources import STORE_VARIABLE

BUSY_SECONDS: Final = 30
LOCK_SECONDS: Final = 10
"""How long a database server lets a transaction wait for another one's lock."""
MIGRATIONS: Final = Path(__file__).resolve().parent / "migrations"
DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
GONE: Final = "The review store's file is not there any more: put it or its folder back."
BUSY: Final = "The review store is busy with another program: try again in a moment."
AWAY: Final = (
    f"The review store does not answer: check that {STORE_VARIABLE} names a database that runs and "
    "that this user may use."
)
MIGRATION_LOCK: Final = 0x1E0CA99


def open_database(url: str) -> Engine:
    """Open a database and bring its tables to this version.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

    Returns:
        An engine whose every transaction holds the write lock from its start.

    Raises:
        StoreError: the database cannot be opened, is damaged or of a later version.
    """
    try:
        address = make_url(url)
        address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
        engine = create_engine(
            address,
            connect_args=_connect_args(address.get_backend_name()),
            # A connection that a restart of the server has cut is made anew before it is used.
            pool_pre_ping=True,
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"The review store's address is not understood: set {STORE_VARIABLE} to sqlite:///FILE "
            "or postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, address.database)
    with store_errors():
        _migrate(engine)
    return engine


def is_missing_file(url: str) -> bool:
    """Whether an address names a SQLite file that is not there.

    Args:
        url: of the database.
    """
    path = sqlite_file(url)
    return path is not None and not path.exists()


def sqlite_file(url: str) -> Path | None:
    """Give the file of a SQLite database, or None for any other address.

    Args:
        url: of the database.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        return None
    is_file = address.get_backend_name() == "sqlite" and address.database
    return Path(str(address.database)) if is_file else None


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what a database raises into one sentence that says what to do.

    Raises:
        StoreAwayError: the database does not answer now, or another program keeps it locked.
        StoreError: the database failed; nothing of the transaction was kept.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        sentence = _sentence(error)
        is_away = sentence in {BUSY, AWAY} and isinstance(error, OperationalError | InterfaceError)
        raise (StoreAwayError if is_away else StoreError)(sentence) from error
    except ValueError as error:
        raise StoreError(
            "The review store holds something that LeukApp did not write: see what leukapp verify "
            "says of it."
        ) from error


def _sentence(error: Exception) -> str:
    words = str(error.orig if isinstance(error, DatabaseError) and error.orig else error).lower()
    if "disk is full" in words or "no space" in words or "disk i/o" in words:
        return "The review store's disk is full: make room on it and try again; nothing was lost."
    if "readonly" in words or "read-only" in words or "permission denied" in words:
        return (
            "The review store may not be written to: give this user the right to write to its "
            "file and folder."
        )
    if "malformed" in words or "not a database" in words:
        return "The review store's file is damaged: put a backup in its place with leukapp restore."
    if "locked" in words or "lock timeout" in words or "deadlock" in words:
        return BUSY
    if "no such table" in words or "no such column" in words or "does not exist" in words:
        return (
            "The review store lacks a part of its tables: put a backup in its place with leukapp "
            "restore."
        )
    if "unable to open" in words:
        return GONE
    if "can't locate revision" in words:
        return "The review store was written by a later version: use that version, or newer."
    return AWAY


def _connect_args(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"timeout": BUSY_SECONDS, "check_same_thread": False}
    return {"connect_timeout": 10, "options": f"-c lock_timeout={LOCK_SECONDS}s"}


def _prepare_sqlite(engine: Engine, database: str | None) -> None:
    if not database or database == ":memory:":
        raise StoreError(f"The review store needs a file: set {STORE_VARIABLE} to sqlite:///FILE.")
    try:
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            "The folder of the review store cannot be made: give this user the right to write "
            "there, or name another file."
        ) from error

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        # Transactions begin where they are asked for, not where the driver thinks.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What is removed is overwritten: names of files may hold a patient's.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()
        record.info["inode"] = Path(database).stat().st_ino

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        _check_still_there(Path(database), connection.info["inode"])
        is_reader = connection.get_execution_options().get("is_reader", False)
        connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")


def _check_still_there(path: Path, inode: int) -> None:
    """Refuse to write into a file that was deleted: what is written would be lost unnoticed."""
    try:
        is_same = path.stat().st_ino == inode
    except FileNotFoundError as error:
        raise StoreError(GONE) from error
    if not is_same:
        raise StoreError("Another file was put in the review store's place: start LeukApp again.")


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect().execution_options(is_reader=True) as reader, reader.begin():
        if MigrationContext.configure(reader).get_current_revision() == newest:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(_sentence(error)) from error
