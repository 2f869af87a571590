"""A threshold from a budget of false alarms: at most so many false events per equipment and week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.detection.alarm_rate import FEWEST_PEAKS, AlarmRate, measure_rate
from waferwatch.detection.calibration import Calibration, Scope, judged_weeks, piece_scores
from waferwatch.detectors.base import Scores
from waferwatch.detectors.threshold import DEFAULT_CONTAMINATION
from waferwatch.errors import InputError
from waferwatch.events.event import Event
from waferwatch.read.table import Note
from waferwatch.series.series import Series

LEAST_ALARMS, MOST_ALARMS = 0.001, 100_000.0  # per equipment and week: one in 19 years, one in six seconds
_HOURS_A_WEEK = 168.0
_ROUNDING = 1.01  # a threshold is found to so much


@dataclass(frozen=True)
class Budget:
    """What was asked for, what it rests on, and what came of it. Rates are events per equipment and week."""

    asked: float  # false events, at most
    expected: float  # false events at the threshold, on the equipment with most of them
    rows: int  # known-normal rows that the detector had not learnt from and that the threshold was found on,
    weeks: float  # how long they last, added up over the equipment
    beyond: float  # how many times rarer the asked is than one event in the rows that decided; up to 1: seen in them
    judged_weeks: float = 0.0  # how long the judged rows last that are not known to be normal, over the equipment
    achieved: float | None = None  # all events, true and false, of these rows; None without any
    achieved_false: float | None = None  # of them those that touch no labelled row; None without labels


def check_budget(false_alarms: float, contamination: float, known: bool) -> None:
    """Refuse what cannot be asked for before the work, not after it.

    Args:
        false_alarms: per equipment and week.
        contamination: the other way to a threshold, which must stand at its default.
        known: whether any rows are known to be normal.

    Raises:
        InputError: for a number that is none, both ways, or no known-normal rows.
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
    if contamination != DEFAULT_CONTAMINATION:
        raise InputError(
            "Both an expected share of anomalies and a number of false alarms were given.",
            hint="Give one of them.",
            field="false_alarms",
        )
    if not known:
        raise InputError(
            "A number of false alarms can only be kept where some rows are known to be normal.",
            hint="Say which: the first rows, a period or a reference; or give the expected share of anomalies instead.",
            field="false_alarms",
        )


def budget_threshold(calibration: Calibration, scores: Sequence[Scores]) -> tuple[float, Budget]:
    """The threshold that keeps the budget on every equipment, and what it rests on.

    Each scope (equipment) whose calibration rows hold enough events has a rate of its own, the others share one of all
    calibration rows. The threshold is the highest that any of them asks for: the budget is a promise for each
    equipment, and one that is noisier than the others would break it under a threshold made for their mean.

    Args:
        calibration: the rows that the detector has not learnt from.
        scores: of the series of ``calibration.work``.

    Raises:
        InputError: when none of these rows could be judged.
    """
    asked = calibration.asked
    rates, rows = _rates(calibration, scores)
    threshold, strictest = max(((rate.threshold(asked), rate) for rate in rates), key=lambda one: one[0])
    return threshold, Budget(
        asked=asked,
        expected=max(rate.expected(threshold) for rate in rates),
        rows=rows,
        weeks=sum(judged_weeks(piece, scores) for piece in calibration.pieces),
        beyond=1 / (asked * strictest.weeks),
    )


def with_achieved(
    budget: Budget,
    calibration: Calibration,
    series: Sequence[Series],
    points: NDArray[np.float64],
    events: Sequence[Event],
    event_ids: NDArray[np.int64],
    labels: NDArray[np.bool_] | None,
) -> Budget:
    """The budget with what came of it in the rows that are not known to be normal.

    Args:
        series: those of the table.
        points: (rows,) scores in table order, NaN = not judged.
        event_ids: (rows,) event of each row, 0 = none.
        labels: (rows,) True where known to be anomalous.
    """
    lasting = np.zeros(len(points))
    for one, weeks in zip(series, calibration.fresh, strict=True):
        lasting[one.rows] = weeks
    judged = float(lasting[~np.isnan(points)].sum())
    if judged == 0:
        return budget
    fresh = {event.id for event in events if lasting[event.peak_row] > 0}
    false = None if labels is None else len(fresh.difference(event_ids[labels].tolist())) / judged
    return replace(budget, judged_weeks=judged, achieved=len(fresh) / judged, achieved_false=false)


def budget_notes(budget: Budget | None) -> tuple[Note, ...]:
    """How far the threshold was extrapolated beyond what the known-normal rows show."""
    if budget is None or budget.beyond <= 1:
        return ()
    said = Note(
        "The threshold is extrapolated: {asked} per equipment and week is {times} times rarer than {hours} hours of "
        "known-normal rows can show. A longer reference makes it surer.",
        {
            "asked": _short(budget.asked),
            "times": _short(budget.beyond),
            "hours": _short(_HOURS_A_WEEK / (budget.asked * budget.beyond)),
        },
    )
    if budget.expected <= budget.asked * _ROUNDING:
        return (said,)
    ended = Note(
        "The known-normal rows cannot be extrapolated so far: expect up to {expected} false alarms per equipment and "
        "week.",
        {"expected": _short(budget.expected)},
    )
    return said, ended


def _rates(calibration: Calibration, scores: Sequence[Scores]) -> tuple[list[AlarmRate], int]:
    """The rates that the threshold must keep low, and the number of rows that they come from."""
    pieces: dict[Scope, list[NDArray[np.float64]]] = defaultdict(list)
    weeks: dict[Scope, float] = defaultdict(float)
    for piece in calibration.pieces:
        pieces[piece.scope].append(piece_scores(piece, scores))
        weeks[piece.scope] += judged_weeks(piece, scores)
    judged = [scope for scope in pieces if weeks[scope] > 0]
    if not judged:
        raise InputError(
            "None of the known-normal rows kept back to find the threshold could be judged.",
            hint="Give more reference rows: some thousands for each equipment, better weeks of them.",
            field="false_alarms",
        )
    rows = sum(int(np.isfinite(piece).sum()) for scope in judged for piece in pieces[scope])
    own = [measure_rate(pieces[scope], weeks[scope]) for scope in judged]
    enough = [rate for rate in own if rate.tail_events >= FEWEST_PEAKS]
    if len(enough) == len(own):
        return own, rows
    shared = measure_rate([piece for scope in judged for piece in pieces[scope]], sum(weeks[scope] for scope in judged))
    return [*enough, shared], rows


def _short(value: float) -> str:
    """
    >>> _short(0.0123), _short(83.7), _short(1234.5)
    ('0.012', '84', '1,234')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
