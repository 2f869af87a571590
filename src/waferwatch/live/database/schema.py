"""The tables of live data, as steps from one version of the file to the next; a step never changes."""

from __future__ import annotations

import sqlite3

from waferwatch.live.database.alarm_tables import ALARM_TABLES
from waferwatch.live.database.rows_schema import LEARNING, ROWS
from waferwatch.store.database.connection import of_another_version

STEPS: tuple[str, ...] = (ROWS, ALARM_TABLES, LEARNING)


def upgrade(connection: sqlite3.Connection) -> None:
    """Take the steps that the file has not had.

    Raises:
        StoreError: a newer version of waferwatch wrote it.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise of_another_version()
    for step in STEPS[version:]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(STEPS)}")
