"""A Plotly figure as one SVG picture: its axes, marks, shades and legend, and nothing that runs.

Knows what our own figures are made of: scatter, bar and heatmap traces; linear, logarithmic and time axes with domains;
rectangles and lines as shapes; annotations. Colours of axes and letters come from the page's style sheet (classes
``grid``, ``ink``, ``soft``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.export.svg.colours import on_paper
from waferwatch.export.svg.marks import color_of, draw_trace, heat, heat_range, rectangle, stroke
from waferwatch.export.svg.scales import AxisScale, as_numbers, make_scale
from waferwatch.export.svg.words import cut, escaped, plain, width_px

_LINE_PX = 15  # height of a line of letters
_PX_PER_X_TICK, _PX_PER_Y_TICK = 95, 32
_LONGEST_NAME, _LONGEST_LABEL = 34, 30


@dataclass(frozen=True)
class Frame:
    """The part of a picture inside its axes, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def across(self, part: float) -> float:
        return self.left + part * (self.right - self.left)

    def down(self, part: float) -> float:
        """``part`` as Plotly counts it: 0 is at the bottom."""
        return self.bottom - part * (self.bottom - self.top)


def picture(figure: dict[str, Any], title: str, width: int = 960, height: int = 300) -> str:
    """The figure as SVG text.

    Args:
        figure: data and layout, as Plotly takes them.
        title: what it shows, for readers who cannot see it.
        width, height: of the drawing, in pixels; it is scaled to the room it has on the page.
    """
    layout, data = on_paper(figure["layout"]), on_paper(figure["data"])
    height = int(layout.get("height", height))
    legend = _legend(data, layout, width)
    frame = _frame(layout, data, width, height, top=12 + legend.count("<!--row-->") * (_LINE_PX + 3))
    scales = {name: _scale(name, layout, data, frame) for name in _axes(layout)}
    inside = "".join(_shape(one, scales, frame) for one in layout.get("shapes", []))
    gap = float(layout.get("bargap", 0.2))
    inside += "".join(
        draw_trace(trace, scales[_axis_of(trace, "x")], scales[_axis_of(trace, "y")], gap) for trace in data
    )
    room = (frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    view = " ".join(f"{edge:.1f}" for edge in room)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escaped(title)}" '
        'xmlns="http://www.w3.org/2000/svg">',
        *(_grid(name, scale, frame) for name, scale in scales.items() if scale.layout.get("visible") is not False),
        # A picture in the picture: what leaves its room is not drawn.
        f'<svg x="{room[0]:.1f}" y="{room[1]:.1f}" width="{room[2]:.1f}" height="{room[3]:.1f}" viewBox="{view}">',
        inside,
        "</svg>",
        legend,
        *(_annotation(one, scales, frame) for one in layout.get("annotations", [])),
        *(_color_bar(trace, frame, width) for trace in data if trace["type"] == "heatmap"),
        "</svg>",
    ]
    return "".join(parts)


def _axes(layout: dict[str, Any]) -> list[str]:
    named = [name for name in layout if re.fullmatch(r"[xy]axis\d*", name)]
    return list(dict.fromkeys(["xaxis", "yaxis", *named]))


def _axis_of(trace: dict[str, Any], letter: str) -> str:
    return f"{letter}axis{str(trace.get(f'{letter}axis', letter))[1:]}"


def _values(name: str, layout: dict[str, Any], data: list[dict[str, Any]]) -> list[NDArray[np.float64]]:
    letter, kind = name[0], str(layout.get(name, {}).get("type", "linear"))
    found = []
    for trace in data:
        if _axis_of(trace, letter) != name:
            continue
        if trace["type"] == "heatmap":
            size = len(trace["z"][0] if letter == "x" else trace["z"]) if trace["z"] else 0
            found.append(np.array([-0.5, size - 0.5]))
            continue
        values = as_numbers(trace[letter], kind)
        found.append(values)
        if letter == "x" and trace.get("error_x"):
            found.append(values + np.array([step or 0.0 for step in trace["error_x"]["array"]], dtype=np.float64))
        if trace["type"] == "bar" and (trace.get("orientation") == "h") == (letter == "x") and kind == "linear":
            found.append(np.zeros(1))
    return found


def _scale(name: str, layout: dict[str, Any], data: list[dict[str, Any]], frame: Frame) -> AxisScale:
    own = layout.get(name, {})
    low, high = own.get("domain", (0, 1))
    ends = (frame.across(low), frame.across(high)) if name[0] == "x" else (frame.down(low), frame.down(high))
    values = _values(name, layout, data)
    if any(trace["type"] == "heatmap" for trace in data) and "range" not in own:
        edges = np.concatenate(values)
        own = {**own, "range": [float(edges.min()), float(edges.max())]}
        if own.get("autorange") == "reversed":
            own["range"].reverse()
        own.pop("autorange", None)
    return make_scale(own, values, *ends)


def _frame(layout: dict[str, Any], data: list[dict[str, Any]], width: int, height: int, top: float) -> Frame:
    """Room for the longest labels next to and under the axes."""
    trial = Frame(0, top, width, height)
    left = 34.0
    for name in (name for name in _axes(layout) if name[0] == "y" and name in layout):
        labels = [label for _, label in _scale(name, layout, data, trial).ticks(6)]
        titled = _LINE_PX + 4 if layout[name].get("title", {}).get("text") else 0
        left = max(left, 14 + titled + max((width_px(cut(label, _LONGEST_LABEL)) for label in labels), default=0))
    under = layout.get("xaxis", {})
    bottom = 24.0 + (_LINE_PX + 3 if under.get("title", {}).get("text") else 0)
    if under.get("tickangle"):
        bottom += max(
            (width_px(cut(plain(text), _LONGEST_LABEL)) * 0.72 for text in under.get("ticktext", ())), default=0
        )
    right_margin = 62.0 if any(trace["type"] == "heatmap" for trace in data) else 14.0
    return Frame(min(left, width * 0.4), top, width - right_margin, height - min(bottom, height * 0.4))


def _grid(name: str, scale: AxisScale, frame: Frame) -> str:
    across = name[0] == "x"
    size = abs(scale.end - scale.start)
    ticks = scale.ticks(max(2, int(size / (_PX_PER_X_TICK if across else _PX_PER_Y_TICK))))
    low, high = sorted((scale.start, scale.end))
    marks = [(place, cut(label, _LONGEST_LABEL)) for place, label in ticks if low - 0.5 <= place <= high + 0.5]
    lines, labels = [], []
    for place, label in marks:
        if across:
            lines.append(f"M{place:.1f} {frame.top:.1f}V{frame.bottom:.1f}")
            labels.append(_under(place, frame.bottom + 14, label, bool(scale.layout.get("tickangle"))))
        else:
            lines.append(f"M{frame.left:.1f} {place:.1f}H{frame.right:.1f}")
            labels.append(f'<text x="{frame.left - 6:.1f}" y="{place + 4:.1f}" class="end">{escaped(label)}</text>')
    named = "tickvals" in scale.layout
    drawn = "" if named else f'<path d="{"".join(lines)}" class="grid"/>'
    return drawn + "".join(labels) + _axis_title(name, scale, frame)


def _under(place: float, down: float, label: str, turned: bool) -> str:
    if turned:
        turn = f"rotate(-45 {place:.1f} {down - 6:.1f})"
        return f'<text x="{place:.1f}" y="{down - 4:.1f}" class="end" transform="{turn}">{escaped(label)}</text>'
    return f'<text x="{place:.1f}" y="{down:.1f}" class="middle">{escaped(label)}</text>'


def _axis_title(name: str, scale: AxisScale, frame: Frame) -> str:
    text = plain(str(scale.layout.get("title", {}).get("text", "")))
    if not text:
        return ""
    middle = (scale.start + scale.end) / 2
    words = escaped(cut(text, 60 if name[0] == "x" else max(8, int(abs(scale.end - scale.start) / 7))))
    if name[0] == "x":
        return f'<text x="{middle:.1f}" y="{frame.bottom + 31:.1f}" class="middle soft">{words}</text>'
    return f'<text x="12" y="{middle:.1f}" class="middle soft" transform="rotate(-90 12 {middle:.1f})">{words}</text>'


def _shape(shape: dict[str, Any], scales: dict[str, AxisScale], frame: Frame) -> str:
    x0, x1 = (_across(shape[end], shape.get("xref", "x"), scales, frame) for end in ("x0", "x1"))
    y0, y1 = (_down(shape[end], shape.get("yref", "y"), scales, frame) for end in ("y0", "y1"))
    line = shape.get("line", {})
    if shape["type"] == "line":
        return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{color_of(line)}" {stroke(line)}/>'
    wide = max(abs(x1 - x0), 1.0)  # what lasts a moment is still seen
    return rectangle(min(x0, x1), min(y0, y1), wide, abs(y1 - y0), fill=str(shape.get("fillcolor", "none")))


def _across(value: Any, reference: str, scales: dict[str, AxisScale], frame: Frame) -> float:
    """Where a value of an x axis lies, or a part of the paper's width."""
    return frame.across(value) if reference == "paper" else _pixel(value, scales[f"xaxis{reference[1:]}"])


def _down(value: Any, reference: str, scales: dict[str, AxisScale], frame: Frame) -> float:
    return frame.down(value) if reference == "paper" else _pixel(value, scales[f"yaxis{reference[1:]}"])


def _pixel(value: Any, scale: AxisScale) -> float:
    return float(scale.pixels([value])[0])


def _annotation(note: dict[str, Any], scales: dict[str, AxisScale], frame: Frame) -> str:
    x = _across(note["x"], note.get("xref", "x"), scales, frame)
    y = _down(note["y"], note.get("yref", "y"), scales, frame)
    words = escaped(cut(plain(str(note["text"])), 120))
    return f'<text x="{x:.1f}" y="{y - 3:.1f}" class="middle soft">{words}</text>'


def _legend(data: Iterable[dict[str, Any]], layout: dict[str, Any], width: int) -> str:
    """Rows of coloured names above the axes; each row begins with a comment that counts it."""
    if not layout.get("showlegend"):
        return ""
    across, down, drawn = 16.0, 14.0, "<!--row-->"
    for trace in data:
        name = cut(plain(str(trace.get("name", ""))), _LONGEST_NAME)
        if not name or trace.get("showlegend") is False:
            continue
        size = width_px(name) + 34
        if across + size > width - 16 and across > 16:
            across, down, drawn = 16.0, down + _LINE_PX + 3, drawn + "<!--row-->"
        color = color_of(trace.get("line") or trace.get("marker") or {})
        drawn += rectangle(across, down - 8, 12, 8, fill=color, rx="2")
        drawn += f'<text x="{across + 17:.1f}" y="{down:.1f}">{escaped(name)}</text>'
        across += size
    return drawn


def _color_bar(trace: dict[str, Any], frame: Frame, width: int) -> str:
    low, high = heat_range(trace)
    steps, x = 40, width - 50
    size = (frame.bottom - frame.top) / steps
    bars = [
        rectangle(x, frame.bottom - (at + 1) * size, 10, size + 0.3, fill=heat(trace["colorscale"], (at + 0.5) / steps))
        for at in range(steps)
    ]
    words = [(frame.top + 9, high), ((frame.top + frame.bottom) / 2 + 4, (low + high) / 2), (frame.bottom, low)]
    labels = [f'<text x="{x + 14}" y="{place:.1f}">{value:.3g}</text>' for place, value in words]
    return "".join([*bars, *labels])
