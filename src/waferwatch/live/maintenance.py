"""Maintenance of equipment: its series ends, and its rows raise no alarm until some wafers after its end."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.reading import EquipmentRecord, every_equipment
from waferwatch.live.log.writer import RowLog
from waferwatch.live.scored import AlarmSink

_NS = 1e9


@dataclass(frozen=True)
class MaintenanceMark:
    """One maintenance."""

    id: int
    equipment: str
    began: float  # seconds since 1970, as all moments here
    ended: float | None  # None: it goes on
    quiet: int  # wafers after its end that raise no alarm
    wafers: int  # of these, how many have ended
    note: str
    by: str

    def holds(self, received: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether rows that came at these moments raise no alarm because of it."""
        if self.ended is not None and self.wafers >= self.quiet:
            found: NDArray[np.bool_] = (received >= self.began) & (received < self.ended)
            return found
        return received >= self.began


class Maintenance:
    """Safe to use from several threads."""

    def __init__(self, database: LiveDatabase, log: RowLog, sink: AlarmSink, quiet_wafers: int) -> None:
        self._database = database
        self._log = log
        self._sink = sink
        self._quiet = quiet_wafers
        self._marks: dict[str, MaintenanceMark] = {}  # the last one of each equipment
        with database.reading() as connection:
            for row in connection.execute("SELECT * FROM live_maintenance ORDER BY id"):
                self._marks[row["equipment"]] = MaintenanceMark(*row)

    def of(self, equipment: str) -> MaintenanceMark | None:
        """The last maintenance of an equipment."""
        return self._marks.get(equipment)

    def goes_on(self, equipment: str) -> bool:
        """Whether an equipment is in maintenance now."""
        mark = self._marks.get(equipment)
        return mark is not None and mark.ended is None

    def may_alarm(self, equipment: str, received: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether rows that came at these moments may raise an alarm."""
        mark = self._marks.get(equipment)
        return np.ones(len(received), np.bool_) if mark is None else ~mark.holds(received)

    def begin(self, equipment: str, note: str, by: str) -> MaintenanceMark:
        """From now on an equipment, of whichever source, is in maintenance.

        Raises:
            InputError: it is already.
        """
        if self.goes_on(equipment):
            raise InputError(
                "{equipment} is in maintenance already.", hint="End it first.", field="equipment", equipment=equipment
            )
        self._end_series(equipment)
        began = time.time()
        with self._database.writing() as connection:
            values = (equipment, began, self._quiet, note, by)
            row = connection.execute(_BEGIN, values).fetchone()
            self._sink.maintained(connection, equipment, np.datetime64(int(began * _NS), "ns"), note)
        self._marks[equipment] = mark = MaintenanceMark(row[0], equipment, began, None, self._quiet, 0, note, by)
        return mark

    def end(self, equipment: str) -> MaintenanceMark:
        """
        Raises:
            InputError: the equipment is in no maintenance.
        """
        mark = self._marks.get(equipment)
        if mark is None or mark.ended is not None:
            raise InputError(
                "{equipment} is in no maintenance.", hint="Begin one first.", field="equipment", equipment=equipment
            )
        self._end_series(equipment)
        ended = replace(mark, ended=time.time())
        with self._database.writing() as connection:
            connection.execute("UPDATE live_maintenance SET ended = ? WHERE id = ?", (ended.ended, mark.id))
        self._marks[equipment] = ended
        return ended

    def wafer_ended(self, connection: sqlite3.Connection, equipment: str, began: float) -> None:
        """A wafer whose first row came at a moment has ended; counts where it came after a maintenance."""
        mark = self._marks.get(equipment)
        if mark is None or mark.ended is None or mark.wafers >= mark.quiet or began < mark.ended:
            return
        counted = replace(mark, wafers=mark.wafers + 1)
        connection.execute("UPDATE live_maintenance SET wafers = ? WHERE id = ?", (counted.wafers, mark.id))
        self._marks[equipment] = counted

    def _end_series(self, equipment: str) -> None:
        for one in self._known(equipment):
            self._log.end_series(one.source, one.name)

    def _known(self, equipment: str) -> list[EquipmentRecord]:
        with self._database.reading() as connection:
            return [one for one in every_equipment(connection) if one.name == equipment]


_BEGIN = """
INSERT INTO live_maintenance (equipment, began, ended, quiet, wafers, note, by) VALUES (?, ?, NULL, ?, 0, ?, ?)
    RETURNING id
"""
