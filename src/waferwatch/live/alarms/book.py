"""Alarms within one transaction: every change leaves a line in the audit trail, and a message where one is due."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from waferwatch.live.alarms.alarm import SYSTEM, Action, AlarmChange, AlarmKind, AlarmRecord, AlarmState
from waferwatch.live.alarms.search import read_alarm

Clock = Callable[[], datetime]
_SILENT = AlarmKind.SILENCE.value


class Herald(Protocol):
    """Writes the messages that changes of alarms bring."""

    def herald(
        self, connection: sqlite3.Connection, before: AlarmRecord | None, after: AlarmRecord, change: AlarmChange
    ) -> bool:
        """Write what is to be sent about a change. Whether it announces the alarm."""


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def moment(at: datetime) -> str:
    """A moment as text that sorts as moments do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class AlarmBook:
    """The alarms that one transaction reads and changes."""

    def __init__(self, connection: sqlite3.Connection, herald: Herald, clock: Clock = utc_now) -> None:
        self.connection = connection
        self.clock = clock
        self.now = moment(clock())
        self._herald = herald

    def get(self, number: int) -> AlarmRecord:
        """
        Raises:
            NotFoundError: there is no such alarm.
        """
        return read_alarm(self.connection, number)

    def showing(self, source: str, equipment: str) -> list[AlarmRecord]:
        """Alarms of an equipment whose problem is there now, whatever people say of them; the oldest first."""
        where = f"source = ? AND equipment = ? AND (rows_on OR wafers_on) AND kind <> '{_SILENT}' ORDER BY id"
        return self._all(where, source, equipment)

    def ended_during(self, source: str, equipment: str, start: str, stop: str) -> list[AlarmRecord]:
        """Alarms that rows between two times showed and that have ended by themselves; the oldest first."""
        where = f"source = ? AND equipment = ? AND last_seen >= ? AND started <= ? AND kind <> '{_SILENT}'"
        return self._all(f"{where} AND closed_by = '{SYSTEM}' ORDER BY id", source, equipment, start, stop)

    def latest(self, source: str, fingerprint: str) -> AlarmRecord | None:
        """The newest alarm of a problem."""
        return self._one("source = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1", source, fingerprint)

    def showing_on(self, equipment: str) -> list[AlarmRecord]:
        """As ``showing``, from whatever source."""
        return self._all(f"equipment = ? AND (rows_on OR wafers_on) AND kind <> '{_SILENT}' ORDER BY id", equipment)

    def shelved_until(self, at: str) -> list[AlarmRecord]:
        """Alarms whose time on the shelf is over."""
        return self._all("shelved AND shelved_until <> '' AND shelved_until <= ? ORDER BY id", at)

    def open(self, alarm: AlarmRecord, note: str = "") -> AlarmRecord:
        """Keep a new alarm; its id is given to it."""
        values = alarm.changed().row() | {"id": None}
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        made = self.connection.execute(f"INSERT INTO alarms ({names}) VALUES ({places})", values)
        return self._changed(None, alarm.changed(id=made.lastrowid), Action.OPENED, SYSTEM, note)

    def change(
        self, alarm: AlarmRecord, action: Action, user: str = SYSTEM, comment: str = "", **values: Any
    ) -> AlarmRecord:
        """Change an alarm, and write down who did it."""
        return self._changed(alarm, alarm.changed(**values), action, user, comment)

    def keep(self, alarm: AlarmRecord) -> None:
        """Keep counters and peaks, which are no change that is announced."""
        values = alarm.row()
        names = ", ".join(f"{name} = :{name}" for name in values if name != "id")
        self.connection.execute(f"UPDATE alarms SET {names} WHERE id = :id", values)

    def _changed(
        self, before: AlarmRecord | None, after: AlarmRecord, action: Action, user: str, note: str
    ) -> AlarmRecord:
        if after.state is AlarmState.ACTIVE and not after.raised_at:
            after = after.changed(raised_at=self.now)
        self.keep(after)
        was = "" if before is None else before.state.value
        made = self.connection.execute(
            "INSERT INTO alarm_changes (alarm, at, user, action, before, after, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (after.id, self.now, user, action.value, was, after.state.value, note),
        )
        number = int(made.lastrowid or 0)
        change = AlarmChange(number, after.id, self.now, user, action, was, after.state.value, note)
        if self._herald.herald(self.connection, before, after, change):
            after = after.changed(announced=True)
            self.keep(after)
        return after

    def _one(self, where: str, *values: object) -> AlarmRecord | None:
        found = self._all(where, *values)
        return found[0] if found else None

    def _all(self, where: str, *values: object) -> list[AlarmRecord]:
        rows = self.connection.execute(f"SELECT * FROM alarms WHERE {where}", values)
        return [AlarmRecord.of(row) for row in rows]
