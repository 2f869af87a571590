"""Who did what: every act that changes something leaves a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import audit as rows


@dataclass(frozen=True)
class Entry:
    """One act."""

    id: int  # grows with each act
    at: str  # ISO 8601, UTC
    user: str
    action: str  # a verb and its object, such as "upload data set"
    subject: str  # id or name of what it was done to
    detail: dict[str, Any]


class Audit:
    """The log of one store. Lines are only added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user: str, action: str, subject: str, **detail: Any) -> None:
        with self._database.begin() as connection:
            write_entry(connection, user, action, subject, **detail)

    def recent(self, limit: int = 100, before: int | None = None) -> list[Entry]:
        """The newest first.

        Args:
            before: id of an act; only older ones are given.
        """
        wanted = select(rows).order_by(rows.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(rows.c.id < before)
        return self._entries(wanted)

    def about(self, subject: str, limit: int = 100) -> list[Entry]:
        """What was done to one thing, the newest first."""
        return self._entries(select(rows).where(rows.c.subject == subject).order_by(rows.c.id.desc()).limit(limit))

    def _entries(self, wanted: Select[Any]) -> list[Entry]:
        with self._database.read() as connection:
            return [
                Entry(row.id, row.at, row.user, row.action, row.subject, dict(row.detail))
                for row in connection.execute(wanted)
            ]


def write_entry(connection: Connection, user: str, action: str, subject: str, **detail: Any) -> None:
    """Add a line within the transaction of the act itself."""
    values = {"at": now(), "user": user, "action": action, "subject": subject, "detail": detail}
    connection.execute(rows.insert().values(**values))
