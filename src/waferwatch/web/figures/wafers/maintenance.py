"""Wafers before and after a maintenance: one indicator with its limits, and the traces of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import times_of
from waferwatch.indicators.learnt.normal_course import stage_key
from waferwatch.read.cells.values import to_float
from waferwatch.scoring.before_after import Measured
from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import Figure, layout, safe, short
from waferwatch.web.figures.wafers.chambers import ABNORMAL, BAND, GREY, INK, SOFT, ChamberStyle
from waferwatch.web.html.language import Translator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AFTER = 10  # traces of wafers after it, the last ones
_BAND = 4.0  # spreads of a row
_MOST = 2000
_LONG = 0.15  # of the axis: a longer pause is cut out


def values_of(measured: Measured, row: Mapping[str, Any]) -> tuple[Ints, Floats, NDArray[np.bool_]]:
    """Cells of one indicator, their values, and whether they are after the maintenance.

    Args:
        row: equipment, recipe, step, sensor and statistic.
    """
    cells, found = measured.cells, measured.found
    wanted = (str(row["equipment"]), str(row["recipe"]), str(row["step"]))
    stages = [at for at, one in enumerate(cells.names) if (one.equipment, one.recipe, one.step) == wanted]
    mine = np.flatnonzero(np.isin(cells.stage, stages))
    column = found.columns.index(IndicatorColumn(str(row["sensor"]), str(row["statistic"])))
    return mine, found.values[mine, column], measured.late[cells.run[mine]]


def check_figure(
    measured: Measured, row: Mapping[str, Any], at: str, style: ChamberStyle, translate: Translator
) -> Figure:
    """One point per wafer, before and after, with the limits of the comparison."""
    mine, values, late = values_of(measured, row)
    runs = measured.cells.runs
    places = times_of(measured.table, runs.rows[runs.starts[measured.cells.run[mine]]])
    lower, upper = row["lower"], row["upper"]
    with np.errstate(invalid="ignore"):
        off = late & ((values < lower) | (values > upper))
    data = []
    for chosen, name, color in ((~late, translate("before"), GREY), (late, translate("after"), style.color)):
        data.append(_points(np.flatnonzero(chosen), places, values, name, color))
    marker = {"color": ABNORMAL, "size": 10, "symbol": "triangle-up"}
    data.append(_points(np.flatnonzero(off), places, values, translate("beyond"), ABNORMAL) | {"marker": marker})
    border = {"type": "line", "x0": at, "x1": at, "xref": "x", "y0": 0, "y1": 1, "yref": "paper"}
    shapes = [{**border, "line": {"color": INK, "width": 1}}]
    shapes += [_across(one, "solid") for one in (lower, upper) if one == one]
    if row["before"] == row["before"]:
        shapes.append(_across(row["before"], "dash"))
    own = layout(height=300, shapes=shapes, showlegend=True, margin={"l": 62, "r": 16, "t": 40, "b": 44})
    x = {"zeroline": False, "tickangle": 0, "rangebreaks": _pause(places, late, at)}
    return {"data": data, "layout": own | {"xaxis": x, "yaxis": {"zeroline": False}}}


def traces_figure(
    measured: Measured, row: Mapping[str, Any], style: ChamberStyle, translate: Translator
) -> Figure | None:
    """The last traces after it over the band of those before; None for what belongs to no sensor."""
    sensor = str(row["sensor"])
    if sensor not in measured.table.roles:
        return None
    mine, _, late = values_of(measured, row)
    cells = measured.cells
    values = to_float(measured.table.frame[sensor])
    data = _band(measured, mine, sensor, translate)
    for number, cell in enumerate(mine[late][-_AFTER:].tolist()):
        part = slice(int(cells.starts[cell]), int(cells.starts[cell] + cells.lengths[cell]))
        trace = values[cells.rows[part]]
        at = pick(trace, _MOST)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": short(cells.clock[part][at]),
                "y": short(trace[at]),
                "name": translate("last {count} after").format(count=min(_AFTER, int(late.sum()))),
                "legendgroup": "after",
                "showlegend": number == 0,
                "line": {"color": style.color, "width": 1},
                "hovertemplate": "%{x:.4g} s<br>%{y:.5g}<extra></extra>",
            }
        )
    x = {"title": {"text": translate("seconds since the step began")}, "zeroline": False}
    y = {"title": {"text": safe(sensor, 40)}, "zeroline": False}
    return {
        "data": data,
        "layout": layout(height=300, xaxis=x, yaxis=y, showlegend=True, margin={"l": 62, "r": 16, "t": 40, "b": 44}),
    }


def _band(measured: Measured, mine: Ints, sensor: str, translate: Translator) -> list[dict[str, Any]]:
    """The course of the wafers before, as long as the longest step here."""
    cells, course = measured.cells, measured.course
    if not len(mine) or stage_key(cells.names[int(cells.stage[mine[0]])]) not in course.stages:
        return []
    stage = course.stages.index(stage_key(cells.names[int(cells.stage[mine[0]])]))
    ticks = slice(int(course.starts[stage]), int(course.starts[stage] + course.ticks[stage]))
    sensors = [one.sensor for one in measured.found.columns if one.statistic == "mean"]
    column = sensors.index(sensor)
    middle = course.middle[ticks, column].astype(np.float64)
    reach = _BAND * course.spread[ticks, column].astype(np.float64)
    longest = int(mine[np.argmax(cells.lengths[mine])])
    clock = cells.clock[int(cells.starts[longest]) : int(cells.starts[longest] + cells.lengths[longest])]
    count = min(len(clock), len(middle))
    plain = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": short(clock[:count])}
    edge, dashed = {"width": 0, "color": BAND}, {"color": SOFT, "width": 1, "dash": "dash"}
    low, high = short((middle - reach)[:count]), short((middle + reach)[:count])
    return [
        {**plain, "y": low, "line": edge, "showlegend": False},
        {**plain, "y": high, "line": edge, "fill": "tonexty", "fillcolor": BAND, "name": translate("band before")},
        {**plain, "y": short(middle[:count]), "line": dashed, "name": translate("median before")},
    ]


def _points(chosen: Ints, places: list[str | float], values: Floats, name: str, color: str) -> dict[str, Any]:
    at = chosen[pick(values[chosen], _MOST)]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [places[one] for one in at.tolist()],
        "y": short(values[at]),
        "name": name,
        "marker": {"color": color, "size": 5},
        "hovertemplate": "%{x}<br>%{y:.5g}<extra></extra>",
    }


def _pause(places: list[str | float], late: NDArray[np.bool_], at: str) -> list[dict[str, Any]]:
    """The pause before the first wafer after it, cut out of an axis of dates where it would take much of it."""
    if not late.any() or late.all() or not isinstance(places[0], str):
        return []
    time = np.array(places, "datetime64[s]")
    last, first = time[~late].max(), min(time[late].min(), np.datetime64(at, "s"))
    if first - last < _LONG * (time.max() - time.min()):
        return []
    margin = (time.max() - time.min() - (first - last)) // 20
    return [{"bounds": [str(last + margin), str(first - margin)]}]


def _across(value: float, dash: str) -> dict[str, Any]:
    place = {"x0": 0, "x1": 1, "xref": "paper", "y0": value, "y1": value, "yref": "y"}
    return {"type": "line", "layer": "below", "line": {"color": SOFT, "width": 1, "dash": dash}, **place}
