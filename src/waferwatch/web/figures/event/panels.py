"""What the figures of an event share: panels below one another on one axis, each a sensor, and short lines in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.web.figures.event.shades import axis_of_panel, pauses
from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import axis_values, layout, safe, short

POINTS = 400  # of one line
_GAP, _TOP, _BOTTOM = 22, 40, 36  # pixels between panels, above and below them
_LONGEST_NAME = 38
Traces = list[dict[str, Any]]


@dataclass(frozen=True)
class Panel:
    """One of the panels below one another."""

    title: str
    pixels: int


def heights(pixels: int, count: int, least: int, more: Sequence[int] = ()) -> list[int]:
    """``pixels`` shared out among ``count`` equal panels, each at least ``least``, and ``more`` beneath them."""
    gaps = _GAP * (count + len(more) - 1)
    return [*[max(least, (pixels - gaps - sum(more)) // count)] * count, *more]


def panels(parts: Sequence[Panel], axis: dict[str, Any], **own: Any) -> dict[str, Any]:
    """A layout of panels on a common x axis, each with its title above it on the left."""
    drawn = sum(part.pixels for part in parts) + _GAP * (len(parts) - 1)
    notes, made = [], {}
    top = 1.0
    for number, part in enumerate(parts):
        bottom = top - part.pixels / drawn
        name = axis_of_panel(number)
        made[name.replace("y", "yaxis")] = {
            "domain": [max(0.0, bottom), top],
            "zeroline": False,
            "fixedrange": True,
            "nticks": max(3, part.pixels // 45),
        }
        notes.append(
            {
                "text": safe(part.title, _LONGEST_NAME),
                "font": {"weight": 600},
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": top,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
        top = bottom - _GAP / drawn
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1 + 16 / drawn, "yanchor": "bottom"}
    return layout(
        xaxis=axis | {"anchor": axis_of_panel(len(parts) - 1), "nticks": 5, "tickangle": 0},
        margin={"l": 48, "r": 10, "t": _TOP, "b": _BOTTOM},
        height=drawn + _TOP + _BOTTOM,
        showlegend=True,
        legend=legend,
        annotations=notes,
        **made,
        **own,
    )


def line(name: str, x: NDArray[Any], y: NDArray[np.float64], panel: int, **own: Any) -> dict[str, Any]:
    """One line of a panel, down-sampled, broken where values are missing and at pauses. Its name is there once."""
    at, after = pick(y, POINTS), pauses(x)
    if len(after) <= POINTS // 4:  # both ends of each, so that what lies between them is drawn whole
        ends = np.concatenate([after, after + 1])
        at = np.union1d(at, ends[np.isfinite(y[ends])])
    xs, ys = axis_values(x[at]), short(y[at])
    broken = np.isnan(y)
    broken[after] = True
    if broken.any():
        interrupted = [k for k in range(1, len(at)) if broken[at[k - 1] : at[k]].any()]
        for place in reversed(interrupted):
            xs.insert(place, xs[place])
            ys.insert(place, None)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendgroup": name,
        "showlegend": panel == 0,
        "x": xs,
        "y": ys,
        "yaxis": axis_of_panel(panel),
        "hovertemplate": "%{x}<br>%{y:.5g}<extra>%{fullData.name}</extra>",
        **own,
    }


def level(value: float, panel: int, colour: str) -> list[dict[str, Any]]:
    """A dashed line across a panel; none for a value that is not finite."""
    if not np.isfinite(value):
        return []
    ends = {"x0": 0, "x1": 1, "y0": value, "y1": value}
    dashes = {"width": 1.2, "dash": "dash", "color": colour}
    return [{"type": "line", "xref": "paper", "yref": axis_of_panel(panel), "line": dashes, **ends}]


def places(table: Table, stretch: Series, view: slice) -> tuple[NDArray[Any], str]:
    """(n,) where points of a series lie on an absolute axis, and its kind: "date", "number" or "row"."""
    if stretch.time is None:
        return stretch.rows[view] + table.first_row, "row"
    time = stretch.time[view]
    return time, "date" if time.dtype.kind == "M" else "number"


def since(stretch: Series, view: slice, start: int) -> tuple[NDArray[np.float64], str]:
    """(n,) how long after point ``start`` of a series others come, and in what: "second", "number" or "row"."""
    start = min(start, len(stretch) - 1)
    if stretch.time is None:
        return np.arange(view.start, view.stop, dtype=np.float64) - start, "row"
    time = stretch.time
    if time.dtype.kind == "M":
        apart = (time[view] - time[start]).astype("timedelta64[ns]").astype(np.int64)
        return apart / 1e9, "second"
    return (time[view] - time[start]).astype(np.float64), "number"
