"""The picture of a problem of data without limits for wafers: its sensors around its worst event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from waferwatch.events.event import Event
from waferwatch.read.cells.values import to_float
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.web.figures.problem.drawing import Drawing, DrawnPanel, draw
from waferwatch.web.html.language import Translator

_AROUND = 4  # times the length of the event that is shown before and after it
_FEWEST = 60  # rows


def event_picture(table: Table, event: Event, sensors: Sequence[str], translate: Translator) -> Markup:
    """Sensors of one chamber around an event, which is shaded."""
    rows = _around(table, event)
    x, dated = _clock(table, rows)
    inside = _within(rows, event)
    shade = (float(x[inside].min()), float(x[inside].max())) if inside.any() else None
    panels = [DrawnPanel(name, x, to_float(table.frame[name])[rows], shade=shade) for name in sensors]
    label = translate("{sensors} around event {event}").format(sensors=", ".join(sensors), event=event.id)
    return draw(Drawing(label, panels, dated=dated))


def _around(table: Table, event: Event) -> NDArray[np.int64]:
    """Rows of the event's chamber in order of time."""
    codes = group_codes(table.frame, table.columns(Role.EQUIPMENT))[0]
    mine = np.flatnonzero(codes == codes[event.peak_row])
    time = table.column(Role.TIME)
    if time is not None:
        mine = mine[np.argsort(table.frame[time].to_numpy()[mine], kind="stable")]
    at = np.flatnonzero(_within(mine, event))
    room = max(_FEWEST, _AROUND * len(at))
    return mine[max(0, int(at[0]) - room) : int(at[-1]) + room + 1]


def _within(rows: NDArray[np.int64], event: Event) -> NDArray[np.bool_]:
    first, last = event.row_span
    return (rows >= first) & (rows <= last)


def _clock(table: Table, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], bool]:
    column = table.column(Role.TIME)
    if column is None:
        return (rows + table.first_row).astype(np.float64), False
    time: NDArray[Any] = table.frame[column].to_numpy()[rows]
    if time.dtype.kind != "M":
        return time.astype(np.float64), False
    return time.astype("datetime64[ms]").astype(np.float64) / 1000, True
