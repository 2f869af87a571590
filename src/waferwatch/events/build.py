"""Scores and flags become events that an engineer can act on. Pure functions over whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.context import places
from waferwatch.events.event import Event, SensorShare
from waferwatch.events.kinds import kinds
from waferwatch.events.lasting import with_lasting_states
from waferwatch.events.merge import Flagged, merge
from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.series.time_text import time_texts

# Sensors listed for an event, at most. With more of them in the table, the listed shares add up to less than 1.
MOST_SENSORS = 20


def build_events(
    scores: NDArray[np.float64],
    flags: NDArray[np.bool_],
    contributions: NDArray[np.floating],
    series: Sequence[Series],
    table: Table,
    features: Sequence[str],
) -> tuple[list[Event], NDArray[np.int64]]:
    """Merge the flagged rows of each series into events.

    Flagged points of one series belong to the same event while at most 8 unflagged points lie between any two
    neighbours (``merge.MERGE_GAP_POINTS``); long stretches with short gaps, flagged runs in a row, and runs in which
    the same sensor is off again and again (``lasting``) are one event of the kind state. Events are numbered from 1 by
    the time of their first point, and where that is the same (or there is no time) by its row. The sensors
    of an event are ranked by the sum of their contributions over its flagged rows; see ``kinds`` for its kind.

    Args:
        scores: (rows,) in table order; NaN = not judged.
        flags: (rows,) in table order; only judged rows of a series can be flagged.
        contributions: (rows, features) in table order.
        series: the stretches of the table, in any order.
        table: where equipment, lot and context are read.
        features: names of the sensors.

    Returns:
        The events in order of their number, and the (rows,) event number of each row: 0 for every row that is not
        flagged, those in the gaps inside an event too.

    Raises:
        ValueError: when a row is flagged that has no score or belongs to no series.
    """
    flagged = merge(flags, series)
    ids = np.zeros(len(flags), np.int64)
    if not len(flagged.rows):
        return [], ids
    if np.isnan(scores[flagged.rows]).any():
        raise ValueError("a row is flagged that has no score")
    flagged = with_lasting_states(flagged, _carried(flagged, contributions), series)
    times = _times(flagged, series, table.first_row)
    start, end, peak = flagged.first, flagged.last, _peaks(scores[flagged.rows], flagged)
    order = np.lexsort((flagged.rows[start], times[start]))
    ids[flagged.rows] = (np.argsort(order) + 1)[flagged.events]
    carried = _carried(flagged, contributions)
    kind = kinds(flagged, carried, series, flags)
    start, end, peak = start[order], end[order], peak[order]
    written = time_texts(times[np.stack([start, end, peak])])
    place = places(table, flagged.rows[peak])
    columns: dict[str, list[Any]] = {
        "kind": [kind[index] for index in order.tolist()],
        **dict(zip(("start", "end", "peak"), written, strict=True)),
        **{f"{name}_row": flagged.rows[at].tolist() for name, at in (("start", start), ("end", end), ("peak", peak))},
        "rows": (end - start + 1).tolist(),
        "peak_score": scores[flagged.rows[peak]].tolist(),
        "equipment": [one.equipment for one in place],
        "lot": [one.lot for one in place],
        "context": [one.context for one in place],
        "sensors": sensor_shares(carried[order], features),
    }
    rows = zip(*columns.values(), strict=True)
    events = [Event(id=number, **dict(zip(columns, row, strict=True))) for number, row in enumerate(rows, start=1)]
    return events, ids


def _peaks(scores: NDArray[np.float64], flagged: Flagged) -> NDArray[np.int64]:
    """(events,) index of the highest score of each event, the earliest where several are as high."""
    highest = np.maximum.reduceat(scores, flagged.first)
    candidates = np.flatnonzero(scores == highest[flagged.events])
    return candidates[np.unique(flagged.events[candidates], return_index=True)[1]]


def _carried(flagged: Flagged, contributions: NDArray[np.floating]) -> NDArray[np.float64]:
    """(events, sensors) what each sensor contributes to each event."""
    found: NDArray[np.float64] = np.add.reduceat(contributions[flagged.rows].astype(np.float64), flagged.first, axis=0)
    return found


def _times(flagged: Flagged, series: Sequence[Series], first_row: int) -> NDArray[Any]:
    """(flagged,) time of each flagged point; where there is no time the number of its row, as people count."""
    stretches = [item.time for item in series if item.time is not None]
    if len(stretches) < len(series):
        return flagged.rows + first_row
    return np.concatenate(stretches)[flagged.places]


def sensor_shares(carried: NDArray[np.float64], features: Sequence[str]) -> list[tuple[SensorShare, ...]]:
    """The sensors of each event, highest share first; none where no sensor contributes.

    Args:
        carried: (events, sensors) what each sensor contributes to each event.
    """
    ranked = np.argsort(-carried, axis=1, kind="stable")[:, :MOST_SENSORS]
    total = carried.sum(axis=1, keepdims=True)
    shares = np.take_along_axis(carried, ranked, axis=1) / np.where(total > 0, total, 1.0)
    return [
        tuple(SensorShare(features[sensor], share) for sensor, share in zip(sensors, row, strict=True)) if some else ()
        for sensors, row, some in zip(ranked.tolist(), shares.tolist(), (total[:, 0] > 0).tolist(), strict=True)
    ]
