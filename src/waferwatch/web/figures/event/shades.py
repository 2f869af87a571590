"""What is shaded in the figures of an event: only where rows were measured, not the pauses between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import SHADE, axis_values, short

_PAUSE = 8.0  # usual times from row to row
_MOST_PARTS = 60  # that a shade or a band is cut into: narrower ones could not be told apart


def axis_of_panel(number: int) -> str:
    """Plotly's name of the y axis of a panel, counted from 0: y, y2, y3 ..."""
    return "y" if number == 0 else f"y{number + 1}"


def pauses(x: NDArray[Any]) -> NDArray[np.int64]:
    """Positions after which nothing was measured for long, ascending; ``x`` (n,) ascends."""
    steps = np.diff(x).astype(np.float64)
    found: NDArray[np.int64] = np.flatnonzero(steps > _PAUSE * float(np.median(steps)) if len(steps) else steps)
    return found


def shades(
    x: NDArray[Any], part: slice, panel: int | None = None, colour: str = SHADE, edge: str | None = None
) -> list[dict[str, Any]]:
    """A part of the x axis, over all panels or over one, without the pauses in it.

    Args:
        x: (n,) ascending places of rows.
        part: the rows that are shaded, one at least.
        edge: colour of the border; None takes ``colour``.
    """
    where = "paper" if panel is None else f"{axis_of_panel(panel)} domain"
    inside = pauses(x)
    ends = _longest(x, inside[(inside >= part.start) & (inside < part.stop - 1)])
    first, last = [part.start, *(ends + 1).tolist()], [*ends.tolist(), part.stop - 1]
    return [
        {
            "type": "rect",
            "xref": "x",
            "x0": left,
            "x1": right,
            "yref": where,
            "y0": 0,
            "y1": 1,
            "fillcolor": colour,
            "line": {"width": 1, "color": edge or colour},  # so that a single row is still seen
            "layer": "below",
        }
        for left, right in zip(axis_values(x[first]), axis_values(x[last]), strict=True)
    ]


def band_edges(
    x: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], points: int
) -> tuple[list[Any], list[float | None], list[float | None]]:
    """x, lower and upper edge of a band that is drawn in steps, down-sampled.

    In pauses and where the band is not known the edges lie on each other, so that nothing is filled.

    Args:
        x: (n,) ascending places of rows.
        low, high: (n,) NaN where the band is not known.
        points: about how many are kept.
    """
    known, breaks = np.isfinite(low) & np.isfinite(high), np.zeros(len(x), np.bool_)
    after = _longest(x, pauses(x))
    breaks[after] = True
    ends = np.concatenate([after, after + 1])
    kept = np.unique(np.concatenate([pick(low, points // 2), pick(high, points // 2), ends]))
    kept = kept[known[kept]]
    interrupted = [k for k in range(1, len(kept)) if (breaks | ~known)[kept[k - 1] : kept[k]].any()]
    places, lower, upper = axis_values(x[kept]), short(low[kept]), short(high[kept])
    middle = short((low[kept] + high[kept]) / 2)
    for k in reversed(interrupted):
        places[k:k] = places[k - 1 : k + 1]
        lower[k:k] = upper[k:k] = [middle[k - 1]] * 2
    return places, lower, upper


def _longest(x: NDArray[Any], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """The longest of the pauses, as many as can be told apart, in order."""
    if len(after) < _MOST_PARTS:
        return after
    length = (x[after + 1] - x[after]).astype(np.float64)
    return np.sort(after[np.argsort(-length, kind="stable")[: _MOST_PARTS - 1]])
