"""Where rows come from: when each source sent last, and what became of the files of a folder."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from waferwatch.live.database.connection import SENT
from waferwatch.live.service import LiveParts
from waferwatch.live.sources.folder import FAILED, PROCESSED, SKIPPED

_PATIENCE_S = 5.0
_MOST_FAILED = 20  # files that are named
_SOURCES = """
SELECT source, count(*), sum(rows), max(received) FROM live_equipment WHERE position > 0 GROUP BY source ORDER BY source
"""
_REFUSED = "SELECT name, reason, at FROM live_files WHERE folder = ? AND state = ? ORDER BY at DESC LIMIT ?"


def sources_of(live: LiveParts, silence_s: float) -> dict[str, list[dict[str, Any]]]:
    """Every source that has sent a row, and every folder whose files were dealt with, by the server or by a command."""
    with live.database.reading() as connection:
        rows = connection.execute(_SOURCES).fetchall()
        folders = _folders(connection)
    sent = live.database.path.with_name(SENT)
    if sent.exists():
        with closing(sqlite3.connect(sent, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA query_only=ON")
            folders += _folders(connection)
    return {"sources": [_source(row, silence_s) for row in rows], "folders": folders}


def _source(row: Sequence[Any], silence_s: float) -> dict[str, Any]:
    name, chambers, count, received = row
    lag = max(0.0, time.time() - received)
    return {"name": name, "chambers": chambers, "rows": count, "lag_s": lag, "silent": lag > silence_s}


def _folders(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    query = "SELECT folder, state, count(*), max(at) FROM live_files GROUP BY folder, state ORDER BY folder"
    for folder, state, count, at in connection.execute(query):
        one = found.setdefault(folder, {"folder": folder, PROCESSED: 0, FAILED: 0, SKIPPED: 0, "last": 0.0})
        one[state], one["last"] = count, max(one["last"], at)
    for folder, one in found.items():
        refused = connection.execute(_REFUSED, (folder, FAILED, _MOST_FAILED)).fetchall()
        one["failures"] = [dict(zip(("file", "reason", "at"), row, strict=True)) for row in refused]
    return list(found.values())
