"""What scoring hands over becomes alarms, within the transaction that stores the scores."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.live.alarms.alarm import AlarmKind, AlarmRecord, AlarmSubject
from waferwatch.live.alarms.book import AlarmBook, Clock, Herald, utc_now
from waferwatch.live.alarms.machine.cursor import Cursor, keep_cursor, read_cursor, watched_us
from waferwatch.live.alarms.machine.life import end, reopened_or_opened
from waferwatch.live.alarms.machine.row_alarms import RowAlarms
from waferwatch.live.alarms.machine.rows import judged_rows
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.alarms.machine.wafer_alarms import take_wafer
from waferwatch.live.scored import EarlyBlock, WaferBlock

_HOURS = """
INSERT INTO alarm_hours (source, equipment, monitor, productive_us, other_us) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (source, equipment, monitor)
DO UPDATE SET productive_us = productive_us + excluded.productive_us, other_us = other_us + excluded.other_us
"""


class Alarms:
    """The :class:`AlarmSink` of one server. What was handed over before changes nothing a second time."""

    def __init__(self, rules: AlarmRules, herald: Herald, clock: Clock = utc_now) -> None:
        self._rules = rules
        self._herald = herald
        self._clock = clock

    def scored(self, connection: sqlite3.Connection, block: EarlyBlock) -> None:
        """Rows of an equipment were scored."""
        cursor = read_cursor(connection, block.source, block.equipment)
        new = cursor.new(block.positions)
        if not len(new):
            return
        _count_hours(connection, block, new, cursor)
        after = self._pass(RowAlarms(self._book(connection), self._rules, block, cursor), block, new, cursor)
        last = int(block.times[new[-1]].astype("datetime64[us]").astype(np.int64))
        keep_cursor(connection, block.source, block.equipment, replace(after.seen(block.positions[new]), last_us=last))

    def finished(self, connection: sqlite3.Connection, block: WaferBlock) -> None:
        """A wafer was judged."""
        cursor = read_cursor(connection, block.source, block.equipment)
        if block.position <= cursor.wafer_position:
            return
        take_wafer(self._book(connection), self._rules, block)
        keep_cursor(connection, block.source, block.equipment, replace(cursor, wafer_position=block.position))

    def silent(self, connection: sqlite3.Connection, source: str, equipment: str | None, since: np.datetime64) -> None:
        """A source, or one equipment of it, has sent nothing for longer than it should. No other alarm ends."""
        book, subject = self._book(connection), _silence(equipment)
        before = book.latest(source, subject.fingerprint)
        if before is None or not before.on:
            wanted = _silent_alarm(book, source, subject, str(np.datetime_as_string(since.astype("datetime64[us]"))))
            reopened_or_opened(book, wanted, self._rules.realarm)

    def heard(self, connection: sqlite3.Connection, source: str, equipment: str | None) -> None:
        """It sends again."""
        book = self._book(connection)
        before = book.latest(source, _silence(equipment).fingerprint)
        if before is not None and before.on:
            end(book, before.changed(rows_on=False))

    def maintained(self, connection: sqlite3.Connection, equipment: str, at: np.datetime64, note: str) -> None:
        """A maintenance began: the equipment's series ends here, and with it what its rows and wafers show."""
        book = self._book(connection)
        for alarm in book.showing_on(equipment):
            end(book, alarm.changed(rows_on=False, wafers_on=False, below=0), note or "maintenance")
        connection.execute("UPDATE alarm_cursors SET window = '[]' WHERE equipment = ?", (equipment,))

    def _book(self, connection: sqlite3.Connection) -> AlarmBook:
        return AlarmBook(connection, self._herald, self._clock)

    def _pass(self, machine: RowAlarms, block: EarlyBlock, new: NDArray[np.int64], cursor: Cursor) -> Cursor:
        scores = block.scores[new]
        if machine.quiet and not (scores >= min(block.lower_threshold, block.threshold)).any():
            return machine.passed(cursor, int(np.count_nonzero(~np.isnan(scores))))
        for row in judged_rows(block, new):
            machine.take(row)
        return machine.passed(cursor, 0)


def _count_hours(connection: sqlite3.Connection, block: EarlyBlock, new: NDArray[np.int64], cursor: Cursor) -> None:
    """Watched time of rows with a score, in which an alarm can be raised or is suppressed."""
    spent = watched_us(block.times[new], cursor.last_us)
    judged, productive = ~np.isnan(block.scores[new]), block.productive[new]
    seconds = [int(spent[judged & productive].sum()), int(spent[judged & ~productive].sum())]
    connection.execute(_HOURS, (block.source, block.equipment, block.monitor, *seconds))


def _silence(equipment: str | None) -> AlarmSubject:
    return AlarmSubject(equipment or "", "", "", "", "silence")


def _silent_alarm(book: AlarmBook, source: str, subject: AlarmSubject, since: str) -> AlarmRecord:
    return AlarmRecord(
        id=0,
        kind=AlarmKind.SILENCE,
        fingerprint=subject.fingerprint,
        source=source,
        equipment=subject.equipment,
        monitor="",
        recipe="",
        step="",
        sensor="",
        direction="",
        lot="",
        wafer="",
        started=since,
        last_seen=since,
        opened_at=book.now,
        rows_on=True,
    )
