"""Alarms that verdicts on wafers open, hold and end."""

from __future__ import annotations

import math

import numpy as np

from waferwatch.indicators.problems.severity import severity
from waferwatch.indicators.verdicts import OTHER, RunScore
from waferwatch.live.alarms.alarm import AlarmKind, AlarmRecord, AlarmState, AlarmSubject, kept_note
from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.alarms.machine.life import end, reopened_or_opened, worsen
from waferwatch.live.alarms.machine.rows import CARRIES
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.scored import WaferBlock

_TYPED = "range"  # the hard rule that a person's limit makes


def take_wafer(book: AlarmBook, rules: AlarmRules, block: WaferBlock) -> None:
    """A wafer was judged: its problem opens or holds an alarm, and what it does not show any more ends."""
    showing = book.showing(block.source, block.equipment)
    shown = _shown(book, rules, block, showing) if block.verdict.abnormal else None
    known = block.verdict.abnormal or not math.isnan(block.verdict.score)
    for alarm in showing:
        if shown is None or alarm.id != shown.id:
            end(book, _without(alarm, block, known), "wafer")


def _shown(book: AlarmBook, rules: AlarmRules, block: WaferBlock, showing: list[AlarmRecord]) -> AlarmRecord:
    """The alarm of an abnormal wafer's problem.

    Its rows may have opened one that has ended before the verdict came: which of both comes first is a matter of
    load, and must not make two alarms of one fault.
    """
    subject = _subject(block)
    wanted = _wanted(book, block, subject)
    of_rows = book.ended_during(block.source, block.equipment, wanted.started, wanted.last_seen)
    candidates = [one for one in showing if one.state is not AlarmState.CLOSED] + of_rows
    same = [one for one in candidates if one.fingerprint == subject.fingerprint]
    same += [one for one in candidates if _carries(block.verdict, one, subject)]
    if not same:
        return reopened_or_opened(book, wanted, rules.realarm)
    if same[0].state is AlarmState.CLOSED:
        known = same[0].subject
        return reopened_or_opened(book, wanted.of_subject(known), rules.realarm)
    alarm = same[0].changed(
        wafers_on=True,
        last_seen=wanted.last_seen,
        lot=wanted.lot,
        wafer=wanted.wafer,
        wafers=same[0].wafers + 1,
        in_a_row=max(same[0].in_a_row, wanted.in_a_row),
        peak=max(same[0].peak, wanted.peak) if same[0].kind is wanted.kind else same[0].peak,
        ratio=max(same[0].ratio, wanted.ratio),
        reason=wanted.reason,
    )
    typed = _TYPED in block.verdict.rules
    alarm = worsen(book, alarm, severity(alarm.ratio, alarm.in_a_row, alarm.wafers, typed)[0])
    book.keep(alarm)
    return alarm


def _carries(verdict: RunScore, alarm: AlarmRecord, subject: AlarmSubject) -> bool:
    """Whether the sensor of an open alarm carries the verdict as well: one fault on several sensors is one alarm."""
    if alarm.recipe != subject.recipe:
        return False
    if not subject.sensor:  # judged by its rows, whose alarm names the sensor
        return True
    agrees = OTHER in (alarm.direction, subject.direction) or alarm.direction == subject.direction
    most = max(verdict.sensors.values(), default=0.0)
    return agrees and (alarm.sensor == subject.sensor or verdict.sensors.get(alarm.sensor, -1.0) >= CARRIES * most)


def _without(alarm: AlarmRecord, block: WaferBlock, known: bool) -> AlarmRecord:
    """An alarm after a wafer that does not show it.

    Rows that came after the wafer hold it further; a wafer that could not be judged says nothing of the wafers before.
    """
    over = alarm.held_position <= block.position
    proven = known and alarm.recipe == (block.verdict.recipe or "")
    return alarm.changed(rows_on=alarm.rows_on and not over, wafers_on=alarm.wafers_on and not proven)


def _subject(block: WaferBlock) -> AlarmSubject:
    found = block.verdict
    return AlarmSubject(
        block.equipment, found.recipe or "", found.step or "", found.sensor or "", found.direction or OTHER
    )


def _wanted(book: AlarmBook, block: WaferBlock, subject: AlarmSubject) -> AlarmRecord:
    found = block.verdict
    ratio = 1.0 if math.isnan(found.ratio) else min(found.ratio, 1e6)
    in_a_row = max(found.in_a_row, 1)
    start, stop = (str(np.datetime_as_string(one.astype("datetime64[us]"))) for one in (block.start, block.end))
    return AlarmRecord(
        id=0,
        kind=AlarmKind.WAFER,
        fingerprint=subject.fingerprint,
        source=block.source,
        equipment=subject.equipment,
        monitor=block.monitor,
        recipe=subject.recipe,
        step=subject.step,
        sensor=subject.sensor,
        direction=subject.direction,
        lot=found.lot or "",
        wafer=found.wafer or "",
        started=start,
        last_seen=stop,
        opened_at=book.now,
        wafers_on=True,
        held_position=block.position,
        suppressed=not block.productive,
        severity=severity(ratio, in_a_row, in_a_row, _TYPED in found.rules)[0],
        peak=0.0 if math.isnan(found.score) else found.score,
        threshold=found.threshold or 0.0,
        ratio=ratio,
        wafers=1,
        in_a_row=in_a_row,
        reason=kept_note(found.sentence),
    )
