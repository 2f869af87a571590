"""What set the threshold of a detection, and what it promises, in sentences."""

from __future__ import annotations

import math

from waferwatch.read.table import Note
from waferwatch.scoring.thresholds.promise import Promise, promise_notes, short

_SET_BY = {
    "auto": Note("Automatic threshold."),
    "contamination": Note("Threshold by the expected share of anomalous rows."),
    "false_alarms": Note("Threshold by the number of false alarms."),
    "hand": Note("Threshold set by hand."),
}


def threshold_notes(threshold: float, by: str, promise: Promise | None) -> list[Note]:
    """One to three short sentences; none where no row could be judged.

    Args:
        threshold: as the scores are.
        by: what set it: "auto", "contamination", "false_alarms" or "hand".
        promise: None where it was moved after the detection, and for results of before 0.4.0.
    """
    if not math.isfinite(threshold) or by not in _SET_BY:
        return []
    if promise is None or not promise.rows:
        return [_SET_BY[by]]
    if not promise.kept:
        return list(promise_notes(promise))  # it says which threshold was used instead
    return [_SET_BY[by], *_evidence(promise)]


def _evidence(promise: Promise) -> list[Note]:
    events = f"{promise.events:,}"
    if promise.hours is None or promise.at_most_per_hour is None:
        rows = f"{promise.rows:,}"
        return [Note("Events above it in {rows} rows taken as normal: {events}.", {"rows": rows, "events": events})]
    hours = short(promise.hours)
    return [
        Note("Events above it in {hours} hours of rows taken as normal: {events}.", {"hours": hours, "events": events}),
        _most(1 / promise.at_most_per_hour),
    ]


def _most(hours: float) -> Note:
    if hours >= 1:
        return Note(
            "At most one false event in {hours} hours can be promised for each equipment (95 %).",
            {"hours": short(hours)},
        )
    return Note(
        "At most one false event in {minutes} minutes can be promised for each equipment (95 %).",
        {"minutes": short(60 * hours)},
    )
