"""Which runs have outlived their days, and which folders of results belong to a run."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from waferwatch.store.database.connection import Database
from waferwatch.store.database.schema import runs as rows
from waferwatch.store.runs import UNFINISHED, State

_AT_ONCE = 100  # runs deleted in one sweep


def expired_runs(database: Database, days: int) -> list[str]:
    """Ids of the runs that ended more than ``days`` days ago, oldest first, at most 100; none when ``days`` is 0."""
    if not days:
        return []
    until = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
    wanted = select(rows.c.id).where(rows.c.finished < until)  # a run that has not ended has no such moment
    with database.read() as connection:
        return list(connection.execute(wanted.order_by(rows.c.finished).limit(_AT_ONCE)).scalars())


def runs_with_result(database: Database, ids: list[str]) -> Set[str]:
    """Of these runs, those that are done."""
    wanted = select(rows.c.id).where(rows.c.id.in_(ids), rows.c.state == State.DONE)
    with database.read() as connection:
        return set(connection.execute(wanted).scalars())


def runs_pending(database: Database, ids: list[str]) -> Set[str]:
    """Of these runs, those that have not ended."""
    wanted = select(rows.c.id).where(rows.c.id.in_(ids), rows.c.state.in_(UNFINISHED))
    with database.read() as connection:
        return set(connection.execute(wanted).scalars())
