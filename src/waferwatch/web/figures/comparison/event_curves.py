"""Precision and recall of events, a line for each detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waferwatch.scoring.comparison.compare import ComparisonRow
from waferwatch.web.figures.style import NORMAL, REFERENCE, Figure, empty, layout, safe, short
from waferwatch.web.html.language import Translator

# One ink, distinguished by dashes and markers: the colours of lines are those of chambers elsewhere.
_DASHES = (
    "solid",
    "dash",
    "dot",
    "dashdot",
    "longdash",
    "longdashdot",
    "1px,5px",
    "12px,3px,2px,3px,2px,3px",
    "3px,6px",
    "16px,6px",
)
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "triangle-down")


def event_curves_figure(rows: Sequence[ComparisonRow], titles: Mapping[str, str], translate: Translator) -> Figure:
    """As the limit falls; the mark is where the limit of the comparison stands, with its 95 % interval of recall."""
    shown = [row for row in rows if row.figures is not None and row.figures.recall]
    if not shown:
        return empty(translate("No detector gave a result."))
    traces = [
        trace for at, row in enumerate(shown) for trace in _traces(row, at, titles.get(row.detector, row.detector))
    ]
    return {
        "data": traces,
        "layout": layout(
            height=400 + 16 * len(shown),
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom"},
            margin={"l": 56, "r": 16, "t": 16, "b": 44},
            xaxis={"range": [0, 1.02], "title": {"text": translate("Share of faults found")}},
            yaxis={"range": [0, 1.04], "title": {"text": translate("Share of events that are faults")}},
        ),
    }


def _traces(row: ComparisonRow, at: int, title: str) -> list[dict[str, Any]]:
    figures = row.figures
    if figures is None:
        return []
    color = NORMAL if row.detector == "moment" else REFERENCE
    group = {"legendgroup": row.detector, "name": safe(title, 32)}
    line = {
        **group,
        "type": "scatter",
        "mode": "lines",
        "x": short(figures.recall),
        "y": short(figures.precision),
        "line": {"color": color, "width": 2 if row.detector == "moment" else 1.5, "dash": _DASHES[at % len(_DASHES)]},
        "hovertemplate": "%{x:.0%} / %{y:.0%}<extra>%{fullData.name}</extra>",
    }
    if not row.events or not figures.faults:
        return [line]
    recall = figures.found / figures.faults
    point = {
        **group,
        "type": "scatter",
        "mode": "markers",
        "showlegend": False,
        "x": short([recall]),
        "y": short([1 - figures.false_events / row.events]),
        "marker": {"color": color, "size": 9, "symbol": _MARKS[at % len(_MARKS)]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": short([(figures.found_high or recall) - recall]),
            "arrayminus": short([recall - (figures.found_low or 0.0)]),
            "color": color,
            "thickness": 1,
        },
        "hovertemplate": "%{x:.0%} / %{y:.0%}<extra>%{fullData.name}</extra>",
    }
    return [line, point]
