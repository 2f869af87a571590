"""One alarm as the database keeps it, its states and what can happen to it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.read.table import Note

SYSTEM = "system"  # who does what happens by itself
TRUE_ALARM, FALSE_ALARM = "true", "false"  # verdicts; "" = none yet
INTENDED_CHANGE = "intended_change"  # of a recipe or a set-point: seen rightly, and no fault
VERDICTS = (TRUE_ALARM, FALSE_ALARM, INTENDED_CHANGE)


class AlarmState(StrEnum):
    """ISA-18.2's states."""

    ACTIVE = "active"  # not yet acknowledged
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"  # by a person, until a moment or once
    SUPPRESSED = "suppressed"  # by the equipment's state: it does not produce
    CLOSED = "closed"


class AlarmKind(StrEnum):
    """What opened it."""

    ROWS = "rows"
    WAFER = "wafer"
    SILENCE = "silence"


class Action(StrEnum):
    """What happened to an alarm."""

    OPENED = "opened"
    REOPENED = "reopened"  # the same problem again, or a person took a closing back
    WORSENED = "worsened"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    ENDED = "ended"  # the problem is over
    CLOSED = "closed"  # by a person, with a verdict
    NOTED = "noted"  # another verdict or note on a closed one


@dataclass(frozen=True)
class AlarmSubject:
    """What makes two alarms the same."""

    equipment: str
    recipe: str
    step: str
    sensor: str
    direction: str  # "up", "down" or "other"; "" for silence

    @property
    def fingerprint(self) -> str:
        return " | ".join((self.equipment, self.recipe, self.step, self.sensor, self.direction))


@dataclass(frozen=True)
class AlarmRecord:
    """One alarm. Times of rows (``started``, ``last_seen``) are as the rows have them, without a zone; all others are
    moments in UTC. Text that is not known is empty.
    """

    id: int
    kind: AlarmKind
    fingerprint: str
    source: str
    equipment: str  # "" where a whole source is silent
    monitor: str  # NAME@VERSION
    recipe: str
    step: str
    sensor: str  # leading
    direction: str
    lot: str  # of the newest wafer that shows it
    wafer: str
    started: str  # first row
    last_seen: str  # last row that shows it
    opened_at: str
    state: AlarmState = AlarmState.ACTIVE
    rows_on: bool = False  # whether rows show it now
    wafers_on: bool = False  # whether the last wafer of its recipe shows it
    below: int = 0  # judged rows since the last one that shows it
    held_position: int = 0  # of that row in the log
    acknowledged_at: str = ""
    acknowledged_by: str = ""
    shelved: bool = False
    shelved_until: str = ""  # "" while shelved: once, until it ends
    suppressed: bool = False
    closed_at: str = ""
    closed_by: str = ""
    verdict: str = ""
    note: str = ""
    severity: ProblemSeverity = ProblemSeverity.WEAK
    peak: float = 0.0
    threshold: float = 0.0
    ratio: float = 0.0  # peak as a multiple of the limit
    wafers: int = 0  # abnormal ones
    in_a_row: int = 0
    reason: str = ""  # a sentence as JSON: template and values
    raised_at: str = ""  # when it was first active; "" where it never was
    announced: bool = False  # whether a message about it was written
    earlier: int | None = None  # alarm of the same fingerprint before it

    @property
    def on(self) -> bool:
        """Whether the problem is there now, whatever people say of it."""
        return self.rows_on or self.wafers_on

    @property
    def subject(self) -> AlarmSubject:
        return AlarmSubject(self.equipment, self.recipe, self.step, self.sensor, self.direction)

    def of_subject(self, subject: AlarmSubject) -> Self:
        """Of another problem."""
        return replace(self, fingerprint=subject.fingerprint, **asdict(subject))

    def changed(self, **values: Any) -> Self:
        """With other values, in the state that follows from them."""
        made = replace(self, **values)
        return replace(made, state=_state_of(made))

    def row(self) -> dict[str, Any]:
        """As the database keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        values = {one.name: row[one.name] for one in fields(cls)}
        kinds: dict[str, Any] = {"kind": AlarmKind, "state": AlarmState, "severity": ProblemSeverity}
        truths = ("rows_on", "wafers_on", "shelved", "suppressed", "announced")
        named = {name: kind(values[name]) for name, kind in kinds.items()}
        return cls(**values | named | {name: bool(values[name]) for name in truths})


@dataclass(frozen=True)
class AlarmChange:
    """One line of the audit trail. Ids grow with each change of any alarm."""

    id: int
    alarm: int
    at: str
    user: str
    action: Action
    before: str  # state; "" for one that was opened
    after: str
    note: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        values = {one.name: row[one.name] for one in fields(cls)}
        return cls(**values | {"action": Action(values["action"])})


def _state_of(alarm: AlarmRecord) -> AlarmState:
    if alarm.closed_at:
        return AlarmState.CLOSED
    if alarm.suppressed:
        return AlarmState.SUPPRESSED
    if alarm.shelved:
        return AlarmState.SHELVED
    return AlarmState.ACKNOWLEDGED if alarm.acknowledged_at else AlarmState.ACTIVE


def kept_note(note: Note | None) -> str:
    """A sentence as an alarm keeps it."""
    return "" if note is None else json.dumps([note.template, dict(note.values)], ensure_ascii=False, default=str)


def read_note(text: str) -> Note | None:
    """What ``kept_note`` gave."""
    return Note(*json.loads(text)) if text else None
