"""The trace of wafers in one step over the golden band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from waferwatch.indicators.trends.trace import StepTrace
from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import Figure, layout, safe, short
from waferwatch.web.figures.wafers.chambers import ABNORMAL, BAND, SOFT, ChamberStyle
from waferwatch.web.html.language import Translator

_POINTS = 2000  # of a wafer


def trace_figure(
    traces: Sequence[StepTrace],
    names: Sequence[str],
    styles: Sequence[ChamberStyle],
    sensor: str,
    translate: Translator,
) -> Figure:
    """The first wafer in front, over the golden band of its step; others as thin lines.

    Args:
        names: of the wafers.
        styles: of their chambers.
    """
    data = _band(traces[0], translate)
    for number in reversed(range(len(traces))):
        data.append(_line(traces[number], names[number], styles[number], front=number == 0))
    data.append(_outside(traces[0], translate))
    x = {"title": {"text": translate("seconds since the step began")}, "zeroline": False}
    y = {"title": {"text": safe(sensor, 40)}, "zeroline": False}
    return {
        "data": data,
        "layout": layout(height=320, xaxis=x, yaxis=y, showlegend=True, margin={"l": 62, "r": 16, "t": 40, "b": 44}),
    }


def _band(trace: StepTrace, translate: Translator) -> list[dict[str, Any]]:
    if not len(trace.middle):
        return []
    x = short(trace.course_seconds)
    plain = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": x, "line": {"width": 0, "color": BAND}}
    dashed = {"color": SOFT, "width": 1, "dash": "dash"}
    return [
        {**plain, "y": short(trace.low), "showlegend": False},
        {**plain, "y": short(trace.high), "fill": "tonexty", "fillcolor": BAND, "name": translate("golden band")},
        {**plain, "y": short(trace.middle), "line": dashed, "name": translate("golden median")},
    ]


def _line(trace: StepTrace, name: str, style: ChamberStyle, *, front: bool) -> dict[str, Any]:
    at = pick(trace.values, _POINTS)
    return {
        "type": "scatter",
        "mode": "lines+markers" if front and len(at) < 200 else "lines",
        "x": short(trace.seconds[at]),
        "y": short(trace.values[at]),
        "name": safe(name, 40),
        "line": {"color": style.color, "width": 2 if front else 1, "dash": style.dash},
        "marker": {"color": style.color, "size": 4},
        "opacity": 1 if front else 0.6,
        "hovertemplate": f"<b>{safe(name)}</b><br>%{{x:.4g}} s<br>%{{y:.5g}}<extra></extra>",
    }


def _outside(trace: StepTrace, translate: Translator) -> dict[str, Any]:
    at = np.flatnonzero(trace.outside)[:_POINTS]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": short(trace.seconds[at]),
        "y": short(trace.values[at]),
        "name": translate("outside the band"),
        "marker": {"color": ABNORMAL, "size": 7, "symbol": "circle"},
        "hovertemplate": "%{x:.4g} s<br>%{y:.5g}<extra></extra>",
        "showlegend": bool(len(at)),
    }
