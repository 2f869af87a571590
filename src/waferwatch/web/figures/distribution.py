"""How often a sensor takes which value: normal rows compared with anomalous ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.web.figures.style import ANOMALY, NORMAL, Figure, empty, layout, safe, short
from waferwatch.web.html.language import Translator

_BINS = 48


def distribution_figure(table: Table, sensor: str, found: Detection, translate: Translator) -> Figure:
    """Two histograms over the same bins, each as a share of its own rows, so that few rows are seen next to many."""
    values = table.frame[sensor].to_numpy(np.float64)
    seen = np.isfinite(values)
    if not seen.any():
        return empty(translate("This sensor has no values."))
    low, high = float(values[seen].min()), float(values[seen].max())
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    judged = np.isfinite(found.scores)  # of a run over some rows, the others are neither
    normal, anomalous = values[seen & judged & ~found.flags], values[seen & found.flags]
    return {
        "data": [
            _bars(normal, edges, NORMAL, translate("normal")),
            _bars(anomalous, edges, ANOMALY, translate("anomalous")),
        ],
        "layout": layout(
            barmode="overlay",
            bargap=0,
            showlegend=True,
            xaxis={"title": {"text": safe(sensor)}, "zeroline": False},
            yaxis={"title": {"text": translate("share of rows")}, "tickformat": ".0%", "rangemode": "tozero"},
        ),
    }


def _bars(values: NDArray[np.float64], edges: NDArray[np.float64], color: str, name: str) -> dict[str, Any]:
    counts, _ = np.histogram(values, edges)
    return {
        "type": "bar",
        "name": name,
        "x": short((edges[:-1] + edges[1:]) / 2),
        "y": short(counts / max(1, len(values))),
        "customdata": counts.tolist(),
        "marker": {"color": color, "opacity": 0.55, "line": {"width": 0}},
        "hovertemplate": "%{x:.5g}<br>%{y:.2%} (%{customdata:,})<extra>%{fullData.name}</extra>",
    }
