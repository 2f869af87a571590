"""What people do with alarms; each act leaves a line in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waferwatch.errors import InputError
from waferwatch.live.alarms.alarm import Action, AlarmRecord, AlarmState
from waferwatch.live.alarms.book import AlarmBook, moment


@dataclass(frozen=True)
class Person:
    """Who does something, and what they say about it."""

    name: str
    note: str = ""


def acknowledge(book: AlarmBook, number: int, who: Person) -> AlarmRecord:
    """Say that somebody has seen it; one that has ended as well. A second time changes nothing.

    Raises:
        NotFoundError: there is no such alarm.
    """
    alarm = book.get(number)
    if alarm.acknowledged_at:
        return alarm
    return book.change(
        alarm, Action.ACKNOWLEDGED, who.name, who.note, acknowledged_at=book.now, acknowledged_by=who.name
    )


def shelve(book: AlarmBook, number: int, who: Person, until: datetime | None) -> AlarmRecord:
    """Take it from the list until a moment, for new occurrences too; without one, until this occurrence has ended.

    Raises:
        NotFoundError: there is no such alarm.
        InputError: it is closed.
    """
    alarm = book.get(number)
    if alarm.state is AlarmState.CLOSED:
        raise InputError(
            "Alarm {number} is closed and cannot be shelved.", hint="Reopen it first.", field="alarm", number=number
        )
    shelf = {"shelved": True, "shelved_until": "" if until is None else moment(until)}
    return book.change(alarm, Action.SHELVED, who.name, who.note, **shelf)


def unshelve(book: AlarmBook, number: int, who: Person) -> AlarmRecord:
    """Bring it back to the list. One that is not shelved stays as it is.

    Raises:
        NotFoundError: there is no such alarm.
    """
    alarm = book.get(number)
    return _unshelved(book, alarm, who) if alarm.shelved else alarm


def unshelve_due(book: AlarmBook) -> list[AlarmRecord]:
    """Bring back every alarm whose time on the shelf is over."""
    return [_unshelved(book, one, Person("system")) for one in book.shelved_until(book.now)]


def close(book: AlarmBook, number: int, who: Person, verdict: str) -> AlarmRecord:
    """Close it as a true alarm, a false one or an intended change; a closed one gets this verdict.

    Rows that still show the problem open no other alarm before it has ended once; the next abnormal wafer does.

    Args:
        verdict: one of ``VERDICTS``.

    Raises:
        NotFoundError: there is no such alarm.
    """
    alarm = book.get(number)
    said = {"verdict": verdict, "note": who.note}
    if alarm.state is AlarmState.CLOSED:
        if (alarm.verdict, alarm.note) == (verdict, who.note):
            return alarm
        return book.change(alarm, Action.NOTED, who.name, _said(verdict, who), closed_by=who.name, **said)
    once = alarm.shelved and not alarm.shelved_until
    return book.change(
        alarm,
        Action.CLOSED,
        who.name,
        _said(verdict, who),
        closed_at=book.now,
        closed_by=who.name,
        acknowledged_at=alarm.acknowledged_at or book.now,
        acknowledged_by=alarm.acknowledged_by or who.name,
        wafers_on=False,
        suppressed=False,
        shelved=alarm.shelved and not once,
        **said,
    )


def reopen(book: AlarmBook, number: int, who: Person) -> AlarmRecord:
    """Take a closing back, and its verdict with it.

    Raises:
        NotFoundError: there is no such alarm.
        InputError: it is not closed.
    """
    alarm = book.get(number)
    if alarm.state is not AlarmState.CLOSED:
        raise InputError("Alarm {number} is not closed.", hint="There is nothing to do.", field="alarm", number=number)
    blank = {"closed_at": "", "closed_by": "", "verdict": "", "note": ""}
    return book.change(alarm, Action.REOPENED, who.name, who.note, **blank)


def _unshelved(book: AlarmBook, alarm: AlarmRecord, who: Person) -> AlarmRecord:
    return book.change(alarm, Action.UNSHELVED, who.name, who.note, shelved=False, shelved_until="")


def _said(verdict: str, who: Person) -> str:
    return f"{verdict}: {who.note}" if who.note else verdict
