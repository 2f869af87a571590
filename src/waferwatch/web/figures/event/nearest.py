"""An event laid over the normal stretch that is most like it, with the rows marked where they part most."""

from __future__ import annotations

from typing import Any

from waferwatch.explain.explanation import Explanation
from waferwatch.explain.nearest import Nearest
from waferwatch.explain.scene import Scene
from waferwatch.read.table import Role
from waferwatch.series.series import Series
from waferwatch.web.figures.event.panels import Panel, Traces, heights, line, panels, since
from waferwatch.web.figures.event.shades import shades
from waferwatch.web.figures.style import ANOMALY, NORMAL, Figure, empty, safe
from waferwatch.web.html.language import Translator

_PIXELS, _LEAST_PIXELS = 168, 40
_EVENT = "rgba(138,148,160,0.18)"


def nearest_figure(scene: Scene, found: Explanation, translate: Translator) -> Figure:
    """A panel for each sensor that was compared; a sentence where there is nothing to compare with."""
    nearest, spot = found.nearest, found.spot
    if nearest is None:
        sentence = translate("No stretch of this equipment is long enough and normal throughout.")
        return empty(sentence)
    sensors = found.sensors[: found.compared]
    first = int(scene.layout.position[nearest.event_rows[0]])
    view = slice(first, first + len(nearest.event_rows))
    x, unit = since(spot.stretch, view, spot.first)
    other = _stretch_of(scene, nearest)
    start = int(scene.layout.position[nearest.rows[0]])
    x_other, _ = since(other, slice(start, start + len(nearest.rows)), start + nearest.before)
    measured, normal = scene.values(sensors, nearest.event_rows), scene.values(sensors, nearest.rows)
    data: Traces = []
    inside = slice(spot.first - first, min(len(x), spot.last - first + 1))
    shapes = shades(x, inside, colour=_EVENT)
    for at in range(len(sensors)):
        data.append(line(translate("nearest normal"), x_other, normal[:, at], at, line={"width": 1.5, "color": NORMAL}))
        data.append(line(translate("this event"), x, measured[:, at], at, line={"width": 1.5, "color": ANOMALY}))
        for begin, end in nearest.marks[at]:
            shapes += shades(x, slice(begin, end + 1), at)
    pixels = heights(_PIXELS, len(sensors), _LEAST_PIXELS)
    parts = [Panel(*pair) for pair in zip(sensors, pixels, strict=True)]
    return {"data": data, "layout": panels(parts, axis_since(scene, unit, translate), shapes=shapes)}


def _stretch_of(scene: Scene, nearest: Nearest) -> Series:
    return scene.layout.stretches[int(scene.layout.owner[nearest.rows[0]])]


def axis_since(scene: Scene, unit: str, translate: Translator) -> dict[str, Any]:
    """An axis that counts from the start of the event."""
    if unit == "second":
        title = translate("seconds from the start of the event")
    elif unit == "row":
        title = translate("rows from the start of the event")
    else:
        title = translate("{time} from the start of the event").format(time=safe(scene.table.column(Role.TIME) or ""))
    return {"type": "linear", "title": {"text": title, "standoff": 2, "font": {"size": 11}}, "zeroline": True}
