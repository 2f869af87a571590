"""An event's sensors on all equipment at the same moment, with each one's score beneath."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.explanation import Explanation
from waferwatch.explain.scene import Scene
from waferwatch.explain.sisters import SameMoment
from waferwatch.monitors.golden.wafers import equipment_of
from waferwatch.series.series import Series
from waferwatch.web.figures.event.nearest import axis_since
from waferwatch.web.figures.event.panels import Panel, Traces, heights, level, line, panels, places, since
from waferwatch.web.figures.event.shades import shades
from waferwatch.web.figures.style import ANOMALY, REFERENCE, Figure, empty, safe
from waferwatch.web.figures.wafers.chambers import ChamberStyle, chamber_styles
from waferwatch.web.html.language import Translator

_MOST_SISTERS = 6  # drawn: more lines look alike
_MOST_SENSORS = 2
_PIXELS, _LEAST_PIXELS, _SCORE_PIXELS = 184, 46, 44
_EVENT = "rgba(138,148,160,0.18)"


def sisters_figure(scene: Scene, found: Explanation, translate: Translator) -> Figure:
    """A panel for each of the first sensors and one for the score; a line for each equipment, this one in front."""
    sisters, spot = found.sisters, found.spot
    if not sisters.sisters:
        return empty(_nothing(found, translate))
    sensors = found.sensors[:_MOST_SENSORS]
    shown = sisters.sisters[:_MOST_SISTERS]
    absolute = sisters.moment is SameMoment.TIME
    own = spot.event.equipment or translate("this equipment")
    styles = chamber_styles([*equipment_of(scene.table)[1], *(one.equipment for one in shown)])
    lines: list[tuple[str, Series, slice, int, dict[str, Any]]] = [
        (safe(one.equipment, 30), one.stretch, one.view, one.start, _style(styles[one.equipment])) for one in shown
    ]
    lines.append((safe(own, 30), spot.stretch, spot.view, spot.first, {"width": 2, "color": ANOMALY}))
    data: Traces = []
    kind = "row"
    for name, stretch, view, start, style in lines:
        x, kind = places(scene.table, stretch, view) if absolute else since(stretch, view, start)
        rows = stretch.rows[view]
        values = np.column_stack([scene.values(sensors, rows), scene.found.scores[rows]])
        data += [line(name, x, values[:, at], at, line=style) for at in range(len(sensors) + 1)]
    titles = [*sensors, translate("score")]
    pixels = heights(_PIXELS, len(sensors), _LEAST_PIXELS, [_SCORE_PIXELS])
    parts = [Panel(*pair) for pair in zip(titles, pixels, strict=True)]
    axis: dict[str, Any] = {"type": "date" if kind == "date" else "linear"}
    shapes = [*_spans(scene, found, absolute), *level(scene.found.threshold, len(sensors), REFERENCE)]
    axis = axis if absolute else axis_since(scene, kind, translate)
    return {"data": data, "layout": panels(parts, axis, shapes=shapes)}


def _style(chamber: ChamberStyle) -> dict[str, Any]:
    return {"width": 1.2, "color": chamber.color, "dash": chamber.dash}


def _spans(scene: Scene, found: Explanation, absolute: bool) -> list[dict[str, Any]]:
    spot = found.spot
    x: NDArray[Any]
    x, _ = places(scene.table, spot.stretch, spot.view) if absolute else since(spot.stretch, spot.view, spot.first)
    return shades(x, slice(spot.first - spot.view.start, spot.last - spot.view.start + 1), colour=_EVENT)


def _nothing(found: Explanation, translate: Translator) -> str:
    if not found.sisters.total:
        return translate("There is no other equipment in this data set.")
    return translate("No other equipment was judged at this moment.")
