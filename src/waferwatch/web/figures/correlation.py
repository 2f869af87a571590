"""Which sensors move together in the normal rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from waferwatch.detection.result import Detection
from waferwatch.read.table import Table
from waferwatch.web.figures.style import DIVERGING, Figure, empty, layout, safe, short
from waferwatch.web.language import Translator

MOST_SENSORS = 30
_MOST_ROWS = 50_000


def correlation_figure(table: Table, sensors: Sequence[str], found: Detection, translate: Translator) -> Figure:
    """Pearson correlation of the normal rows (of very many, evenly spread ones) for the first 30 of ``sensors``."""
    chosen = list(sensors)[:MOST_SENSORS]
    if len(chosen) < 2:
        return empty(translate("A correlation needs two sensors."))
    normal = np.flatnonzero(~found.flags)
    normal = normal[:: max(1, len(normal) // _MOST_ROWS)]
    matrix = table.frame[chosen].iloc[normal].corr(min_periods=10).to_numpy()
    names = [safe(name, 24) for name in chosen]
    return {
        "data": [
            {
                "type": "heatmap",
                "z": [short(row) for row in np.round(matrix, 3)],
                # Places instead of names: two names may be alike once they are shortened.
                "x": list(range(len(names))),
                "y": list(range(len(names))),
                "text": [[f"{one}<br>{two}" for two in names] for one in names],
                "hovertemplate": "%{text}<br>%{z:.2f}<extra></extra>",
                "colorscale": DIVERGING,
                "zmin": -1,
                "zmax": 1,
                "xgap": 1,
                "ygap": 1,
                "colorbar": {"thickness": 10, "len": 0.9, "outlinewidth": 0},
            }
        ],
        "layout": layout(
            margin={"l": 16, "r": 8, "t": 16, "b": 16},
            xaxis={"tickvals": list(range(len(names))), "ticktext": names, "tickangle": -45, "automargin": True},
            yaxis={
                "tickvals": list(range(len(names))),
                "ticktext": names,
                "autorange": "reversed",
                "automargin": True,
            },
        ),
    }
