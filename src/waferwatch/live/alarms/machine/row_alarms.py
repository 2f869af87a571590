"""Alarms that rows open, hold and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from waferwatch.indicators.problems.severity import severity
from waferwatch.live.alarms.alarm import Action, AlarmKind, AlarmRecord, AlarmState, AlarmSubject
from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.alarms.machine.cursor import Cursor
from waferwatch.live.alarms.machine.life import end, reopened_or_opened, worsen
from waferwatch.live.alarms.machine.rows import JudgedRow, subject_of
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.scored import EarlyBlock


class _Followed:
    """An alarm while rows pass: what changes with each row is kept apart, since records are not changed."""

    def __init__(self, alarm: AlarmRecord) -> None:
        self.alarm = alarm
        self.below = alarm.below
        self.rows_on = alarm.rows_on
        self.peak = alarm.peak
        self.held = alarm.held_position  # the highest position of a row that shows it
        self.seen: JudgedRow | None = None  # the last row that shows it
        self.dirty = False

    def shown_by(self, row: JudgedRow) -> None:
        """A row shows it. Rows may come out of order by a little."""
        self.below, self.rows_on, self.seen, self.dirty = 0, True, row, True
        self.held = max(self.held, row.position)

    def settled(self) -> AlarmRecord:
        """The record with everything that rows have changed."""
        if not self.dirty:
            return self.alarm
        values: dict[str, Any] = {"below": self.below, "rows_on": self.rows_on}
        if self.peak > self.alarm.peak:
            values |= {"peak": self.peak, "ratio": max(_ratio(self.peak, self.alarm.threshold), self.alarm.ratio)}
        if self.seen is not None:
            row = self.seen
            values |= {
                "held_position": self.held,
                "last_seen": row.time,
                "lot": row.lot or self.alarm.lot,
                "wafer": row.wafer or self.alarm.wafer,
            }
        return self.alarm.changed(**values)


class RowAlarms:
    """The alarms of one equipment while the rows of one block pass."""

    def __init__(self, book: AlarmBook, rules: AlarmRules, block: EarlyBlock, cursor: Cursor) -> None:
        self._book = book
        self._rules = rules
        self._block = block
        self._window = list(cursor.window)
        self._showing = {one.id: _Followed(one) for one in book.showing(block.source, block.equipment)}

    @property
    def quiet(self) -> bool:
        """Whether rows below the lower threshold change nothing."""
        return not any(one.rows_on for one in self._showing.values()) and not any(self._window)

    def passed(self, cursor: Cursor, judged: int) -> Cursor:
        """The cursor behind these rows.

        Args:
            judged: how many rows with a score were not taken one by one, since they change nothing.
        """
        window = (self._window + [None] * judged)[-self._rules.window :]
        for number in sorted(self._showing):
            if self._showing[number].dirty:
                self._book.keep(self._showing[number].settled())
        return replace(cursor, window=tuple(window))

    def take(self, row: JudgedRow) -> None:
        """The next row."""
        claimed = False
        for one in [one for one in self._showing.values() if one.rows_on]:
            if row.shows(one.alarm):
                self._hold(one, row)
                claimed = True
            else:
                self._release(one)
        above = row.score > self._block.threshold
        self._window = [*self._window, row if above and not claimed else None][-self._rules.window :]
        speaking = [one for one in self._window if one is not None]
        if len(speaking) >= self._rules.points:
            self._window = [None] * len(self._window)
            self._begin(speaking)

    def _hold(self, one: _Followed, row: JudgedRow) -> None:
        """A row shows the problem of an alarm."""
        if row.productive == one.alarm.suppressed and one.alarm.state is not AlarmState.CLOSED:
            action = Action.UNSUPPRESSED if row.productive else Action.SUPPRESSED
            one = self._put(self._book.change(one.settled(), action, suppressed=not row.productive))
        one.shown_by(row)
        self._rate(one, row.score)

    def _rate(self, one: _Followed, score: float) -> None:
        if score <= one.peak or one.alarm.kind is not AlarmKind.ROWS:
            return
        one.peak, one.dirty = score, True
        alarm = one.alarm
        ratio = max(_ratio(score, alarm.threshold), alarm.ratio)
        kind = severity(ratio, alarm.in_a_row, max(alarm.wafers, 1), False)[0]
        if kind is not alarm.severity:
            self._put(worsen(self._book, one.settled(), kind))

    def _release(self, one: _Followed) -> None:
        """A row does not show it; after enough of them it has ended."""
        one.below, one.dirty = one.below + 1, True
        if one.below >= self._rules.off_rows:
            one.below, one.rows_on = 0, False
            self._put(end(self._book, one.settled()))

    def _begin(self, rows: list[JudgedRow]) -> None:
        """Enough rows speak for a problem: the alarm there is goes on or opens again, or a new one opens."""
        subject, last = subject_of(rows, self._block.equipment), rows[-1]
        same = next((one for one in self._showing.values() if _is_same(one, subject)), None)
        if same is None:
            same = self._put(reopened_or_opened(self._book, self._wanted(subject, rows), self._rules.realarm))
        same.shown_by(last)
        self._rate(same, max(one.score for one in rows))

    def _wanted(self, subject: AlarmSubject, rows: list[JudgedRow]) -> AlarmRecord:
        last, peak = rows[-1], max(one.score for one in rows)
        ratio = _ratio(peak, self._block.threshold)
        return AlarmRecord(
            id=0,
            kind=AlarmKind.ROWS,
            fingerprint=subject.fingerprint,
            source=self._block.source,
            equipment=subject.equipment,
            monitor=self._block.monitor,
            recipe=subject.recipe,
            step=subject.step,
            sensor=subject.sensor,
            direction=subject.direction,
            lot=last.lot,
            wafer=last.wafer,
            started=rows[0].time,
            last_seen=last.time,
            opened_at=self._book.now,
            rows_on=True,
            held_position=last.position,
            suppressed=not last.productive,
            severity=severity(ratio, 1, 1, False)[0],
            peak=peak,
            threshold=self._block.threshold,
            ratio=ratio,
        )

    def _put(self, alarm: AlarmRecord) -> _Followed:
        """Follow the alarm as it is now, which the database has already."""
        self._showing[alarm.id] = _Followed(alarm)
        self._showing[alarm.id].dirty = True
        return self._showing[alarm.id]


def _is_same(one: _Followed, subject: AlarmSubject) -> bool:
    """Whether an alarm whose problem is there now has this one, at whatever step."""
    alarm = one.alarm
    if not (one.rows_on or alarm.wafers_on):
        return False
    return (alarm.recipe, alarm.sensor, alarm.direction) == (subject.recipe, subject.sensor, subject.direction)


def _ratio(score: float, threshold: float) -> float:
    return float(np.clip(score / threshold, 0.0, 1e6)) if threshold > 0 else 1.0
