"""SQLite as the store needs it: one writer, and readers that never wait for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url

PATIENCE_S = 10.0  # how long a writer waits for another one, of this process or not
_RETRY_S = 0.05
_STEP_S = 0.25  # SQLite's own wait, within one step of a writer's
_RECOVERY_S = 5.0  # a reader waits only while another process reads the log that a killed one left
_READERS = 8


def writing_engine(address: str, closing: threading.Event) -> Engine:
    """An engine with a single connection, whose transactions take SQLite's write lock when they begin.

    Threads of this process queue for the connection. Other processes are waited for in steps, so that ``closing`` ends
    the wait of every thread at once; SQLite's own wait cannot be interrupted.

    Args:
        address: as SQLAlchemy takes it.
        closing: set when nobody should wait any longer.
    """
    engine = _engine(address, _STEP_S, pool_size=1, max_overflow=0, pool_timeout=PATIENCE_S)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        until = time.monotonic() + PATIENCE_S
        _insist(lambda: connection.execute("PRAGMA journal_mode=WAL"), until, closing)
        # In WAL mode NORMAL would lose the last transactions in a power cut: an acknowledged upload could vanish.
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        # IMMEDIATE, since a transaction that reads first and writes later would fail if another one wrote in between.
        _insist(lambda: raw.execute("BEGIN IMMEDIATE"), time.monotonic() + PATIENCE_S, closing)

    return engine


def reading_engine(address: str) -> Engine:
    """An engine whose transactions see one state of the database, take no lock and cannot write."""
    engine = _engine(address, _RECOVERY_S, pool_size=_READERS)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN DEFERRED")

    return engine


def _engine(address: str, timeout: float, **pool: Any) -> Engine:
    """Transactions begin where the listeners say so, not where Python's driver would put them."""
    arguments = {"timeout": timeout, "isolation_level": None, "check_same_thread": False}
    return create_engine(make_url(address), poolclass=QueuePool, connect_args=arguments, **pool)


def _insist(act: Any, until: float, closing: threading.Event) -> None:
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or closing.is_set() or time.monotonic() >= until:
                raise
        closing.wait(_RETRY_S)
