"""Which kind of anomaly an event is.

Chandola, Banerjee and Kumar, "Anomaly Detection: A Survey", ACM Computing Surveys 41(3), 2009, section 2.2, divide
anomalies into point (a value that is unusual among all values), contextual (unusual only where it stands) and
collective (values that are unusual together). A detector does not say which it saw, so the values themselves decide:

- no value of the event's top sensors leaves the usual range of its sensor: contextual. This takes in faults of shape,
  such as a stuck sensor or a late step, whose every value is usual elsewhere;
- up to three points do: point, however many quiet points around them are flagged with them;
- more do: collective;
- it goes on for a thousand points, over five runs in a row, or comes back in run after run (``lasting``): a state,
  since the process has then changed rather than failed.

The usual range spans the middle 99 % of the unflagged values of the sensor on the same equipment, widened by a tenth of
its width on both sides. Normal values leave it now and then, so points outside count only where they are at
least one in twenty of the event's. The top sensors are the three that carry most of the event, of those only the ones
that carry at least half as much as the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Kind
from waferwatch.events.merge import RUNS_OF_STATE, Flagged
from waferwatch.series.series import Series

STATE_ROWS = 1024  # points of one series, or more, that are unlike the reference
POINT_ROWS = 3  # points outside the usual range, at most, of an event of the kind point

_TAIL = 0.005  # share of the usual values left out at each end of the range
_MARGIN = 0.1  # of the width, on both sides
_TOP_SENSORS = 3
_TOP_SHARE = 0.5  # of what the first sensor carries
_OUTSIDE_SHARE = 0.05  # of an event's points


def kinds(
    flagged: Flagged, carried: NDArray[np.float64], series: Sequence[Series], flags: NDArray[np.bool_]
) -> list[Kind]:
    """The kind of each event.

    Args:
        flagged: the events' points.
        carried: (events, sensors) what each sensor contributes to each event.
        series: the stretches the events were cut from.
        flags: (rows,) in table order.
    """
    top = _top_sensors(carried)
    outside = np.zeros(len(flagged.rows), bool)
    starts = np.cumsum([0, *(len(item) for item in series)])
    for members in _scopes(flagged, series):
        points = np.flatnonzero(np.isin(flagged.owners, members))
        usual = np.concatenate([~flags[series[index].rows] for index in members])
        # Where each flagged point stands once only the series of this scope are laid end to end.
        offsets = np.zeros(len(series), np.int64)
        offsets[members] = np.cumsum([0, *(len(series[index]) for index in members[:-1])])
        owners = flagged.owners[points]
        places = flagged.places[points] - starts[owners] + offsets[owners]
        concerned = top[flagged.events[points]]
        for sensor in np.flatnonzero(concerned.any(axis=0)).tolist():
            values = np.concatenate([series[index].values[:, sensor] for index in members])
            low, high = _usual_range(values[usual])
            found = values[places]
            outside[points] |= concerned[:, sensor] & ((found < low) | (found > high))
    rows = np.bincount(flagged.events, minlength=len(flagged.first))
    count = np.bincount(flagged.events, weights=outside, minlength=len(flagged.first))
    inside = (count == 0) | (count < _OUTSIDE_SHARE * rows)
    return [
        Kind.STATE if state else Kind.CONTEXTUAL if quiet else Kind.POINT if few else Kind.COLLECTIVE
        for quiet, few, state in zip(
            inside.tolist(), (count <= POINT_ROWS).tolist(), states(flagged).tolist(), strict=True
        )
    ]


def states(flagged: Flagged) -> NDArray[np.bool_]:
    """(events,) whether the length of an event, in time or in runs, shows that the process has changed."""
    runs = np.array([len(np.unique(one)) for one in np.split(flagged.owners, flagged.first[1:])])
    span = flagged.places[flagged.last] - flagged.places[flagged.first] + 1
    found: NDArray[np.bool_] = (runs >= RUNS_OF_STATE) | ((runs == 1) & (span >= STATE_ROWS)) | flagged.lasting
    return found


def _top_sensors(carried: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(events, sensors) True where the sensor is one of those whose values decide."""
    ranked = np.argsort(-carried, axis=1, kind="stable")[:, :_TOP_SENSORS]
    high = np.take_along_axis(carried, ranked, axis=1)
    top = np.zeros(carried.shape, bool)
    np.put_along_axis(top, ranked, high >= _TOP_SHARE * high[:, :1], axis=1)
    return top


def _scopes(flagged: Flagged, series: Sequence[Series]) -> list[NDArray[np.int64]]:
    """Indices of the series of each scope that has an event."""
    members: dict[tuple[str, ...], list[int]] = {series[index].scope: [] for index in np.unique(flagged.owners)}
    for index, item in enumerate(series):
        if item.scope in members:
            members[item.scope].append(index)
    return [np.array(found) for found in members.values()]


def _usual_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Lowest and highest usual value; without any value, nothing is outside."""
    values = values[~np.isnan(values)]
    if not len(values):
        return -np.inf, np.inf
    tail = int(_TAIL * len(values))
    low, high = np.partition(values, [tail, len(values) - 1 - tail])[[tail, len(values) - 1 - tail]]
    margin = _MARGIN * (high - low)
    return float(low - margin), float(high + margin)
