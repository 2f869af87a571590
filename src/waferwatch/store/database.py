"""The database: SQLite beside the data by default, PostgreSQL by one setting."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from waferwatch.errors import InputError, MissingExtraError, WaferwatchError
from waferwatch.settings import Settings

_SQLITE_PATIENCE_S = 15  # how long a writer waits for another
_MIGRATION_LOCK = 7_261_953  # any number, the same in every process


class StoreError(WaferwatchError):
    """The database cannot be reached or used."""

    status, exit_code, code = 503, 2, "store_unavailable"


class Database:
    """Connections to one database. Safe to use from several threads and processes.

    Raises:
        InputError: for an address that is none.
        MissingExtraError: for PostgreSQL without its driver.
        StoreError: when the data folder cannot be made.
    """

    def __init__(self, settings: Settings) -> None:
        self.engine = _engine(settings)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: kept when the block ends, undone when it raises.

        Raises:
            StoreError: when the database cannot be reached.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise _unreachable() from error

    def migrate(self) -> None:
        """Bring the tables to this version. Nothing happens when they are there already.

        Raises:
            StoreError: when the database cannot be reached, or was made by a newer waferwatch.
        """
        config = Config()
        config.set_main_option("script_location", str(resources.files("waferwatch.store") / "migrations"))
        with self.begin() as connection:
            if connection.dialect.name == "postgresql":  # several servers may start at once
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except SQLAlchemyError:
                raise
            except Exception as error:
                raise StoreError(
                    "The database was made by another version of waferwatch.",
                    hint="Start the newest version, or set WAFERWATCH_DATA_DIR to another folder.",
                ) from error

    def close(self) -> None:
        self.engine.dispose()


def now() -> str:
    """This moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _engine(settings: Settings) -> Engine:
    address = settings.database_url.get_secret_value()
    if not address:
        _make_folder(settings.data_dir)
        return _sqlite(f"sqlite:///{settings.data_dir / 'waferwatch.sqlite3'}")
    try:
        url = make_url(address)
    except ArgumentError:
        raise _bad_address() from None
    if url.get_backend_name() == "sqlite":
        return _sqlite(address)
    if url.get_backend_name() != "postgresql":
        raise _bad_address()
    if find_spec("psycopg") is None:
        raise MissingExtraError(
            "PostgreSQL needs the extra postgres, which is not installed.",
            hint="Install it with: pip install 'waferwatch[postgres]'",
            field="database_url",
        )
    return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            "The data folder {folder} cannot be written: {reason}.",
            hint="Give this user the right to write there, or set WAFERWATCH_DATA_DIR to another folder.",
            folder=folder,
            reason=error.strerror or "the disk refused it",
        ) from error


def _sqlite(address: str) -> Engine:
    engine = create_engine(address, connect_args={"timeout": _SQLITE_PATIENCE_S, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that turns writer half-way would fail at once

    return engine


def _bad_address() -> InputError:
    return InputError(
        "The setting WAFERWATCH_DATABASE_URL is no address of a database.",
        hint="Write it as postgresql://user:password@host:5432/name, or leave it out for SQLite.",
        field="database_url",
    )


def _unreachable() -> StoreError:
    return StoreError(
        "The database cannot be reached or is busy.",
        hint="Check that it runs, that the disk is not full, and WAFERWATCH_DATABASE_URL.",
    )
