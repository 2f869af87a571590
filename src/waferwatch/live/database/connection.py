"""The file of live data: one writer at a time, readers that never wait for it, durable when a transaction has ended."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from waferwatch.live.database.schema import upgrade
from waferwatch.store.database.connection import store_errors

SENT = "sent.sqlite"  # next to the file of a server: what commands that watch folders have handed to it
PATIENCE_S = 10.0  # how long a writer waits for another process, such as a backup


class LiveDatabase:
    """Transactions over one file.

    Args:
        path: the file; it and its folder are made when they are not there.

    Raises:
        StoreError: the file cannot be opened, is no database, or is of a newer version.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._turn = threading.RLock()
        with self.errors():
            self._writer = _opened(path)
            # FULL, since an acknowledged row has to outlive a power cut; NORMAL would lose the last transactions in it.
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
        with self.errors(), self.writing() as connection:
            upgrade(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that may write: all of it lasts when the block ends, or nothing when it raises."""
        with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # SQLite ends some by itself, such as on a full disk
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file and cannot write."""
        with closing(_opened(self.path)) as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            yield connection

    def errors(self) -> AbstractContextManager[None]:
        """Faults of the file in the block as a StoreError or StoreFullError that names it."""
        return store_errors(f"{self.path.parent.name}/{self.path.name}")

    def close(self) -> None:
        """End the writer, after the transaction that is under way."""
        with self._turn:
            self._writer.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys=ON")
    return connection
