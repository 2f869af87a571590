"""Detectors beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.detection.compare import ComparisonRow
from waferwatch.web.figures.style import LINES, Figure, layout, safe, short
from waferwatch.web.language import Translator

_MEASURES = (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1"), ("auc_pr", "AUC-PR"), ("vus_pr", "VUS-PR"))


def comparison_figure(rows: Sequence[ComparisonRow], translate: Translator) -> Figure:
    """With labels the measures of each detector, else the seconds that it took."""
    names = [safe(row.detector, 30) for row in rows]
    if any(row.auc_pr is not None or row.f1 is not None for row in rows):
        data = [_bars(names, rows, field, translate(title), LINES[at]) for at, (field, title) in enumerate(_MEASURES)]
        axis: dict[str, Any] = {"range": [0, 1], "title": {"text": translate("1 is best")}}
    else:
        data = [_bars(names, rows, "seconds", translate("seconds"), LINES[0])]
        axis = {"rangemode": "tozero", "title": {"text": translate("seconds")}}
    return {
        "data": data,
        "layout": layout(barmode="group", showlegend=len(data) > 1, xaxis={"type": "category"}, yaxis=axis),
    }


def _bars(names: list[str], rows: Sequence[ComparisonRow], field: str, title: str, color: str) -> dict[str, Any]:
    values = [getattr(row, field) for row in rows]
    return {
        "type": "bar",
        "name": title,
        "x": names,
        "y": short([float("nan") if value is None else value for value in values]),
        "marker": {"color": color},
        "hovertemplate": "%{x}<br>%{y:.3g}<extra>%{fullData.name}</extra>",
    }
