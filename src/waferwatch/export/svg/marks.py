"""The marks of a picture: lines, points, bars, the cells of a heat map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.export.svg.scales import AxisScale
from waferwatch.export.svg.words import escaped

_POINT_PX = 2.2
_MOST_WRITTEN = 12  # cells a side up to which their numbers are written in a heat map


def draw_trace(trace: dict[str, Any], x: AxisScale, y: AxisScale, bar_gap: float) -> str:
    """One trace of a figure as SVG."""
    match trace["type"]:
        case "scatter":
            return _scatter(trace, x, y)
        case "bar":
            return _bars(trace, x, y, bar_gap)
        case "heatmap":
            return _heatmap(trace, x, y)
        case other:
            raise ValueError(f"no still picture of {other}")


def _scatter(trace: dict[str, Any], x: AxisScale, y: AxisScale) -> str:
    across, down = x.pixels(trace["x"]), y.pixels(trace["y"])
    mode = str(trace.get("mode", "lines"))
    drawn = _line(trace.get("line", {}), across, down) if "lines" in mode else ""
    if "markers" in mode:
        drawn += _points(trace.get("marker", {}), across, down)
    return drawn + _errors(trace, x, y, across, down)


def _line(line: dict[str, Any], across: NDArray[np.float64], down: NDArray[np.float64]) -> str:
    steps, pen_down = [], False
    for one, two in zip(across.tolist(), down.tolist(), strict=True):
        if np.isfinite(one) and np.isfinite(two):
            steps.append(f"{'L' if pen_down else 'M'}{one:.1f} {two:.1f}")
            pen_down = True
        else:
            pen_down = False
    path = "".join(steps)
    return f'<path d="{path}" fill="none" stroke="{color_of(line)}" {stroke(line)}/>' if path else ""


def _points(marker: dict[str, Any], across: NDArray[np.float64], down: NDArray[np.float64]) -> str:
    """Every point as a short round stroke of one path: far smaller than a circle each."""
    places = zip(across.tolist(), down.tolist(), strict=True)
    path = "".join(f"M{one:.1f} {two:.1f}h0" for one, two in places if np.isfinite(one) and np.isfinite(two))
    if not path:
        return ""
    width = 2 * _POINT_PX if marker.get("size", 6) < 7 else 3 * _POINT_PX
    return f'<path d="{path}" stroke="{color_of(marker)}" stroke-width="{width:.1f}" stroke-linecap="round"/>'


def _bars(trace: dict[str, Any], x: AxisScale, y: AxisScale, gap: float) -> str:
    lying = trace.get("orientation") == "h"
    along, out = (y, x) if lying else (x, y)
    places, ends = along.pixels(trace["y" if lying else "x"]), out.pixels(trace["x" if lying else "y"])
    steps = np.abs(np.diff(np.sort(places[np.isfinite(places)])))
    steps = steps[steps > 0]
    thick = (float(steps.min()) if len(steps) else abs(along.end - along.start) * 0.4) * (1 - gap)
    base = float(out.pixels([0.0])[0]) if out.kind == "linear" else out.start
    marker = trace.get("marker", {})
    colors = marker.get("color")
    drawn = []
    for at, (place, end) in enumerate(zip(places.tolist(), ends.tolist(), strict=True)):
        if np.isfinite(place) and np.isfinite(end) and abs(end - base) >= 0.05:
            own = colors[at] if isinstance(colors, list) else colors
            low, size, first = min(base, end), abs(end - base), place - thick / 2
            box = (low, first, size, thick) if lying else (first, low, thick, size)
            drawn.append(rectangle(*box, fill=str(own)))
    whole = f'<g fill-opacity="{float(marker.get("opacity", 1)):g}">{"".join(drawn)}</g>'
    return whole + _errors(trace, x, y, ends if lying else places, places if lying else ends)


def _errors(
    trace: dict[str, Any], x: AxisScale, y: AxisScale, across: NDArray[np.float64], down: NDArray[np.float64]
) -> str:
    """Lines from the low to the high end of what a value may be."""
    error = trace.get("error_x")
    if not error:
        return ""
    values = x.numbers(trace["x"])
    more = np.array([step or 0.0 for step in error["array"]], dtype=np.float64)
    less = np.array([step or 0.0 for step in error.get("arrayminus", error["array"])], dtype=np.float64)
    low, high = x.pixels(values - less), x.pixels(values + more)
    ends = zip(low.tolist(), high.tolist(), down.tolist(), strict=True)
    path = "".join(f"M{one:.1f} {place:.1f}H{two:.1f}" for one, two, place in ends if np.isfinite(one + two + place))
    return f'<path d="{path}" class="ink" stroke-width="1.2"/>' if path else ""


def _heatmap(trace: dict[str, Any], x: AxisScale, y: AxisScale) -> str:
    rows = [list(row) for row in trace["z"]]
    columns = trace.get("x") or range(len(rows[0]))
    across, down = x.pixels(columns), y.pixels(trace.get("y") or range(len(rows)))
    width = abs(float(across[1] - across[0])) if len(across) > 1 else abs(x.end - x.start)
    height = abs(float(down[1] - down[0])) if len(down) > 1 else abs(y.end - y.start)
    low, high = heat_range(trace)
    drawn = []
    for place, row in zip(down.tolist(), rows, strict=True):
        for start, value in zip(across.tolist(), row, strict=True):
            if value is None:
                continue
            part = (value - low) / ((high - low) or 1)
            box = (start - width / 2 + 0.5, place - height / 2 + 0.5, width - 1, height - 1)
            drawn.append(rectangle(*box, fill=heat(trace["colorscale"], part)))
            if len(rows) <= _MOST_WRITTEN and len(row) <= _MOST_WRITTEN:
                light = "" if 0.2 < part < 0.8 else " light"
                drawn.append(f'<text x="{start:.1f}" y="{place + 4:.1f}" class="middle cell{light}">{value:.2f}</text>')
    return "".join(drawn)


def heat_range(trace: dict[str, Any]) -> tuple[float, float]:
    """The values of the first and the last colour."""
    cells = [cell for row in trace["z"] for cell in row if cell is not None]
    return trace.get("zmin", min(cells, default=0.0)), trace.get("zmax", max(cells, default=1.0))


def heat(scale: Iterable[Any], part: float) -> str:
    """The colour at ``part`` (0 to 1) of a scale of (place, #rrggbb)."""
    stops = [(float(place), [int(color[at : at + 2], 16) for at in (1, 3, 5)]) for place, color in scale]
    mixed = [np.interp(part, [place for place, _ in stops], [color[at] for _, color in stops]) for at in range(3)]
    return "#" + "".join(f"{round(float(value)):02x}" for value in mixed)


def color_of(style: dict[str, Any]) -> str:
    """The colour of a line or mark."""
    color = style.get("color")
    return escaped(color) if isinstance(color, str) else "#0072b2"


def stroke(line: dict[str, Any]) -> str:
    """Width and dashes of a line."""
    dash = {"dash": "6 4", "dot": "2 3"}.get(str(line.get("dash")), "")
    return f'stroke-width="{float(line.get("width", 1.5)):g}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def rectangle(x: float, y: float, width: float, height: float, **attributes: str) -> str:
    more = "".join(f' {name.replace("_", "-")}="{escaped(value)}"' for name, value in attributes.items())
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}"{more}/>'
