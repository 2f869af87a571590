"""What a threshold promises, and what the reference can carry of it."""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.errors import InputError
from waferwatch.models.alarm_counts import AT_95_PERCENT, AlarmCounts
from waferwatch.read.table import Note
from waferwatch.scoring.option_rules import LEAST_ALARMS, MOST_ALARMS

HOURS_A_WEEK = 168.0


@dataclass(frozen=True)
class Promise:
    """False events at a threshold, as the reference's left-out rows show them. Rates are per equipment and hour."""

    rows: int  # normal rows, left out of learning, that it rests on
    hours: float | None  # how long they last, added up over the equipment; None without dates
    events: int  # of theirs above the threshold
    at_most_per_hour: float | None  # with 95 % confidence; None without dates
    asked_per_week: float | None = None  # false events per equipment and week that were asked for
    kept: bool = True  # False where the reference cannot carry what was asked for, and the automatic threshold was used


def check_alarms(false_alarms: float) -> None:
    """
    Raises:
        InputError: for a number of false alarms that is none.
    """
    if not LEAST_ALARMS <= false_alarms <= MOST_ALARMS:  # also true for NaN
        raise InputError(
            "The number of false alarms per equipment and week cannot be {value}.",
            hint="Give a number from {least} to {most}, such as 1 for one a week.",
            field="false_alarms",
            value=false_alarms,
            least=LEAST_ALARMS,
            most=int(MOST_ALARMS),
        )


def promise_of(alarms: AlarmCounts, threshold: float, asked: float | None = None, kept: bool = True) -> Promise:
    """What a threshold lets through on normal rows."""
    events = alarms.above(threshold)
    # Poisson: no event in T hours allows 3 / T; n events allow about n + 2 sqrt(n) + 3.
    most = events + 2 * events**0.5 + AT_95_PERCENT
    return Promise(alarms.rows, alarms.hours, events, most / alarms.hours if alarms.hours else None, asked, kept)


def alarm_threshold(alarms: AlarmCounts, automatic: float, asked: float) -> tuple[float, bool]:
    """The threshold for a number of false events per equipment and week, and whether the reference can carry it.

    What it cannot carry is never extrapolated: the automatic threshold is used, and the result says so.

    Raises:
        InputError: for rows without dates.
    """
    if alarms.hours is None:
        raise InputError(
            "False alarms per week can only be counted where a time column holds dates and times.",
            hint="Name that column as time, or leave the number out: the threshold is then found by itself.",
            field="false_alarms",
        )
    level = alarms.level(asked / HOURS_A_WEEK)
    return (automatic, False) if level is None else (level, True)


def promise_notes(promise: Promise) -> tuple[Note, ...]:
    """What the reference cannot carry, as sentences."""
    if promise.kept or promise.hours is None or promise.at_most_per_hour is None:
        return ()
    note = Note(
        "A rate of {asked} false alarms per equipment and week cannot be promised from {hours} hours of normal rows. "
        "The automatic threshold was used instead: at most one false alarm in {between} hours can be promised (95 %). "
        "More normal rows allow a lower number.",
        {
            "asked": short(promise.asked_per_week or 0.0),
            "hours": short(promise.hours),
            "between": short(1 / promise.at_most_per_hour),
        },
    )
    return (note,)


def short(value: float) -> str:
    """A number in two digits, or whole from 10 on.

    >>> short(0.0123), short(1.25), short(11.93), short(1234.5)
    ('0.012', '1.2', '12', '1,234')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
