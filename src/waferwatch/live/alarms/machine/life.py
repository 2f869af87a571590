"""What opens, reopens, worsens and ends an alarm, whatever has found its problem."""

from __future__ import annotations

from datetime import datetime, timedelta

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.live.alarms.alarm import SYSTEM, Action, AlarmKind, AlarmRecord, AlarmState
from waferwatch.live.alarms.book import AlarmBook

_ORDER = (ProblemSeverity.WEAK, ProblemSeverity.CLEAR, ProblemSeverity.SEVERE)


def reopened_or_opened(book: AlarmBook, wanted: AlarmRecord, realarm: timedelta) -> AlarmRecord:
    """The alarm of a problem that is there again or for the first time.

    One that ended by itself a short time ago opens again as the same alarm. One that a person has closed stays closed:
    its verdict is about what happened then.
    """
    before = book.latest(wanted.source, wanted.fingerprint)
    if before is not None and _is_recent(book, before, wanted, realarm):
        return book.change(
            before,
            Action.REOPENED,
            rows_on=wanted.rows_on,
            wafers_on=wanted.wafers_on,
            below=0,
            held_position=max(before.held_position, wanted.held_position),
            last_seen=wanted.last_seen,
            lot=wanted.lot or before.lot,
            wafer=wanted.wafer or before.wafer,
            suppressed=wanted.suppressed,
            closed_at="",
            closed_by="",
            acknowledged_at="",
            acknowledged_by="",
            wafers=before.wafers + wanted.wafers,
            in_a_row=max(before.in_a_row, wanted.in_a_row),
            reason=wanted.reason or before.reason,
        )
    if before is None:
        return book.open(wanted)
    shelf = {"shelved": bool(before.shelved_until), "shelved_until": before.shelved_until}
    return book.open(wanted.changed(earlier=before.id, **shelf))


def worsen(book: AlarmBook, alarm: AlarmRecord, kind: ProblemSeverity) -> AlarmRecord:
    """In a worse class, if it is one."""
    if _ORDER.index(kind) <= _ORDER.index(alarm.severity):
        return alarm
    if alarm.state is AlarmState.CLOSED:
        return alarm.changed(severity=kind)
    return book.change(alarm, Action.WORSENED, severity=kind)


def end(book: AlarmBook, alarm: AlarmRecord, comment: str = "") -> AlarmRecord:
    """Close an alarm whose problem is not there any more; it stays open while rows or wafers still show it."""
    if alarm.on or alarm.state is AlarmState.CLOSED:
        book.keep(alarm)
        return alarm
    once = alarm.shelved and not alarm.shelved_until
    return book.change(
        alarm,
        Action.ENDED,
        comment=comment,
        closed_at=book.now,
        closed_by=SYSTEM,
        suppressed=False,
        shelved=alarm.shelved and not once,
    )


def _is_recent(book: AlarmBook, before: AlarmRecord, wanted: AlarmRecord, realarm: timedelta) -> bool:
    """By the clock of the rows; of silence, which has no rows, by ours."""
    if before.closed_by != SYSTEM:
        return False
    rows = (before.last_seen, wanted.started)
    then, now = (before.closed_at, book.now) if wanted.kind is AlarmKind.SILENCE else rows
    return abs(datetime.fromisoformat(now) - datetime.fromisoformat(then)) <= realarm
