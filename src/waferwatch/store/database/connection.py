"""The database: SQLite next to the data by default, PostgreSQL by one setting."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from waferwatch.errors import InputError, MissingExtraError, StorageFullError, WaferwatchError
from waferwatch.settings import Settings
from waferwatch.store.database.sqlite import reading_engine, writing_engine
from waferwatch.store.disk.files import refused

FILE = "waferwatch.sqlite3"  # in the data folder
_MIGRATION_LOCK = 7_261_953  # any number, the same in every process
_CONNECT_S = 5  # until PostgreSQL counts as absent
_SQLITE_REFUSALS = {  # what the disk refused to SQLite, as the operating system calls it
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR_WRITE: errno.EIO,
    sqlite3.SQLITE_IOERR_FSYNC: errno.EIO,
    sqlite3.SQLITE_IOERR_TRUNCATE: errno.EIO,
    sqlite3.SQLITE_IOERR_SHMSIZE: errno.EIO,
}
_POSTGRESQL_FULL = "53100"


class StoreError(WaferwatchError):
    """The database or the data folder cannot be reached or used."""

    status, exit_code, code = 503, 2, "store_unavailable"


class StoreFullError(StoreError, StorageFullError):
    """The database cannot write for want of space, or since its disk refuses it. Nothing was changed."""

    status, exit_code, code = StorageFullError.status, StorageFullError.exit_code, StorageFullError.code


class Database:
    """Connections to one database. Safe to use from several threads and processes.

    Raises:
        InputError: for an address that is none.
        MissingExtraError: for PostgreSQL without its driver.
        StoreError: when the data folder cannot be made or written.
    """

    def __init__(self, settings: Settings) -> None:
        self._closing = threading.Event()
        self.engine, self._reading = _engines(settings, self._closing)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write: kept when the block ends, undone when it raises.

        On SQLite there is one at a time, so it must be short and must not begin another one.

        Raises:
            StoreError: when the database cannot be reached, is locked for longer than 10 s, or is damaged.
            StoreFullError: when its disk is full or cannot be written.
        """
        with store_errors(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads. It waits for no writer, and the database refuses to write in it.

        Raises:
            StoreError: when the database cannot be reached or is damaged.
        """
        with store_errors(), self._reading.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables to this version. Nothing happens when they are there already.

        Raises:
            StoreError: when the database cannot be reached or used, or was made by a newer waferwatch.
        """
        config = Config()
        config.set_main_option("script_location", str(resources.files("waferwatch.store") / "migrations"))
        with self.begin() as connection:
            if connection.dialect.name == "postgresql":  # several servers may start at once
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except (OperationalError, InterfaceError):
                raise
            except DatabaseError as error:
                raise (_damaged(FILE) if _is_damage(error) else _no_tables()) from error
            except Exception as error:
                raise of_another_version() from error

    def give_up(self) -> None:
        """Let nobody wait for a lock any longer: the server ends, and those who wait get a StoreError now."""
        self._closing.set()

    def close(self) -> None:
        self.give_up()
        self.engine.dispose()
        self._reading.dispose()


def now() -> str:
    """This moment by this machine's clock: ISO 8601 text in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@contextlib.contextmanager
def store_errors(file: str = FILE) -> Iterator[None]:
    """Turn the faults of a database that cannot be used into a StoreError; faults in our SQL stay as they are.

    Args:
        file: of SQLite, in the data folder.

    Raises:
        StoreError, StoreFullError: as ``Database.begin``.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, sqlite3.OperationalError) as error:
        raise _refusal_of_disk(error) or _unreachable() from error
    except (DatabaseError, sqlite3.DatabaseError) as error:
        if not _is_damage(error):
            raise
        raise _damaged(file) from error


def _refusal_of_disk(error: Exception) -> StoreFullError | None:
    """None when the disk is not at fault."""
    cause = getattr(error, "orig", error)
    if getattr(cause, "sqlstate", None) == _POSTGRESQL_FULL:
        number: int | None = errno.ENOSPC
    else:
        number = _SQLITE_REFUSALS.get(getattr(cause, "sqlite_errorcode", 0))
    if number is None:
        return None
    refusal = refused(OSError(number, os.strerror(number)))
    return StoreFullError(refusal.message_template, hint=refusal.hint_template, **refusal.values)


def _is_damage(error: Exception) -> bool:
    """SQLite reports damage by the base class of its errors, and every fault in SQL by a class of its own."""
    return type(error.orig if isinstance(error, DatabaseError) else error) is sqlite3.DatabaseError


def _engines(settings: Settings, closing: threading.Event) -> tuple[Engine, Engine]:
    """The engine that writes and the one that reads."""
    address = settings.database_url.get_secret_value()
    if not address:
        check_folder(settings.data_dir)
        address = f"sqlite:///{settings.data_dir / FILE}"
    try:
        url = make_url(address)
    except ArgumentError:
        raise _bad_address() from None
    if url.get_backend_name() == "sqlite":
        return writing_engine(address, closing), reading_engine(address)
    if url.get_backend_name() != "postgresql":
        raise _bad_address()
    if find_spec("psycopg") is None:
        raise MissingExtraError(
            "PostgreSQL needs the extra postgres, which is not installed.",
            hint="Install it with: pip install 'waferwatch[postgres]'",
            field="database_url",
        )
    engine = _postgresql(url)
    return engine, engine.execution_options(postgresql_readonly=True)


def _postgresql(url: URL) -> Engine:
    """Without limits a server that vanished from the network would be waited for for minutes."""
    limits: dict[str, Any] = {"connect_timeout": _CONNECT_S, "tcp_user_timeout": 1000 * _CONNECT_S}
    given = {name: value for name, value in limits.items() if name not in url.query}
    address = url.set(drivername="postgresql+psycopg")
    return create_engine(address, pool_pre_ping=True, pool_timeout=2 * _CONNECT_S, connect_args=given)


def check_folder(folder: Path) -> None:
    """Make the data folder if it is missing.

    Raises:
        StoreError: when it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error.strerror) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, "it is read-only")


def unwritable(folder: Path, reason: str | None) -> StoreError:
    return StoreError(
        "The data folder {folder} cannot be written: {reason}.",
        hint="Give this user the right to write there, or set WAFERWATCH_DATA_DIR to another folder.",
        folder=folder,
        reason=reason or "the disk refused it",
    )


def _bad_address() -> InputError:
    return InputError(
        "The setting WAFERWATCH_DATABASE_URL is not the address of a database.",
        hint="Write it as postgresql://user:password@host:5432/name, or leave it out for SQLite.",
        field="database_url",
    )


def _unreachable() -> StoreError:
    return StoreError(
        "The database cannot be reached or is busy.",
        hint="Check that it runs, that the disk is not full, and WAFERWATCH_DATABASE_URL.",
    )


def _damaged(file: str) -> StoreError:
    return StoreError(
        "The database {file} is damaged: it is not a readable SQLite file.",
        hint="Stop the server, move {file}, -wal and -shm out of the data folder, and restore a backup.",
        file=file,
    )


def of_another_version() -> StoreError:
    return StoreError(
        "The database was made by another version of waferwatch.",
        hint="Start the newest version, or set WAFERWATCH_DATA_DIR to another folder.",
    )


def _no_tables() -> StoreError:
    return StoreError(
        "The tables of the database cannot be made or changed.",
        hint="Give the database user the right to create tables in its schema.",
    )
