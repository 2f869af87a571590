"""One sensor over time, with the score beneath on the same axis, flags marked and events shaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.events.event import Event
from waferwatch.read.table import Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.scoring.result import Detection
from waferwatch.web.figures.lines import Line, Lines, pick, within
from waferwatch.web.figures.style import (
    ANOMALY,
    EDGE,
    FAINT_EDGE,
    REFERENCE,
    SHADE,
    Figure,
    axis_values,
    layout,
    safe,
    short,
)
from waferwatch.web.figures.wafers.chambers import ChamberStyle, chamber_styles
from waferwatch.web.html.language import Translator

_LONG_PAUSE = 8.0  # usual pauses between series
_MOST_LINES = 12
_MOST_SHADES = 200
_MOST_CLEAR_SHADES = 40  # with more of them, clear edges would hide the lines
_Traces = list[dict[str, Any]]
# Parts of the points given to the sensor, to the flagged rows; the score has the rest.
_SENSOR_PART, _FLAG_PART = 0.5, 0.2


@dataclass(frozen=True)
class Window:
    """The part of the time axis that is shown, and with how many points."""

    points: int
    start: str | None = None
    end: str | None = None


def time_figure(
    table: Table, lines: Lines, sensor: str, window: Window, translate: Translator, found: Detection | None = None
) -> Figure:
    """
    Args:
        sensor: name of a sensor column.
        found: a detection over the same table, to draw its score, flags and events too.

    Returns:
        A figure with at most ``window.points`` points in all its traces together. Events lose nothing by
        down-sampling: each shown one is shaded, and of the flagged rows the highest are kept first.

    Raises:
        InputError: when start or end cannot be understood.
    """
    start, end = _bounds(window, lines.axis, table.zone)
    shown = [(line, within(line, start, end)) for line in _chosen(lines, found, window.points)]
    parts = [(line, part) for line, part in shown if part.stop > part.start]
    values = table.frame[sensor].to_numpy(np.float64)
    for_sensor = window.points if found is None else int(window.points * _SENSOR_PART)
    styles = chamber_styles(line.name for line in lines.lines)
    data = _traces(parts, styles, values, for_sensor, {"yaxis": "y"})
    if found is not None:
        flags = int(window.points * _FLAG_PART)
        data += _flag_traces(parts, values, found, flags, translate)
        rest = window.points - for_sensor - flags
        data += _traces(parts, styles, found.scores, rest, {"yaxis": "y2", "showlegend": False})
    return {"data": data, "layout": _layout(lines, sensor, len(shown), found, (start, end), translate)}


def _bounds(window: Window, axis: str, zone: str | None) -> tuple[Any, Any]:
    ends = ((window.start, "start"), (window.end, "end"))
    start, end = (place_of(end, axis == "date", name, zone) for end, name in ends)
    if start is not None and end is not None and start > end:
        raise InputError("The end lies before the start.", hint="Exchange them.", field="end")
    return start, end


def _chosen(lines: Lines, found: Detection | None, points: int) -> list[Line]:
    """As many lines as one screen can show apart: those with most flagged rows, then with most abnormal wafers."""
    most = min(_MOST_LINES, max(1, points // 8))
    if len(lines.lines) <= most:
        return lines.lines
    if found is None:
        return lines.lines[:most]
    abnormal = Counter(run.equipment or "" for run in found.runs if run.abnormal)
    off = [(-int(found.flags[line.rows].sum()), -abnormal[line.name]) for line in lines.lines]
    best = sorted(sorted(range(len(off)), key=off.__getitem__)[:most])
    return [lines.lines[number] for number in best]


def _traces(
    parts: list[tuple[Line, slice]],
    styles: Mapping[str, ChamberStyle],
    values: NDArray[np.float64],
    points: int,
    own: dict[str, Any],
) -> _Traces:
    if not parts:
        return []
    share = points // len(parts)
    extra = "<extra>%{fullData.name}</extra>" if len(parts) > 1 else "<extra></extra>"
    return [
        {
            "type": "scatter",
            "mode": "lines" if part.stop - part.start > 1 else "markers",  # a line of one point cannot be seen
            "name": safe(line.name),
            "line": {"width": 1.2, "color": styles[line.name].color, "dash": styles[line.name].dash},
            "hovertemplate": "%{x}<br>%{y:.5g}" + extra,
            "legendgroup": f"line{number}",
            **_points(line, part, values, share),
            **own,
        }
        for number, (line, part) in enumerate(parts)
    ]


def _points(line: Line, part: slice, values: NDArray[np.float64], points: int) -> dict[str, list[Any]]:
    """x and y of one line, broken where a series ends; where the points do not allow it, at the long pauses alone."""
    rows, place = line.rows[part], line.place[part]
    borders = _borders(place, line.stretch[part], points // 4)
    at = pick(values[rows], points - 3 * len(borders))
    ends = np.concatenate([borders - 1, borders])
    at = np.union1d(at, ends[np.isfinite(values[rows][ends])])  # so that each part is drawn whole
    x, y = axis_values(place[at]), short(values[rows][at])
    for border in np.unique(np.searchsorted(at, borders))[::-1].tolist():
        if 0 < border < len(at):
            x.insert(border, x[border])
            y.insert(border, None)
    return {"x": x, "y": y}


def _borders(place: NDArray[Any], stretch: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Positions at which a line begins anew: all that begin a series, or those after a long pause, or none."""
    borders: NDArray[np.int64] = np.flatnonzero(np.diff(stretch)) + 1
    if len(borders) > most:
        borders = _after_long_pauses(place, borders)
    return borders if len(borders) <= most else borders[:0]


def _after_long_pauses(place: NDArray[Any], borders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those borders before which nothing was measured for far longer than before most."""
    pauses = (place[borders] - place[borders - 1]).astype(np.float64)
    return borders[pauses > _LONG_PAUSE * float(np.median(pauses))] if len(borders) else borders


def _flag_traces(
    parts: list[tuple[Line, slice]], values: NDArray[np.float64], found: Detection, points: int, translate: Translator
) -> _Traces:
    """The flagged rows as marks. When there are more than can be shown, those with the highest scores."""
    places, rows = [], []
    for line, part in parts:
        flagged = np.flatnonzero(found.flags[line.rows[part]])
        rows.append(line.rows[part][flagged])
        places.append(line.place[part][flagged])
    if not rows or not sum(len(one) for one in rows):
        return []
    row, place = np.concatenate(rows), np.concatenate(places)
    if len(row) > points:
        highest = np.sort(np.argpartition(found.scores[row], -points)[-points:]) if points else np.empty(0, np.int64)
        row, place = row[highest], place[highest]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": translate("anomalous"),
            "marker": {"color": ANOMALY, "size": 5, "symbol": "circle-open", "line": {"width": 1.2}},
            "x": axis_values(place),
            "y": short(values[row]),
            "customdata": found.event_ids[row].tolist(),
            "hovertemplate": "%{x}<br>%{y:.5g}<br>" + translate("event") + " %{customdata}<extra></extra>",
            "yaxis": "y",
        }
    ]


def _layout(
    lines: Lines,
    sensor: str,
    shown: int,
    found: Detection | None,
    bounds: tuple[Any, Any],
    translate: Translator,
) -> dict[str, Any]:
    own: dict[str, Any] = {
        "xaxis": _axis(lines, "y" if found is None else "y2", bounds, translate),
        "yaxis": {"title": {"text": safe(sensor, 40)}, "zeroline": False, "fixedrange": True},
        "showlegend": shown > 1,
        "meta": {
            "sensor": sensor,
            "axis": lines.axis,
            "first_row": lines.first_row,
            "lines": shown,
            "lines_total": len(lines.lines),
        },
    }
    if found is not None:
        own["yaxis"]["domain"] = [0.36, 1]
        own["yaxis2"] = {
            "title": {"text": translate("score")},
            "domain": [0, 0.28],
            "rangemode": "tozero",
            "fixedrange": True,
        }
        own["shapes"] = [*_shades(found, lines, bounds), *_threshold(found.threshold)]
    return layout(**own)


def _axis(lines: Lines, anchor: str, bounds: tuple[Any, Any], translate: Translator) -> dict[str, Any]:
    """Of time, or whatever the rows lie along."""
    axis: dict[str, Any] = {"type": "date" if lines.axis == "date" else "linear", "anchor": anchor}
    title = {"row": translate("row"), "number": safe(lines.title)}.get(lines.axis)
    if title:  # an empty one would leave a band under the plot
        axis["title"] = {"text": title}
    if lines.axis == "row":
        axis["tickformat"] = ",d"
    if bounds[0] is not None and bounds[1] is not None:
        axis["range"] = axis_values(np.array(bounds))
    return axis


def _shades(found: Detection, lines: Lines, bounds: tuple[Any, Any]) -> list[dict[str, Any]]:
    """The events with the highest peaks among those in view."""
    if not found.events:
        return []
    first, last = _spans(found.events, lines)
    start, end = bounds
    seen = np.ones(len(first), np.bool_)
    if end is not None:
        seen &= first <= end
    if start is not None:
        seen &= last >= start
    peaks = np.array([event.peak_score for event in found.events])
    shown = np.flatnonzero(seen)
    shown = shown[np.argsort(-peaks[shown], kind="stable")[:_MOST_SHADES]]
    few = len(shown) <= _MOST_CLEAR_SHADES
    shapes: list[dict[str, Any]] = []
    for at in shown.tolist():
        line = _line_of(found.events[at], lines) if few else None
        ends = [(first[at], last[at])] if line is None else _measured(line, first[at], last[at])
        shapes += [_shade(left, right, EDGE if few else FAINT_EDGE, found.events[at].id) for left, right in ends]
    return shapes


def _shade(left: Any, right: Any, edge: str, event: int) -> dict[str, Any]:
    left, right = axis_values(np.array([left, right]))
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": left,
        "x1": right,
        "y0": 0,
        "y1": 1,
        "fillcolor": SHADE,
        "line": {"width": 1, "color": edge},  # an event of one row is still seen
        "layer": "below",
        "name": f"event-{event}",
    }


def _line_of(event: Event, lines: Lines) -> Line | None:
    """The line of its equipment."""
    if len(lines.lines) == 1:
        return lines.lines[0]
    return next((line for line in lines.lines if line.name == event.equipment), None)


def _measured(line: Line, first: Any, last: Any) -> list[tuple[Any, Any]]:
    """The parts of an event between long pauses of its equipment: its first and last places."""
    part = within(line, first, last)
    borders = _after_long_pauses(line.place, np.flatnonzero(np.diff(line.stretch)) + 1)
    inside = borders[(borders > part.start) & (borders < part.stop)]
    return list(zip([first, *line.place[inside]], [*line.place[inside - 1], last], strict=True))


def _spans(events: Sequence[Event], lines: Lines) -> tuple[NDArray[Any], NDArray[Any]]:
    """First and last places of events on the axis, in their order."""
    if lines.axis == "row":
        rows = np.array([(event.start_row, event.end_row) for event in events]) + lines.first_row
        return rows[:, 0], rows[:, 1]
    ends = [(event.start, event.end) for event in events]
    places = np.array(ends, dtype="datetime64[ns]" if lines.axis == "date" else np.float64)
    return places[:, 0], places[:, 1]


def _threshold(threshold: float) -> list[dict[str, Any]]:
    if not np.isfinite(threshold):
        return []
    line = {"width": 1.2, "dash": "dash", "color": REFERENCE}
    ends = {"x0": 0, "x1": 1, "y0": float(threshold), "y1": float(threshold)}
    return [{"type": "line", "xref": "paper", "yref": "y2", "line": line, **ends}]
