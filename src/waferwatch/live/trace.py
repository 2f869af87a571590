"""The last rows of one equipment with their scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.errors import NotFoundError
from waferwatch.live.log.reading import equipment_of, logged, rows_up_to
from waferwatch.live.service import LiveParts


@dataclass(frozen=True)
class LiveTrace:
    """Rows in time order, late ones left out; None = missing, or not judged."""

    source: str
    equipment: str
    monitor: str | None
    threshold: float | None
    lower_threshold: float | None
    sensors: list[str]
    positions: list[int]
    times: list[str]
    early: list[float | None]
    settled: list[float | None]
    values: list[list[float | None]]  # of each sensor
    wafers: list[str | None]
    steps: list[str | None]


def live_trace(parts: LiveParts, source: str, equipment: str, rows: int, after: int = 0) -> LiveTrace:
    """
    Args:
        rows: how many of the last rows, at most.
        after: only rows after this position.

    Raises:
        NotFoundError: the source has sent no row of this equipment.
    """
    with parts.database.reading() as connection:
        query = "SELECT * FROM live_equipment WHERE source = ? AND name = ?"
        found = connection.execute(query, (source, equipment)).fetchone()
        if found is None:
            raise NotFoundError(
                "No row of {equipment} has come from {source}.",
                hint="GET /live lists the equipment of every source.",
                field="equipment",
                equipment=equipment[:100],
                source=source[:100],
            )
        known = equipment_of(found)
        some = logged(known.id, known.sensors, rows_up_to(connection, known.id, known.position, rows))
        some = some.at(some.positions > after)
        scores = {
            row["position"]: (row["early"], row["settled"])
            for row in connection.execute(_SCORES, (known.id, int(some.positions[0]) if len(some) else known.position))
        }
    watched = parts.models.of(known)
    shown = None if watched is None or not np.isfinite(watched.threshold) else watched
    both = [scores.get(int(position), (None, None)) for position in some.positions]
    return LiveTrace(
        source,
        equipment,
        None if watched is None else watched.title,
        None if shown is None else shown.threshold,
        None if shown is None else shown.lower_threshold,
        list(known.sensors),
        some.positions.tolist(),
        [str(one) for one in some.times.view("datetime64[ns]").astype("datetime64[ms]")],
        [early for early, _ in both],
        [settled for _, settled in both],
        [[None if np.isnan(one) else float(one) for one in sensor] for sensor in some.values.T],
        [text or None for text in some.context["wafer"].tolist()],
        [text or None for text in some.context["step"].tolist()],
    )


_SCORES = """
SELECT s.position, s.early, s.settled FROM live_rows r JOIN live_scores s ON s.position = r.position
    WHERE r.equipment = ? AND r.position >= ?
"""
