"""Sessions that were ended before their time: who has logged out stays out, in every process and after a restart."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import ended_sessions as rows


class EndedSessions:
    """The list of one store. Its lines go when the cookies are too old anyway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, session: str, until: datetime) -> None:
        """End a session.

        Args:
            until: when its cookie becomes too old, with a time zone.
        """
        last = until.astimezone(UTC).isoformat(timespec="microseconds")
        with self._database.begin() as connection:
            connection.execute(rows.delete().where(rows.c.until < now()))
        with contextlib.suppress(IntegrityError), self._database.begin() as connection:  # it may have ended already
            connection.execute(rows.insert().values(id=session, until=last))

    def holds(self, session: str) -> bool:
        """Whether the session was ended."""
        with self._database.read() as connection:
            return connection.execute(select(rows.c.id).where(rows.c.id == session)).first() is not None
