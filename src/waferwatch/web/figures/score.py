"""How often each score occurs, with the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.scoring.result import Detection
from waferwatch.web.figures.style import ANOMALY, NORMAL, REFERENCE, Figure, empty, layout, short
from waferwatch.web.html.language import Translator

_BINS = 60
_AROUND = 0.03  # of the scale, left free next to a threshold above every score


def score_figure(found: Detection, translate: Translator) -> Figure:
    """Histogram of the scores; counts on a logarithmic axis, because the anomalous rows are few."""
    judged = found.scores[np.isfinite(found.scores)]
    if not len(judged):
        return empty(translate("No row could be judged."))
    low, high = float(judged.min()), float(judged.max())
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    counts, _ = np.histogram(judged, edges)
    middle = (edges[:-1] + edges[1:]) / 2
    threshold = float(found.threshold)
    shown = np.isfinite(threshold) and low <= threshold
    last = max(high, threshold) if shown else high  # the threshold may lie above every score
    return {
        "data": [_bars(middle, counts, threshold)],
        "layout": layout(
            bargap=0.05,
            margin={"l": 56, "r": 16, "t": 28, "b": 44},
            xaxis={
                "title": {"text": translate("score (2: one normal row in 100)")},
                "zeroline": False,
                **({"range": [low - _AROUND * (last - low), last + _AROUND * (last - low)]} if last > high else {}),
            },
            yaxis={"title": {"text": translate("rows (logarithmic)")}, "type": "log", "dtick": 1},
            meta={"range": [low, last]},
            **(_mark(threshold, translate) if shown else {"shapes": [], "annotations": []}),
        ),
    }


def _bars(middle: NDArray[np.float64], counts: NDArray[np.int64], threshold: float) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": short(middle),
        "y": counts.tolist(),
        "marker": {"color": [ANOMALY if place > threshold else NORMAL for place in middle], "line": {"width": 0}},
        "hovertemplate": "%{x:.4g}<br>%{y:,}<extra></extra>",
    }


def _mark(threshold: float, translate: Translator) -> dict[str, Any]:
    """The threshold as a line with its name."""
    line = {"width": 1.5, "dash": "dash", "color": REFERENCE}
    place = {"xref": "x", "yref": "paper"}
    text = {"text": translate("threshold"), "x": threshold, "y": 1, "yanchor": "bottom", "showarrow": False}
    return {
        "shapes": [{"type": "line", **place, "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "line": line}],
        "annotations": [text | place],
    }
