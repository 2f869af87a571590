"""Maintenance of equipment: its series ends, and its rows raise no alarm until some good wafers after its end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.equipment_states import is_down
from waferwatch.live.log.reading import EquipmentRecord, every_equipment
from waferwatch.live.log.writer import RowLog
from waferwatch.live.scored import AlarmSink
from waferwatch.models.levels import BLOCK

BY_STATE = "state"  # who marked it: the rows, by the state that they name
_NS = 1e9


class Rebase(StrEnum):
    """Whether levels are learnt anew after a maintenance."""

    NONE = ""  # by nobody but a person
    WAITING = "waiting"  # for enough good wafers
    DONE = "done"
    REFUSED = "refused"  # the reason says why; the old limits hold


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
    rebase: Rebase = Rebase.NONE
    version: str = ""  # NAME@NUMBER that the levels after it were learnt into
    reason: str = ""  # why they were not, as a sentence in JSON

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """As the database keeps it."""
        values = {one.name: row[one.name] for one in fields(cls)}
        return cls(**values | {"rebase": Rebase(row["rebase"])})

    @property
    def over(self) -> bool:
        """Whether alarms are raised again."""
        return self.ended is not None and self.wafers >= self.quiet and self.rebase is not Rebase.WAITING

    def holds(self, received: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether rows that came at these moments raise no alarm because of it."""
        if self.over and self.ended is not None:
            found: NDArray[np.bool_] = (received >= self.began) & (received < self.ended)
            return found
        return received >= self.began


@dataclass(frozen=True)
class AfterMaintenance:
    """What follows the end of a maintenance.

    Args:
        quiet_wafers: that raise no alarm.
        rebase_wafers: good ones after which levels are learnt anew; 0: never by itself.
    """

    quiet_wafers: int = 3
    rebase_wafers: int = 0

    @property
    def quiet(self) -> int:
        return max(self.quiet_wafers, self.rebase_wafers)


class Maintenance:
    """Safe to use from several threads."""

    def __init__(self, database: LiveDatabase, log: RowLog, sink: AlarmSink, after: AfterMaintenance) -> None:
        self._database = database
        self._log = log
        self._sink = sink
        self._after = after
        self._marks: dict[str, MaintenanceMark] = {}  # the last one of each equipment
        self._rows: dict[str, int] = {}  # without a wafer, since the last block of them was counted
        self.reload()

    def reload(self) -> None:
        """As the database has it: a transaction that changed something may have failed."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM live_maintenance ORDER BY id").fetchall()
        self._marks = {row["equipment"]: MaintenanceMark.of(row) for row in rows}

    def of(self, equipment: str) -> MaintenanceMark | None:
        """The last maintenance of an equipment."""
        return self._marks.get(equipment)

    def waiting(self) -> list[MaintenanceMark]:
        """Those that are over, with enough wafers, and whose levels are still to be learnt."""
        marks = list(self._marks.values())
        return [one for one in marks if one.ended and one.rebase is Rebase.WAITING and one.wafers >= one.quiet]

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
        with self._changing() as connection:
            mark = self._begun(connection, equipment, began, note, by)
            self._sink.maintained(connection, equipment, np.datetime64(int(began * _NS), "ns"), note)
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
        with self._changing() as connection:
            return self._changed(connection, mark, ended=time.time())

    def state_changed(self, connection: sqlite3.Connection, equipment: str, at: float, state: str) -> None:
        """A row says that its equipment goes down, or comes up again; a mark that a person has set stays as it is.

        Args:
            at: when the row came.
            state: that it names.
        """
        mark = self._marks.get(equipment)
        on = mark is not None and mark.ended is None
        if is_down(state) and not on:
            self._begun(connection, equipment, at, state, BY_STATE)
        elif mark is not None and on and not is_down(state) and mark.by == BY_STATE:
            self._changed(connection, mark, ended=at)

    def wafer_ended(self, connection: sqlite3.Connection, equipment: str, began: float, *, good: bool = True) -> None:
        """A wafer whose first row came at a moment has ended; a good one counts where it came after a maintenance."""
        mark = self._marks.get(equipment)
        if good and mark is not None and mark.ended is not None and mark.wafers < mark.quiet and began >= mark.ended:
            self._changed(connection, mark, wafers=mark.wafers + 1)

    def rows_came(self, connection: sqlite3.Connection, equipment: str, received: NDArray[np.float64]) -> None:
        """Rows that belong to no wafer: a block of them counts as one."""
        mark = self._marks.get(equipment)
        if mark is None or mark.ended is None or mark.wafers >= mark.quiet:
            return
        blocks, self._rows[equipment] = divmod(
            self._rows.get(equipment, 0) + int(np.count_nonzero(received >= mark.ended)), BLOCK
        )
        if blocks:
            self._changed(connection, mark, wafers=min(mark.quiet, mark.wafers + blocks))

    def rebased(self, mark: MaintenanceMark, version: str) -> None:
        """The levels after it are learnt, and the version scores where it is in use."""
        with self._changing() as connection:
            self._changed(connection, mark, rebase=Rebase.DONE, version=version)

    def not_rebased(self, mark: MaintenanceMark, reason: str) -> None:
        """They could not be learnt: the old limits hold from now on."""
        with self._changing() as connection:
            self._changed(connection, mark, rebase=Rebase.REFUSED, reason=reason)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; where it is undone, what is remembered is as well."""
        try:
            with self._database.writing() as connection:
                yield connection
        except BaseException:
            self.reload()
            raise

    def _begun(
        self, connection: sqlite3.Connection, equipment: str, began: float, note: str, by: str
    ) -> MaintenanceMark:
        rebase = Rebase.WAITING if self._after.rebase_wafers else Rebase.NONE
        values = (equipment, began, self._after.quiet, note, by, rebase.value)
        made = connection.execute(_BEGIN, values)
        mark = MaintenanceMark(made.fetchone()[0], equipment, began, None, self._after.quiet, 0, note, by, rebase)
        self._marks[equipment] = mark
        self._rows.pop(equipment, None)
        return mark

    def _changed(self, connection: sqlite3.Connection, mark: MaintenanceMark, **values: Any) -> MaintenanceMark:
        names = ", ".join(f"{name} = ?" for name in values)
        connection.execute(f"UPDATE live_maintenance SET {names} WHERE id = ?", (*values.values(), mark.id))
        if self._marks.get(mark.equipment, mark).id == mark.id:
            self._marks[mark.equipment] = replace(mark, **values)
        return replace(mark, **values)

    def _end_series(self, equipment: str) -> None:
        for one in self._known(equipment):
            self._log.end_series(one.source, one.name)

    def _known(self, equipment: str) -> list[EquipmentRecord]:
        with self._database.reading() as connection:
            return [one for one in every_equipment(connection) if one.name == equipment]


_BEGIN = """
INSERT INTO live_maintenance (equipment, began, ended, quiet, wafers, note, by, rebase)
    VALUES (?, ?, NULL, ?, 0, ?, ?, ?) RETURNING id
"""
