"""The share of anomalous rows in each group, with its uncertainty; or one sensor in each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.grouping.counts import GroupCount
from waferwatch.web.figures.style import ANOMALY, NORMAL, Figure, layout, safe, short
from waferwatch.web.html.language import Translator

_MOST_BARS = 40
_WHISKER = "#7c8794"  # seen on light, on dark, and on the bars


def groups_figure(groups: Sequence[GroupCount], group_by: str, feature: str | None, translate: Translator) -> Figure:
    """The first 40 groups, in the order given, as horizontal bars: long names stay readable."""
    shown = list(groups)[:_MOST_BARS]
    data = [_ratio_bars(shown, translate)]
    axes: dict[str, Any] = {
        "xaxis": {"title": {"text": translate("anomalous share")}, "tickformat": ".2~%", "rangemode": "tozero"},
        "yaxis": group_axis([one.value for one in shown], group_by, translate),
    }
    if feature is not None:
        data.append(_feature_dots(shown))
        axes["xaxis"]["domain"] = [0, 0.48]
        axes["xaxis2"] = {"title": {"text": safe(feature, 40)}, "domain": [0.54, 1], "zeroline": False}
    height = max(220, 110 + 26 * len(shown))
    return {"data": data, "layout": layout(height=height, margin={"l": 16, "r": 16, "t": 32, "b": 48}, **axes)}


def group_axis(values: Sequence[str | None], group_by: str, translate: Translator) -> dict[str, Any]:
    """An axis with the groups from top to bottom, at 0, 1, 2 ..."""
    return {
        "title": {"text": safe(group_by, 40), "standoff": 8},
        "tickvals": list(range(len(values))),
        "ticktext": [translate("(empty)") if value is None else safe(value, 28) for value in values],
        "range": [len(values) - 0.5, -0.5],
        "automargin": True,
        "fixedrange": True,
    }


def _ratio_bars(groups: list[GroupCount], translate: Translator) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": short([one.ratio for one in groups]),
        "y": list(range(len(groups))),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": short([one.high - one.ratio for one in groups]),
            "arrayminus": short([one.ratio - one.low for one in groups]),
            "thickness": 1.4,
            "width": 4,
            "color": _WHISKER,
        },
        "marker": {"color": ANOMALY, "opacity": 0.8},
        "customdata": [[one.anomalies, one.rows] for one in groups],
        "hovertemplate": "%{x:.2%}<br>%{customdata[0]:,} / %{customdata[1]:,} " + translate("rows") + "<extra></extra>",
    }


def _feature_dots(groups: list[GroupCount]) -> dict[str, Any]:
    """Mean and standard deviation of the sensor."""
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": "x2",
        "x": short([float("nan") if one.mean is None else one.mean for one in groups]),
        "y": list(range(len(groups))),
        "error_x": {
            "type": "data",
            "array": short([one.deviation or 0.0 for one in groups]),
            "thickness": 1.2,
            "width": 3,
        },
        "marker": {"color": NORMAL, "size": 8},
        "hovertemplate": "%{x:.5g} ± %{error_x.array:.3g}<extra></extra>",
    }
