"""Where people and programs meet the alarms: one place that reads and changes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from waferwatch.live.alarms.acts import unshelve_due
from waferwatch.live.alarms.book import AlarmBook, Clock, Herald, utc_now
from waferwatch.live.database.connection import LiveDatabase


class AlarmDesk:
    """The alarms of one server.

    Args:
        database: gives the file of live data; asking before it is open raises the reason.
        calm: ends a flood that is over.
    """

    def __init__(
        self,
        database: Callable[[], LiveDatabase],
        herald: Herald,
        calm: Callable[[sqlite3.Connection], bool],
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self.clock = clock
        self._herald = herald
        self._calm = calm

    @property
    def database(self) -> LiveDatabase:
        """
        Raises:
            WaferwatchError: live monitoring does not run, and why.
        """
        return self._database()

    @contextmanager
    def changing(self) -> Iterator[AlarmBook]:
        """A transaction that may change alarms.

        Raises:
            StoreError, StoreFullError: when the file of live data cannot be used.
        """
        with self.database.errors(), self.database.writing() as connection:
            yield AlarmBook(connection, self._herald, self.clock)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: when the file of live data cannot be used.
        """
        with self.database.errors(), self.database.reading() as connection:
            yield connection

    def tick(self) -> None:
        """Do what is due by the clock: time on the shelf that is over, and floods."""
        with self.reading() as connection:
            if not _due(connection, AlarmBook(connection, self._herald, self.clock).now):
                return
        with self.changing() as book:
            unshelve_due(book)
            self._calm(book.connection)


def _due(connection: sqlite3.Connection, now: str) -> bool:
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM alarms WHERE shelved AND shelved_until <> '' AND shelved_until <= ?)"
            " OR EXISTS (SELECT 1 FROM alarm_floods WHERE ended = '')",
            (now,),
        ).fetchone()[0]
    )
