"""Equipment and contexts by number, as the log keeps them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from waferwatch.errors import InputError, TooLargeError
from waferwatch.live.log.order import EquipmentClock
from waferwatch.live.log.rows import MOST_SENSORS

MOST_EQUIPMENT = 10_000
CONTEXT_GRAIN = 10_000  # positions: the last use of a context is known no better
_MOST_CONTEXTS = 100_000  # that are remembered


@dataclass
class KnownEquipment:
    """An equipment as the log knows it."""

    id: int
    source: str
    name: str
    sensors: dict[str, int]  # name -> place among the readings
    clock: EquipmentClock
    sensors_changed: bool = False
    position: int = 0
    received: float = 0.0
    state: str = ""
    counts: dict[str, int] = field(default_factory=lambda: {"rows": 0, "late": 0, "duplicates": 0})
    _order: tuple[tuple[str, ...], np.ndarray] | None = None  # of the last row, since the next has the same

    def packed(self, readings: Mapping[str, float]) -> bytes:
        """Readings in the order of the sensors; sensors that are new are added.

        Raises:
            InputError: the equipment has too many sensors.
        """
        names = tuple(readings)
        if self._order is None or self._order[0] != names:
            self._order = (names, np.array([self._place(name) for name in names], np.int64))
        places = self._order[1]
        values = np.full(int(places.max()) + 1 if len(places) else 0, np.nan)
        values[places] = np.fromiter(readings.values(), np.float64, len(names))
        return values.tobytes()

    def _place(self, name: str) -> int:
        if name not in self.sensors:
            if len(self.sensors) >= MOST_SENSORS:
                raise InputError(
                    "The equipment {equipment} has {most} sensors already; {name} is one more.",
                    hint="Keep the names of sensors the same in all rows.",
                    field="sensors",
                    equipment=self.name,
                    most=MOST_SENSORS,
                    name=name,
                )
            self.sensors[name] = len(self.sensors)
            self.sensors_changed = True
        return self.sensors[name]


class Names:
    """What is remembered of equipment and contexts; only the log's writer uses it, within its transactions."""

    def __init__(self) -> None:
        self._equipment: dict[tuple[str, str], KnownEquipment] = {}
        self._contexts: dict[tuple[str, ...], tuple[int, int]] = {}  # number, and a position at which it is used
        self._changed: dict[int, KnownEquipment] = {}

    def forget(self) -> None:
        """Read all of it again: a transaction was undone."""
        self._equipment.clear()
        self._contexts.clear()
        self._changed.clear()

    def touch(self, known: KnownEquipment) -> None:
        """Something of it is to be kept."""
        self._changed[known.id] = known

    def equipment(self, connection: sqlite3.Connection, source: str, name: str) -> KnownEquipment:
        """
        Raises:
            TooLargeError: it is new, and there are too many already.
        """
        found = self._equipment.get((source, name))
        if found is None:
            found = self._equipment[source, name] = _read(connection, source, name) or _added(connection, source, name)
        return found

    def context(self, connection: sqlite3.Connection, values: tuple[str, ...], position: int) -> int:
        """Number of lot, wafer, recipe, step and state together.

        Args:
            position: about that of the row which has them.
        """
        found = self._contexts.get(values)
        if found is None or position - found[1] >= CONTEXT_GRAIN:
            row = connection.execute(_USED_CONTEXT, (position, *values)).fetchone()
            row = row or connection.execute(_NEW_CONTEXT, (*values, position)).fetchone()
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            found = self._contexts[values] = (int(row[0]), position)
        return found[0]

    def write_changes(self, connection: sqlite3.Connection) -> None:
        """Keep what rows have changed of their equipment."""
        changed = list(self._changed.values())
        connection.executemany(_CHANGED, [_values(one) for one in changed])
        for one in changed:
            if one.sensors_changed:
                listed = json.dumps(list(one.sensors), ensure_ascii=False)
                connection.execute("UPDATE live_equipment SET sensors=? WHERE id=?", (listed, one.id))
            one.sensors_changed = False
            one.counts = dict.fromkeys(one.counts, 0)
        self._changed.clear()


_NEW_CONTEXT = """
INSERT INTO live_contexts (lot, wafer, recipe, step, state, last) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_USED_CONTEXT = """
UPDATE live_contexts SET last = ? WHERE lot = ? AND wafer = ? AND recipe = ? AND step = ? AND state = ? RETURNING id
"""
_CHANGED = """
UPDATE live_equipment SET newest=?, series=?, late_in_a_row=?, rows=rows+?, late=late+?, duplicates=duplicates+?,
    position=?, received=?, state=? WHERE id=?
"""
_NEW_EQUIPMENT = """
INSERT INTO live_equipment
    (source, name, sensors, series, late_in_a_row, rows, late, duplicates, position, received, state)
    VALUES (?, ?, '[]', 1, 0, 0, 0, 0, 0, 0, '')
"""


def _values(one: KnownEquipment) -> tuple[object, ...]:
    clock, counts = one.clock, one.counts
    order = (clock.newest, clock.series, clock.late_in_a_row)
    return (*order, counts["rows"], counts["late"], counts["duplicates"], one.position, one.received, one.state, one.id)


def _read(connection: sqlite3.Connection, source: str, name: str) -> KnownEquipment | None:
    row = connection.execute("SELECT * FROM live_equipment WHERE source=? AND name=?", (source, name)).fetchone()
    if row is None:
        return None
    sensors = {sensor: at for at, sensor in enumerate(json.loads(row["sensors"]))}
    clock = EquipmentClock(row["newest"], row["series"], row["late_in_a_row"])
    return KnownEquipment(
        row["id"],
        source,
        name,
        sensors,
        clock,
        position=row["position"],
        received=row["received"],
        state=row["state"],
    )


def _added(connection: sqlite3.Connection, source: str, name: str) -> KnownEquipment:
    count = connection.execute("SELECT COUNT(*) FROM live_equipment").fetchone()[0]
    if count >= MOST_EQUIPMENT:
        raise TooLargeError(
            "There are {most} equipment already; {equipment} of {source} is one more.",
            hint="Send it to another server.",
            field="equipment",
            most=MOST_EQUIPMENT,
            equipment=name,
            source=source,
        )
    made = connection.execute(_NEW_EQUIPMENT, (source, name)).lastrowid
    return KnownEquipment(int(made or 0), source, name, {}, EquipmentClock())
