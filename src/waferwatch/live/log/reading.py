"""Rows of the log as arrays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONTEXT = ("lot", "wafer", "recipe", "step", "state")
_ROWS = """
SELECT r.position, r.equipment, r.time, r.series, r.run, r.context, r.received, r.readings,
    c.lot, c.wafer, c.recipe, c.step, c.state
FROM live_rows r JOIN live_contexts c ON c.id = r.context
"""


@dataclass(frozen=True)
class LoggedRows:
    """Rows of one equipment in the order of the log; none of them is late."""

    equipment: int
    sensors: tuple[str, ...]
    positions: NDArray[np.int64]  # (n,)
    times: NDArray[np.int64]  # (n,) nanoseconds since 1970, not falling within a series
    series: NDArray[np.int64]  # (n,)
    runs: NDArray[np.object_]  # (n,) names of runs
    context: dict[str, NDArray[np.object_]]  # lot, wafer, recipe, step, state -> (n,) texts, empty where not known
    received: NDArray[np.float64]  # (n,) seconds since 1970
    values: NDArray[np.float64]  # (n, sensors)

    def __len__(self) -> int:
        return len(self.positions)

    def at(self, chosen: slice | NDArray[np.bool_] | NDArray[np.int64]) -> LoggedRows:
        """Some of them."""
        return LoggedRows(
            self.equipment,
            self.sensors,
            self.positions[chosen],
            self.times[chosen],
            self.series[chosen],
            self.runs[chosen],
            {name: values[chosen] for name, values in self.context.items()},
            self.received[chosen],
            self.values[chosen],
        )

    def sensor_values(self, names: Sequence[str]) -> NDArray[np.float64]:
        """(n, names) readings of these sensors; NaN for one that is not there."""
        place = {name: at for at, name in enumerate(self.sensors)}
        found = np.full((len(self), len(names)), np.nan)
        for column, name in enumerate(names):
            if name in place:
                found[:, column] = self.values[:, place[name]]
        return found


@dataclass(frozen=True)
class EquipmentRecord:
    """An equipment as the log keeps it."""

    id: int
    source: str
    name: str
    sensors: tuple[str, ...]
    newest: int | None  # nanoseconds since 1970
    rows: int
    late: int
    duplicates: int
    position: int
    received: float
    state: str


def every_equipment(connection: sqlite3.Connection) -> list[EquipmentRecord]:
    """By source and name."""
    rows = connection.execute("SELECT * FROM live_equipment ORDER BY source, name").fetchall()
    return [equipment_of(row) for row in rows]


def equipment_by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> list[EquipmentRecord]:
    """Some equipment, in the order of their numbers."""
    query = "SELECT * FROM live_equipment WHERE id = ?"
    return [equipment_of(connection.execute(query, (one,)).fetchone()) for one in ids]


def equipment_of(row: sqlite3.Row) -> EquipmentRecord:
    """An equipment from its row."""
    return EquipmentRecord(
        row["id"],
        row["source"],
        row["name"],
        tuple(json.loads(row["sensors"])),
        row["newest"],
        row["rows"],
        row["late"],
        row["duplicates"],
        row["position"],
        row["received"],
        row["state"],
    )


def rows_after(
    connection: sqlite3.Connection, position: int, most: int
) -> tuple[int, int, dict[int, list[sqlite3.Row]]]:
    """The next rows of every equipment.

    Returns:
        Position of the last one, how many there are, late ones too, and equipment -> rows that are not late.
    """
    found = connection.execute(f"{_ROWS} WHERE r.position > ? ORDER BY r.position LIMIT ?", (position, most)).fetchall()
    by_equipment: dict[int, list[sqlite3.Row]] = {}
    for row in found:
        if row["series"] is not None:
            by_equipment.setdefault(row["equipment"], []).append(row)
    return (found[-1]["position"] if found else position), len(found), by_equipment


def rows_of(connection: sqlite3.Connection, equipment: int, after: int, most: int) -> list[sqlite3.Row]:
    """The next rows of one equipment that are not late."""
    where = "WHERE r.equipment = ? AND r.position > ? AND r.series IS NOT NULL ORDER BY r.position LIMIT ?"
    return connection.execute(f"{_ROWS} {where}", (equipment, after, most)).fetchall()


def rows_up_to(connection: sqlite3.Connection, equipment: int, position: int, most: int) -> list[sqlite3.Row]:
    """The last rows of one equipment up to a position, oldest first, that are not late."""
    where = "WHERE r.equipment = ? AND r.position <= ? AND r.series IS NOT NULL ORDER BY r.position DESC LIMIT ?"
    return connection.execute(f"{_ROWS} {where}", (equipment, position, most)).fetchall()[::-1]


def rows_between(connection: sqlite3.Connection, equipment: int, start: int, stop: int) -> list[sqlite3.Row]:
    """Rows of one equipment between two times (nanoseconds since 1970) that are not late, in the order of the log."""
    where = "WHERE r.equipment = ? AND r.time BETWEEN ? AND ? AND r.series IS NOT NULL ORDER BY r.position"
    return connection.execute(f"{_ROWS} {where}", (equipment, start, stop)).fetchall()


def rows_before(
    connection: sqlite3.Connection, equipment: int, position: int, received: float, most: int
) -> list[sqlite3.Row]:
    """The first rows of one equipment up to a position, late ones too, before the first that came at a moment or later.

    Only they and that one are looked at: no index knows when rows came.
    """
    later = "SELECT position FROM live_rows WHERE equipment = ? AND received >= ? ORDER BY position LIMIT 1"
    first = connection.execute(later, (equipment, received)).fetchone()
    last = position if first is None else min(position, first["position"] - 1)
    where = "WHERE r.equipment = ? AND r.position <= ? ORDER BY r.position LIMIT ?"
    return connection.execute(f"{_ROWS} {where}", (equipment, last, most)).fetchall()


def logged(equipment: int, sensors: tuple[str, ...], rows: Sequence[sqlite3.Row | Mapping[str, Any]]) -> LoggedRows:
    """Rows as arrays."""
    values = np.full((len(rows), len(sensors)), np.nan)
    for at, row in enumerate(rows):
        readings = np.frombuffer(row["readings"], np.float64)[: len(sensors)]
        values[at, : len(readings)] = readings
    return LoggedRows(
        equipment,
        sensors,
        np.array([row["position"] for row in rows], np.int64),
        np.array([row["time"] for row in rows], np.int64),
        np.array([row["series"] for row in rows], np.int64),
        _texts([row["run"] for row in rows]),
        {name: _texts([row[name] for row in rows]) for name in CONTEXT},
        np.array([row["received"] for row in rows], np.float64),
        values,
    )


def _texts(values: list[str]) -> NDArray[np.object_]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
