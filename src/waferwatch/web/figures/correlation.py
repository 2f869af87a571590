"""Which sensors move together, in the normal rows, in the flagged ones, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.web.figures.style import DIVERGING, Figure, empty, layout, safe, short
from waferwatch.web.html.language import Translator

MOST_SENSORS = 30
_MOST_ROWS = 50_000
_FEWEST_ROWS = 10


def correlation_figure(
    table: Table, sensors: Sequence[str], found: Detection, translate: Translator, rows: str = "normal"
) -> Figure:
    """Pearson correlation of the first 30 of ``sensors``.

    Args:
        rows: "normal" or "anomalous" rows (of very many, evenly spread ones), or their "difference": that of the
            anomalous rows less that of the normal ones.
    """
    chosen = list(sensors)[:MOST_SENSORS]
    if len(chosen) < 2:
        return empty(translate("A correlation needs two sensors."))
    if rows != "normal" and int(found.flags.sum()) < _FEWEST_ROWS:
        return empty(translate("Too few rows are flagged for a correlation."))
    normal = np.isfinite(found.scores) & ~found.flags  # of a run over some rows, the others are neither
    if rows == "difference":
        matrix = _matrix(table, chosen, found.flags) - _matrix(table, chosen, normal)
    else:
        matrix = _matrix(table, chosen, found.flags if rows == "anomalous" else normal)
    return _heat_map(matrix, [safe(name, 24) for name in chosen], limit=2 if rows == "difference" else 1)


def _heat_map(matrix: NDArray[np.float64], names: list[str], limit: int) -> Figure:
    # Places instead of names: two names may be alike once they are shortened.
    places = list(range(len(names)))
    ticks = {"tickvals": places, "ticktext": names, "automargin": True}
    return {
        "data": [
            {
                "type": "heatmap",
                "z": [short(row) for row in np.round(matrix, 3)],
                "x": places,
                "y": places,
                "text": [[f"{one}<br>{two}" for two in names] for one in names],
                "hovertemplate": "%{text}<br>%{z:.2f}<extra></extra>",
                "colorscale": DIVERGING,
                "zmin": -limit,
                "zmax": limit,
                "xgap": 1,
                "ygap": 1,
                "colorbar": {"thickness": 10, "len": 0.9, "outlinewidth": 0},
            }
        ],
        "layout": layout(
            margin={"l": 16, "r": 8, "t": 16, "b": 16},
            xaxis=ticks | {"tickangle": -45},
            yaxis=ticks | {"autorange": "reversed"},
        ),
    }


def _matrix(table: Table, sensors: list[str], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(sensors, sensors) NaN where two sensors have too few values in common, or one does not move."""
    rows = np.flatnonzero(kept)
    rows = rows[:: max(1, len(rows) // _MOST_ROWS)]
    return table.frame[sensors].iloc[rows].corr(min_periods=_FEWEST_ROWS).to_numpy()
