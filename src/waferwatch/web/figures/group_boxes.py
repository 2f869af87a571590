"""How values lie in each group: boxes made of quantiles that were computed beforehand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.web.figures.groups import group_axis
from waferwatch.web.figures.style import ANOMALY, NORMAL, Figure, empty, layout, safe, short
from waferwatch.web.html.language import Translator

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # whisker, box, line, box, whisker


def boxes_figure(
    values: Sequence[str | None],
    quantiles: NDArray[np.float64],
    title: str,
    group_by: str,
    translate: Translator,
    limit: float = math.nan,
) -> Figure:
    """One horizontal box for each group, in the order given; the whiskers end at 5 and 95 %.

    Args:
        values: what each group is called; None = empty cells.
        quantiles: (groups, 5) at ``SHARES``; NaN for a group without a value.
        title: of the value axis, as it came with the data or translated.
        group_by: the column.
        limit: where to draw a line across, for example the threshold; NaN: none.
    """
    if not np.isfinite(quantiles).any():
        return empty(translate("No group has a value here."))
    low, first, middle, third, high = (short(column) for column in quantiles.T)
    box = {
        "type": "box",
        "orientation": "h",
        "y": list(range(len(values))),
        "lowerfence": low,
        "q1": first,
        "median": middle,
        "q3": third,
        "upperfence": high,
        "line": {"color": NORMAL, "width": 1.4},
        "fillcolor": "rgba(0,114,178,0.22)",
        "whiskerwidth": 0.5,
        "hoverinfo": "x",
    }
    line = {"color": ANOMALY, "width": 1.5, "dash": "dash"}
    shape = {"type": "line", "xref": "x", "yref": "paper", "x0": limit, "x1": limit, "y0": 0, "y1": 1, "line": line}
    return {
        "data": [box],
        "layout": layout(
            height=max(200, 110 + 26 * len(values)),
            margin={"l": 16, "r": 16, "t": 32, "b": 46},
            xaxis={"title": {"text": safe(title, 60)}, "zeroline": False},
            yaxis=group_axis(values, group_by, translate),
            shapes=[shape] if math.isfinite(limit) else [],
        ),
    }
