"""How far each stage has come, kept in the transaction that keeps what it made."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

EARLY, SETTLED, WAFERS = "early", "settled", "wafers"
EVERY = 0  # equipment of a position that holds for all


@dataclass(frozen=True)
class Progress:
    """Of one stage, and one equipment."""

    position: int = 0  # of the last row that it has finished with
    version: str = ""
    detail: str = "{}"
    state: bytes = b""


def progress_of(connection: sqlite3.Connection, stage: str, equipment: int = EVERY) -> Progress | None:
    """None where nothing is kept."""
    query = "SELECT position, version, detail, state FROM live_progress WHERE stage = ? AND equipment = ?"
    row = connection.execute(query, (stage, equipment)).fetchone()
    return None if row is None else Progress(row["position"], row["version"], row["detail"], row["state"] or b"")


def keep_progress(connection: sqlite3.Connection, stage: str, equipment: int, progress: Progress) -> None:
    """Keep it in place of what there was."""
    connection.execute(
        "INSERT OR REPLACE INTO live_progress VALUES (?, ?, ?, ?, ?, ?)",
        (stage, equipment, progress.position, progress.version, progress.detail, progress.state),
    )


def forget_progress(connection: sqlite3.Connection, stage: str, equipment: int) -> None:
    """The stage begins anew with the next row of the equipment."""
    connection.execute("DELETE FROM live_progress WHERE stage = ? AND equipment = ?", (stage, equipment))
