"""The flagged runs of a recipe over the envelope of the normal ones, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.alignment import Step
from waferwatch.grouping.overlay import Envelope, Overlay, Trace
from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import ANOMALY, LINES, REFERENCE, Figure, layout, safe, short
from waferwatch.web.figures.wafers.chambers import ChamberStyle
from waferwatch.web.html.language import Translator

_ENVELOPE_POINTS, _FLAG_POINTS = 150, 500
_ALL_POINTS, _LEAST_POINTS = 2500, 60  # of all runs together, and of one of them
_LABELLED = 0.03  # of the axis: a shorter step has no room for its name
_BAND = "rgba(138,148,160,0.25)"


def overlay_figure(
    overlay: Overlay,
    names: Sequence[str],
    groups: Sequence[str],
    flags: NDArray[np.bool_],
    sensor: str,
    translate: Translator,
    chambers: Mapping[str, ChamberStyle] | None = None,
) -> Figure:
    """Trace number 3 + n of the figure is run number n: the first three are the envelope.

    Args:
        overlay: the runs.
        names: what each of ``overlay.traces`` is called.
        groups: by which each of them is coloured; the first eight different ones have a colour.
        flags: (rows,) of the table.
        sensor: the column drawn.
        chambers: styles of the groups where these are chambers, which look alike wherever they are drawn.
    """
    colors = {group: LINES[at % len(LINES)] for at, group in enumerate(list(dict.fromkeys(groups))[: len(LINES)])}
    dashes: dict[str, str] = {}
    if chambers is not None:
        colors = {group: chambers[group].color for group in groups if group in chambers}
        dashes = {group: chambers[group].dash for group in colors}
    data = _envelope(overlay.envelope, translate)
    points = max(_LEAST_POINTS, _ALL_POINTS // max(1, len(overlay.traces)))
    listed: set[str] = set()
    for trace, name, group in zip(overlay.traces, names, groups, strict=True):
        label = group if group in colors else translate("others")
        line = {"color": colors.get(group, REFERENCE), "dash": dashes.get(group, "solid")}
        data.append(_line(trace, name, label, line, points, label not in listed))
        listed.add(label)
    data.append(_flagged(overlay.traces, flags, translate))
    title = translate("rows of the usual run") if overlay.steps else translate("rows since the run began")
    return {
        "data": data,
        "layout": layout(
            showlegend=True,
            xaxis={"title": {"text": title}, "zeroline": False},
            yaxis={"title": {"text": safe(sensor, 40)}, "zeroline": False},
            shapes=[_border(step) for step in overlay.steps[1:]],
            annotations=_step_names(overlay.steps, translate),
            margin={"l": 60, "r": 16, "t": 60, "b": 96},
            legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        ),
    }


def _envelope(envelope: Envelope, translate: Translator) -> list[dict[str, Any]]:
    low, high, middle = (_points(envelope.grid, line) for line in (envelope.low, envelope.high, envelope.middle))
    plain = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "connectgaps": False}
    edge = {"color": REFERENCE, "width": 0.5}
    band = {"fill": "tonexty", "fillcolor": _BAND, "name": translate("normal: 5 to 95 %"), "line": edge}
    return [
        {**plain, **low, "line": edge, "showlegend": False},
        {**plain, **high, **band},
        {
            **plain,
            **middle,
            "name": translate("normal: median"),
            "line": {"color": REFERENCE, "width": 2, "dash": "dot"},
        },
    ]


def _points(place: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, list[float | None]]:
    chosen = pick(values, _ENVELOPE_POINTS)
    return {"x": short(place[chosen]), "y": short(values[chosen])}


def _line(trace: Trace, name: str, group: str, line: Mapping[str, str], points: int, first: bool) -> dict[str, Any]:
    chosen = pick(trace.values, points)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": short(trace.position[chosen]),
        "y": short(trace.values[chosen]),
        "name": safe(group, 30),
        "legendgroup": safe(group, 60),
        "showlegend": first,
        "line": {**line, "width": 1.4},
        "opacity": 0.85,
        "hovertemplate": f"<b>{safe(name)}</b><br>%{{y:.5g}}<extra></extra>",
    }


def _flagged(traces: Sequence[Trace], flags: NDArray[np.bool_], translate: Translator) -> dict[str, Any]:
    """The flagged rows of the runs drawn; of very many, evenly thinned out."""
    chosen = [flags[trace.rows] & np.isfinite(trace.values) for trace in traces]
    places = [trace.position[mask] for trace, mask in zip(traces, chosen, strict=True)]
    values = [trace.values[mask] for trace, mask in zip(traces, chosen, strict=True)]
    x, y = (np.concatenate([np.empty(0), *parts]) for parts in (places, values))
    thin = slice(None, None, max(1, -(-len(x) // _FLAG_POINTS)))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": short(x[thin]),
        "y": short(y[thin]),
        "name": translate("flagged rows"),
        "marker": {"color": ANOMALY, "size": 5, "symbol": "circle-open"},
        "hoverinfo": "skip",
    }


def _border(step: Step) -> dict[str, Any]:
    place = step.start - 0.5
    line = {"color": REFERENCE, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": line}


def _step_names(steps: Sequence[Step], translate: Translator) -> list[dict[str, Any]]:
    whole = sum(step.length for step in steps)
    return [
        {
            "text": translate("(empty)") if step.name is None else safe(step.name, 16),
            "x": step.start + (step.length - 1) / 2,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": 14 * (at % 2),  # neighbours at different heights, so that narrow steps do not overlap
            "showarrow": False,
            "font": {"size": 11},
        }
        for at, step in enumerate(steps)
        if step.length >= _LABELLED * whole
    ]
