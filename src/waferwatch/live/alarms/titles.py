"""What an alarm is about, in one sentence; alarms as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from waferwatch.indicators.verdicts import DOWN, UP
from waferwatch.live.alarms.alarm import AlarmChange, AlarmKind, AlarmRecord, read_note
from waferwatch.read.table import Note
from waferwatch.series.steps import step_name

Translate = Callable[[str], str]  # a template in English -> in the language of who reads it
_LENGTH = "_length"  # where other problems have a sensor
_STATISTICS = {"min": "lowest", "max": "highest", "settle": "time to settle"}  # what they are called, where otherwise
_HIDDEN = ("rows_on", "wafers_on", "below", "held_position", "announced", "reason")


def title_of(alarm: AlarmRecord) -> Note:
    """The sentence: which sensor, to which side, in which step, on which equipment."""
    values: dict[str, object] = {
        "sensor": alarm.sensor,
        "step": step_name(alarm.step),
        "equipment": alarm.equipment or alarm.source,
        "since": alarm.started[:19].replace("T", " "),
        "source": alarm.source,
    }
    if alarm.kind is AlarmKind.SILENCE:
        return _silent(alarm, values)
    if alarm.sensor == _LENGTH:
        return Note("Unusual length of {step} on {equipment}", values)
    return _placed(alarm, values) if alarm.step else _unplaced(alarm, values)


def said(note: Note | None, translate: Translate) -> str:
    """A sentence in the reader's language; none is empty."""
    if note is None:
        return ""
    statistic = str(note.values.get("statistic", ""))
    words = {"statistic": translate(_STATISTICS.get(statistic, statistic))} if statistic else {}
    return translate(note.template).format(**{**note.values, **words})


def alarm_document(alarm: AlarmRecord, translate: Translate = str) -> dict[str, Any]:
    """An alarm as JSON: what is not known is null."""
    plain = {name: value for name, value in asdict(alarm).items() if name not in _HIDDEN}
    known = {name: None if value == "" else value for name, value in plain.items()}
    texts = {"title": said(title_of(alarm), translate), "reason": said(read_note(alarm.reason), translate) or None}
    return {"id": known.pop("id"), **texts, **known, "ongoing": alarm.on}


def change_document(change: AlarmChange) -> dict[str, Any]:
    """A line of the audit trail as JSON."""
    return asdict(change) | {"before": change.before or None}


def _silent(alarm: AlarmRecord, values: dict[str, object]) -> Note:
    if alarm.equipment:
        return Note("No data from {equipment} since {since}", values)
    return Note("No data from the source {source} since {since}", values)


def _placed(alarm: AlarmRecord, values: dict[str, object]) -> Note:
    if not alarm.sensor:
        return Note("Unusual values in {step} on {equipment}", values)
    if alarm.direction == UP:
        return Note("{sensor} high in {step} on {equipment}", values)
    if alarm.direction == DOWN:
        return Note("{sensor} low in {step} on {equipment}", values)
    return Note("{sensor} unusual in {step} on {equipment}", values)


def _unplaced(alarm: AlarmRecord, values: dict[str, object]) -> Note:
    if not alarm.sensor:
        return Note("Unusual values on {equipment}", values)
    if alarm.direction == UP:
        return Note("{sensor} high on {equipment}", values)
    if alarm.direction == DOWN:
        return Note("{sensor} low on {equipment}", values)
    return Note("{sensor} unusual on {equipment}", values)
