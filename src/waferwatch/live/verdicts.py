"""Verdicts on the wafers of live equipment."""

from __future__ import annotations

import json
from typing import Any

from waferwatch.indicators.verdicts import run_of
from waferwatch.live.database.connection import LiveDatabase

_OWN = ("run", "series")
_QUERY = """
SELECT w.*, e.source, e.name FROM live_wafers w JOIN live_equipment e ON e.id = w.equipment
    WHERE e.source = ? ORDER BY w.last DESC LIMIT ?
"""


def verdicts_of(database: LiveDatabase, source: str, most: int = 1000) -> list[dict[str, Any]]:
    """The last verdicts of a source, oldest first, as plain JSON types."""
    with database.reading() as connection:
        rows = connection.execute(_QUERY, (source, most)).fetchall()
    found = []
    for row in reversed(rows):
        about = {name: value for name, value in json.loads(row["verdict"]).items() if name not in _OWN}
        found.append({**run_of(about).to_dict(), "equipment": row["name"], "monitor": row["version"]})
    return found
