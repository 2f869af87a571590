"""What the sensors of an event did, over what was expected of them or is normal for them, with the score beneath."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.explanation import Explanation
from waferwatch.explain.scene import Scene
from waferwatch.read.table import Role
from waferwatch.web.figures.event.panels import Panel, Traces, heights, level, line, panels, places
from waferwatch.web.figures.event.shades import axis_of_panel, band_edges, shades
from waferwatch.web.figures.style import ANOMALY, LINES, NORMAL, REFERENCE, Figure, axis_values, safe, short
from waferwatch.web.html.language import Translator

_PIXELS, _LEAST_PIXELS, _SCORE_PIXELS = 520, 80, 64
_EXPECTED = LINES[1]
_BAND = "rgba(138,148,160,0.28)"
_BAND_POINTS = 300


def course_figure(scene: Scene, found: Explanation, translate: Translator) -> Figure:
    """A panel for each sensor shown, and one for the score."""
    spot, sensors = found.spot, found.sensors
    x, kind = places(scene.table, spot.stretch, spot.view)
    measured = scene.values(sensors, spot.view_rows)
    data: Traces = []
    for at in range(len(sensors)):
        data += _course(found, x, at, translate)
        data.append(line(translate("measured"), x, measured[:, at], at, line={"width": 1.6, "color": NORMAL}))
    data += _onsets(found, x, measured, translate)
    panel = len(sensors)
    scores = scene.found.scores[spot.view_rows]
    data.append(line(translate("score"), x, scores, panel, line={"width": 1.2, "color": REFERENCE}, showlegend=False))
    titles = [*sensors, translate("score")]
    pixels = heights(_PIXELS, len(sensors), _LEAST_PIXELS, [_SCORE_PIXELS])
    parts = [Panel(*pair) for pair in zip(titles, pixels, strict=True)]
    event = slice(spot.first - spot.view.start, spot.last - spot.view.start + 1)
    shapes = [*shades(x, event), *level(scene.found.threshold, panel, ANOMALY)]
    return {"data": data, "layout": panels(parts, _axis(scene, kind, translate), shapes=shapes)}


def _course(found: Explanation, x: NDArray[Any], at: int, translate: Translator) -> Traces:
    along = found.course
    at_x, low, high = band_edges(x, along.low[:, at], along.high[:, at], _BAND_POINTS)
    edges: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": at_x,
        "yaxis": axis_of_panel(at),
        "hoverinfo": "skip",
        "line": {"width": 0, "shape": "hv"},
        "legendgroup": "band",
    }
    filled = {"fill": "tonexty", "fillcolor": _BAND, "name": translate("normal band"), "showlegend": at == 0}
    median = {"width": 1, "color": REFERENCE, "shape": "hv"}
    return [
        edges | {"y": low, "showlegend": False},
        edges | {"y": high} | filled,
        line(translate("median"), x, along.middle[:, at], at, line=median),
        *_expected(found, x, at, translate),
    ]


def _expected(found: Explanation, x: NDArray[Any], at: int, translate: Translator) -> Traces:
    expected = found.course.expected
    if expected is None or expected.values is None:
        return []
    dashed = {"width": 1.6, "color": _EXPECTED, "dash": "4px,2px"}
    return [line(translate("expected by MOMENT"), x, expected.values[:, at], at, line=dashed)]


def _onsets(found: Explanation, x: NDArray[Any], measured: NDArray[np.float64], translate: Translator) -> Traces:
    """A mark where each sensor left the normal."""
    spot = found.spot
    onsets = {part.sensor: part.onset for part in found.ranking}
    marks: Traces = []
    for at, sensor in enumerate(found.sensors):
        onset = onsets[sensor]
        if onset is None:
            continue
        place = onset + spot.first - spot.view.start
        marks.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": translate("left the normal"),
                "legendgroup": "onset",
                "showlegend": not marks,
                "marker": {"symbol": "triangle-down", "size": 10, "color": ANOMALY},
                "x": axis_values(x[[place]]),
                "y": short(measured[[place], at]),
                "yaxis": axis_of_panel(at),
                "hovertemplate": "%{x}<br>%{y:.5g}<extra>" + translate("left the normal") + "</extra>",
            }
        )
    return marks


def _axis(scene: Scene, kind: str, translate: Translator) -> dict[str, Any]:
    if kind == "date":
        return {"type": "date"}
    if kind == "row":
        return {"type": "linear", "title": {"text": translate("row")}, "tickformat": ",d"}
    return {"type": "linear", "title": {"text": safe(scene.table.column(Role.TIME) or "")}}
