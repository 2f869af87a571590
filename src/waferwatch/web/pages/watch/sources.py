"""Where rows come from: how each source stands, and what became of the files of a folder."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import asdict
from typing import Any

from waferwatch.live.database.connection import SENT
from waferwatch.live.service import LiveParts
from waferwatch.live.source_states import LiveSourceState, source_states
from waferwatch.live.sources.folder import FAILED, PROCESSED, SKIPPED
from waferwatch.web.html.language import Translator

_PATIENCE_S = 5.0
_MOST_FAILED = 20  # files that are named
_REFUSED = "SELECT name, reason, at FROM live_files WHERE folder = ? AND state = ? ORDER BY at DESC LIMIT ?"


def sources_of(live: LiveParts, silence_s: float, translate: Translator) -> dict[str, list[dict[str, Any]]]:
    """How every source stands, and every folder whose files were dealt with, by the server or by a command."""
    with live.database.reading() as connection:
        folders = _folders(connection)
    sent = live.database.path.with_name(SENT)
    if sent.exists():
        with closing(sqlite3.connect(sent, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA query_only=ON")
            folders += _folders(connection)
    return {"sources": [_source(one) for one in source_states(live, silence_s, translate)], "folders": folders}


def _source(one: LiveSourceState) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "connected": one.connected,
        "reason": one.reason,
        "chambers": one.equipment,
        "rows": one.rows,
        "refused": one.refused,
        "lag_s": None if one.last_received is None else max(0.0, time.time() - one.last_received),
        "silent": one.silent,
        "replay": None if one.replay is None else asdict(one.replay),
    }


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
