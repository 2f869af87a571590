"""Alarms that rows open, hold and end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from waferwatch.indicators.problems.severity import severity
from waferwatch.live.alarms.alarm import Action, AlarmKind, AlarmRecord, AlarmState, AlarmSubject
from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.alarms.machine.cursor import Cursor
from waferwatch.live.alarms.machine.life import end, reopened_or_opened, worsen
from waferwatch.live.alarms.machine.rows import JudgedRow, subject_of
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.scored import EarlyBlock


class RowAlarms:
    """The alarms of one equipment while the rows of one block pass."""

    def __init__(self, book: AlarmBook, rules: AlarmRules, block: EarlyBlock, cursor: Cursor) -> None:
        self._book = book
        self._rules = rules
        self._block = block
        self._window = list(cursor.window)
        self._showing = {one.id: one for one in book.showing(block.source, block.equipment)}
        self._touched: set[int] = set()
        self._last = 0  # id of the alarm that was changed last

    @property
    def quiet(self) -> bool:
        """Whether rows below the lower threshold change nothing."""
        return not self._held() and not any(self._window)

    def passed(self, cursor: Cursor, judged: int) -> Cursor:
        """The cursor behind these rows.

        Args:
            judged: how many rows with a score were not taken one by one, since they change nothing.
        """
        window = (self._window + [None] * judged)[-self._rules.window :]
        for number in sorted(self._touched):
            self._book.keep(self._showing[number])
        return replace(cursor, window=tuple(window))

    def take(self, row: JudgedRow) -> None:
        """The next row."""
        above = row.score > self._block.threshold
        claimed = False
        for alarm in self._held():
            if row.shows(alarm):
                self._hold(alarm, row)
                claimed = True
            else:
                self._release(alarm)
        self._window = [*self._window, row if above and not claimed else None][-self._rules.window :]
        speaking = [one for one in self._window if one is not None]
        if len(speaking) >= self._rules.points:
            self._window = [None] * len(self._window)
            self._begin(speaking)

    def _held(self) -> list[AlarmRecord]:
        return [one for one in self._showing.values() if one.rows_on]

    def _hold(self, alarm: AlarmRecord, row: JudgedRow) -> None:
        """A row shows the problem of an alarm."""
        if row.productive == alarm.suppressed and alarm.state is not AlarmState.CLOSED:
            action = Action.UNSUPPRESSED if row.productive else Action.SUPPRESSED
            alarm = self._book.change(alarm, action, suppressed=not row.productive)
        self._put(_seen(alarm, row))
        self._rate(alarm.id, row.score)

    def _rate(self, number: int, score: float) -> None:
        alarm = self._showing[number]
        if score <= alarm.peak or alarm.kind is not AlarmKind.ROWS:
            return
        ratio = _ratio(score, alarm.threshold)
        kind = severity(ratio, alarm.in_a_row, max(alarm.wafers, 1), False)[0]
        self._put(worsen(self._book, alarm.changed(peak=score, ratio=ratio), kind))

    def _release(self, alarm: AlarmRecord) -> None:
        """A row does not show it; after enough of them it has ended."""
        below = alarm.below + 1
        if below < self._rules.off_rows:
            self._put(alarm.changed(below=below))
            return
        self._put(end(self._book, alarm.changed(below=0, rows_on=False)))

    def _begin(self, rows: list[JudgedRow]) -> None:
        """Enough rows speak for a problem: the alarm there is goes on or opens again, or a new one opens."""
        subject, last = subject_of(rows, self._block.equipment), rows[-1]
        same = next((one for one in self._showing.values() if one.on and _is_same(one, subject)), None)
        if same is not None:
            self._put(_seen(same.changed(rows_on=True), last))
        else:
            wanted = self._wanted(subject, rows)
            self._put(reopened_or_opened(self._book, wanted, self._rules.realarm))
        self._rate(self._last, max(one.score for one in rows))

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

    def _put(self, alarm: AlarmRecord) -> None:
        """Remember the alarm as it is now; the database has it when the block has passed."""
        self._last = alarm.id
        self._touched.add(alarm.id)
        self._showing[alarm.id] = alarm


def _seen(alarm: AlarmRecord, row: JudgedRow) -> AlarmRecord:
    return alarm.changed(
        below=0,
        held_position=max(alarm.held_position, row.position),
        last_seen=row.time,
        lot=row.lot or alarm.lot,
        wafer=row.wafer or alarm.wafer,
    )


def _is_same(alarm: AlarmRecord, subject: AlarmSubject) -> bool:
    """Whether an alarm whose problem is there now has this one, at whatever step."""
    return (alarm.recipe, alarm.sensor, alarm.direction) == (subject.recipe, subject.sensor, subject.direction)


def _ratio(score: float, threshold: float) -> float:
    return float(np.clip(score / threshold, 0.0, 1e6)) if threshold > 0 else 1.0
