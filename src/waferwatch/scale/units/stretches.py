"""Flagged rows of a unit as stretches, the pieces that events are joined of over the borders of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.context import places
from waferwatch.events.merge import MERGE_GAP_POINTS
from waferwatch.models.alarm_counts import AlarmCounts
from waferwatch.scale.units.neighbourhood import NearRows, nanoseconds
from waferwatch.scoring.result import Detection
from waferwatch.series.series import Series


@dataclass(frozen=True)
class UnitSeries:
    """The part of a series that belongs to a unit."""

    key: str  # what its equipment has several of, if it has
    rows: int
    continued: bool  # whether it began before the unit
    is_run: bool


@dataclass(frozen=True)
class FlaggedStretch:
    """Flagged rows of one series that lie close together. Times are nanoseconds since 1970."""

    series: int  # which of the unit's
    first: int  # place in the unit's part of the series
    last: int
    rows: int  # flagged
    start: int
    end: int
    peak: int
    start_row: int  # numbers among all rows of the equipment
    end_row: int
    peak_row: int
    peak_score: float
    event: int  # of the detection in the unit
    kind: str  # of that event
    equipment: str | None
    lot: str | None
    context: dict[str, str]
    usual_every_hours: float | None
    carried: list[float]  # by each sensor, over its rows


def stretches_of(
    near: NearRows, found: Detection, alarms: AlarmCounts
) -> tuple[list[UnitSeries], list[FlaggedStretch]]:
    """The series of a unit, and its flagged stretches in their order.

    Args:
        found: in ``near.table``.
        alarms: what the model knows of how often normal rows score as high.
    """
    series: list[UnitSeries] = []
    stretches: list[dict[str, Any]] = []
    for one in near.series:
        mine = np.flatnonzero(near.own[one.rows])
        if not len(mine):
            continue
        continued = bool(not one.is_run and mine[0] > 0)
        for piece in _pieces(found.flags[one.rows[mine]]):
            stretches.append(_stretch(len(series), one, mine, piece, near, found))
        series.append(UnitSeries("\x1f".join(one.key), len(mine), continued, one.is_run))
    return series, _in_their_places(stretches, near, found, alarms)


def _pieces(flags: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Places of flagged rows, cut where more than a few that are not lie between two."""
    at = np.flatnonzero(flags)
    if not len(at):
        return []
    return np.split(at, np.flatnonzero(np.diff(at) > MERGE_GAP_POINTS + 1) + 1)


def _stretch(
    number: int, one: Series, mine: NDArray[np.int64], piece: NDArray[np.int64], near: NearRows, found: Detection
) -> dict[str, Any]:
    rows = one.rows[mine[piece]]
    at = nanoseconds(one)[mine[piece]]
    scores = found.scores[rows]
    peak = int(np.argmax(scores))
    event = found.events[int(found.event_ids[rows[peak]]) - 1]
    return {
        "series": number,
        "first": int(piece[0]),
        "last": int(piece[-1]),
        "rows": len(piece),
        **dict(zip(("start", "end", "peak"), at[[0, -1, peak]].tolist(), strict=True)),
        **dict(zip(("start_row", "end_row", "peak_row"), near.number[rows[[0, -1, peak]]].tolist(), strict=True)),
        "peak_score": float(scores[peak]),
        "event": event.id,
        "kind": event.kind.value,
        "carried": found.contributions[rows].astype(np.float64).sum(axis=0).tolist(),
        "place": int(rows[peak]),
    }


def _in_their_places(
    found: Sequence[dict[str, Any]], near: NearRows, detection: Detection, alarms: AlarmCounts
) -> list[FlaggedStretch]:
    where = places(near.table, np.array([one.pop("place") for one in found], np.int64))
    return [
        FlaggedStretch(
            **one,
            equipment=place.equipment,
            lot=place.lot,
            context=place.context,
            usual_every_hours=alarms.hours_between(one["peak_score"]),
        )
        for one, place in zip(found, where, strict=True)
    ]
