"""Detectors next to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.scoring.comparison.compare import ComparisonRow
from waferwatch.web.figures.style import LINES, Figure, empty, layout, safe, short
from waferwatch.web.html.language import Translator
from waferwatch.web.html.texts import detector_titles

_MEASURES = (("vus_pr", "VUS-PR"), ("auc_pr", "AUC-PR"), ("f1", "F1"), ("precision", "Precision"), ("recall", "Recall"))
_BAR_PX, _GAP_PX, _FRAME_PX = 11, 14, 96


def comparison_figure(rows: Sequence[ComparisonRow], translate: Translator) -> Figure:
    """With labels the measures of each detector, else the seconds that it took. One that failed has no bars.

    Bars lie on their side, so that names stay readable on a phone.
    """
    shown = [row for row in rows if row.failure is None]
    if not shown:
        return empty(translate("No detector gave a result."))
    if any(row.auc_pr is not None or row.f1 is not None for row in shown):
        titles = [(field, translate(title)) for field, title in _MEASURES]
        axis: dict[str, Any] = {"range": [0, 1], "title": {"text": translate("1 is best")}}
    else:
        titles = [("seconds", translate("seconds"))]
        axis = {"rangemode": "tozero", "title": {"text": translate("seconds")}}
    names = detector_titles(translate)
    labels = [safe(names.get(row.detector, row.detector), 28) for row in shown]
    return {
        "data": [_bars(shown, field, title, LINES[at]) for at, (field, title) in enumerate(titles)],
        "layout": layout(
            height=_FRAME_PX + len(shown) * (_GAP_PX + _BAR_PX * max(2, len(titles))),
            barmode="group",
            bargap=0.22,
            showlegend=len(titles) > 1,
            legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
            margin={"l": 16, "r": 16, "t": 36, "b": 44},
            xaxis=axis,
            yaxis={
                "tickvals": list(range(len(shown))),
                "ticktext": labels,
                "autorange": "reversed",
                "automargin": True,
            },
        ),
    }


def _bars(rows: Sequence[ComparisonRow], field: str, title: str, color: str) -> dict[str, Any]:
    values = [getattr(row, field) for row in rows]
    return {
        "type": "bar",
        "orientation": "h",
        "name": title,
        "x": short([float("nan") if value is None else value for value in values]),
        "y": list(range(len(rows))),
        "marker": {"color": color},
        "hovertemplate": "%{x:.3g}<extra>%{fullData.name}</extra>",
    }
