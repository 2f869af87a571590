"""A small table of numbers as a heat map with its numbers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waferwatch.web.figures.style import Figure, layout, safe, short

# ColorBrewer's Blues: darker is more, also in grey and for the colour-blind.
_MORE = [[0, "#f7fbff"], [0.25, "#c6dbef"], [0.5, "#6baed6"], [0.75, "#2171b5"], [1, "#08306b"]]
_LESS = [[1 - place, color] for place, color in reversed(_MORE)]  # type: ignore[operator]
_ROW_PX, _FRAME_PX = 34, 130


@dataclass(frozen=True)
class Matrix:
    """What is drawn: names of rows and columns, and for each cell a number, a text and more of it at a touch."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    texts: Sequence[Sequence[str]]
    hover: Sequence[Sequence[str]]


def matrix_figure(matrix: Matrix, *, highest: float | None, dark_is_less: bool = False) -> Figure:
    """The matrix, first row on top.

    Args:
        highest: value of the darkest colour; None: the highest there is.
        dark_is_less: low values are dark, where low is good.
    """
    known = [value for row in matrix.values for value in row if value is not None]
    return {
        "data": [
            {
                "type": "heatmap",
                "z": [short([float("nan") if value is None else value for value in row]) for row in matrix.values],
                "x": list(range(len(matrix.columns))),
                "y": list(range(len(matrix.rows))),
                "text": [list(row) for row in matrix.texts],
                "texttemplate": "%{text}",
                "customdata": [list(row) for row in matrix.hover],
                "hovertemplate": "%{customdata}<br>%{text}<extra></extra>",
                "colorscale": _LESS if dark_is_less else _MORE,
                "zmin": 0,
                "zmax": highest if highest is not None else max([*known, 1e-9]),
                "xgap": 2,
                "ygap": 2,
                "showscale": False,
            }
        ],
        "layout": layout(
            height=_FRAME_PX + _ROW_PX * len(matrix.rows),
            margin={"l": 16, "r": 8, "t": 8, "b": 16},
            xaxis=_axis(matrix.columns, 22) | {"tickangle": -40},
            yaxis=_axis(matrix.rows, 30) | {"autorange": "reversed"},
        ),
    }


def _axis(names: Sequence[str], longest: int) -> dict[str, object]:
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [safe(name, longest) for name in names],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
