"""Panels below one another as one SVG picture, drawn on the server: no script, colours of the page, ready for print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from waferwatch.export.svg.scales import AxisScale, make_scale
from waferwatch.export.svg.words import cut, escaped, width_px

Floats = NDArray[np.float64]

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 62, 12, 20, 22, 24  # pixels
_LONGEST_TITLE, _LONGEST_STEP = 90, 18
_MOST_POINTS = 1200  # of one line


@dataclass(frozen=True)
class Dot:
    """A point that can be pointed at."""

    x: float
    y: float
    kind: str  # class: off (of this problem), other (abnormal for another reason), now (the one shown)
    text: str


@dataclass(frozen=True)
class DrawnLine:
    """One of many thin lines in a panel."""

    kind: str  # class: usual or affected
    x: Floats
    y: Floats


@dataclass(frozen=True)
class DrawnPanel:
    """One panel: a line or points, and what is normal there."""

    title: str
    x: Floats
    y: Floats
    points: bool = False  # points instead of a line
    band: tuple[Floats, Floats] | None = None  # lowest and highest normal value at each x
    before: tuple[Floats, Floats] | None = None  # another line, to compare with
    limits: Sequence[float] = ()
    dots: Sequence[Dot] = ()
    shade: tuple[float, float] | None = None  # a stretch of x
    lines: Sequence[DrawnLine] = ()


@dataclass(frozen=True)
class Drawing:
    """All panels, on one x axis."""

    label: str  # what they show, for those who cannot see it
    panels: Sequence[DrawnPanel]
    dated: bool = False  # x is seconds since 1970
    unit: str = ""  # of x
    one_scale: bool = False  # whether all panels share one y axis, so that they can be compared
    steps: Sequence[tuple[float, str]] = field(default=())  # where a step begins, and its name


def draw(drawing: Drawing) -> Markup:
    """The picture twice: for a wide page and for a phone. The style sheet shows one of them."""
    return _picture(drawing, "wide", 860, 120) + _picture(drawing, "narrow", 400, 104)


def _picture(drawing: Drawing, kind: str, width: int, height: int) -> Markup:
    count = len(drawing.panels)
    whole = _TOP + count * height + (count - 1) * _GAP + _BOTTOM
    across = _across(drawing, width)
    parts = [
        f'<svg class="drawing {kind}" viewBox="0 0 {width} {whole}" role="img" aria-label="{escaped(drawing.label)}" '
        'xmlns="http://www.w3.org/2000/svg">'
    ]
    ends = [end for panel in drawing.panels for end in _ends(panel)] if drawing.one_scale else []
    for at, panel in enumerate(drawing.panels):
        top = _TOP + at * (height + _GAP)
        parts.append(_panel(panel, across, _down(panel, top, top + height, ends), width))
    parts += [_steps(drawing, across, _TOP, whole - _BOTTOM), _axis(drawing, across, whole), "</svg>"]
    return Markup("".join(parts))


def _across(drawing: Drawing, width: int) -> AxisScale:
    values = [panel.x for panel in drawing.panels if len(panel.x)]
    values += [line.x for panel in drawing.panels for line in panel.lines if len(line.x)]
    low = min((float(np.nanmin(one)) for one in values), default=0.0)
    high = max((float(np.nanmax(one)) for one in values), default=1.0)
    room = (high - low) * 0.015 or 1.0
    return AxisScale(low - room, high + room, _LEFT, width - _RIGHT, "date" if drawing.dated else "linear", {})


def _panel(panel: DrawnPanel, across: AxisScale, down: AxisScale, width: int) -> str:
    top, bottom = down.end, down.start
    drawn = [f'<text class="d-title" x="{_LEFT}" y="{top - 6:.0f}">{escaped(cut(panel.title, _LONGEST_TITLE))}</text>']
    for place, label in down.ticks(4):
        drawn.append(f'<path class="d-grid" d="M{_LEFT} {place:.1f}H{width - _RIGHT}"/>')
        drawn.append(f'<text class="d-label" text-anchor="end" x="{_LEFT - 6}" y="{place + 4:.1f}">{label}</text>')
    if panel.shade is not None:
        first, last = _pixels(across, np.array(panel.shade))
        box = f'x="{first:.1f}" y="{top}" width="{max(last - first, 2):.1f}" height="{bottom - top:.0f}"'
        drawn.append(f'<rect class="d-shade" {box}/>')
    if panel.band is not None:
        drawn.append(_band(panel, across, down))
    for limit in panel.limits:
        y = _pixels(down, np.array([limit]))[0]
        drawn.append(f'<path class="d-limit" d="M{_LEFT} {y:.1f}H{width - _RIGHT}"/>')
    if panel.before is not None:
        drawn.append(_line("d-before", _pixels(across, panel.before[0]), _pixels(down, panel.before[1])))
    for line in panel.lines:
        drawn.append(_line(f"d-{line.kind}", _pixels(across, line.x), _pixels(down, line.y)))
    drawn.append(_values(panel, across, down))
    return "".join([*drawn, *(_dot(one, across, down) for one in panel.dots)])


def _ends(panel: DrawnPanel) -> list[Floats]:
    parts = [panel.y, np.array(list(panel.limits), np.float64), *(line.y for line in panel.lines)]
    parts += [] if panel.band is None else list(panel.band)
    return parts if panel.before is None else [*parts, panel.before[1]]


def _down(panel: DrawnPanel, top: float, bottom: float, others: Sequence[Floats]) -> AxisScale:
    return make_scale({"type": "linear"}, [*_ends(panel), *others], bottom, top)


def _pixels(scale: AxisScale, values: Floats) -> Floats:
    part = (values - scale.low) / ((scale.high - scale.low) or 1.0)
    found: Floats = scale.start + part * (scale.end - scale.start)
    return found


def _values(panel: DrawnPanel, across: AxisScale, down: AxisScale) -> str:
    x, y = _pixels(across, panel.x), _pixels(down, panel.y)
    if not panel.points:
        return _line("d-line", x, y)
    path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True) if np.isfinite(a + b))
    return f'<path class="d-point" d="{path}"/>'


def _line(kind: str, x: Floats, y: Floats) -> str:
    steps, pen_down = [], False
    for at in _kept(y):
        if not np.isfinite(x[at] + y[at]):
            pen_down = False
            continue
        steps.append(f"{'L' if pen_down else 'M'}{x[at]:.1f} {y[at]:.1f}")
        pen_down = True
    return f'<path class="{kind}" d="{"".join(steps)}"/>'


def _kept(y: Floats) -> list[int]:
    """Lowest and highest of each stretch, so that no extreme is lost."""
    if len(y) <= _MOST_POINTS:
        return list(range(len(y)))
    kept: set[int] = {0, len(y) - 1}
    for part in np.array_split(np.arange(len(y)), _MOST_POINTS // 2):
        values = np.nan_to_num(y[part])
        kept |= {int(part[int(np.argmin(values))]), int(part[int(np.argmax(values))])}
    return sorted(kept)


def _band(panel: DrawnPanel, across: AxisScale, down: AxisScale) -> str:
    """A closed shape for each stretch in which the band is known."""
    low, high = panel.band or (np.empty(0), np.empty(0))
    x, lows, highs = _pixels(across, panel.x), _pixels(down, low), _pixels(down, high)
    known = np.isfinite(lows + highs + x)
    borders = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    shapes = []
    for start, stop in zip(borders[::2].tolist(), borders[1::2].tolist(), strict=True):
        there = [f"{x[at]:.1f} {highs[at]:.1f}" for at in range(start, stop)]
        back = [f"{x[at]:.1f} {lows[at]:.1f}" for at in range(stop - 1, start - 1, -1)]
        shapes.append("M" + "L".join([*there, *back]) + "Z")
    return f'<path class="d-band" d="{"".join(shapes)}"/>'


def _dot(dot: Dot, across: AxisScale, down: AxisScale) -> str:
    x, y = float(_pixels(across, np.array([dot.x]))[0]), float(_pixels(down, np.array([dot.y]))[0])
    if not np.isfinite(x + y):
        return ""
    return f'<circle class="d-{dot.kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escaped(dot.text)}</title></circle>'


def _steps(drawing: Drawing, across: AxisScale, top: float, bottom: float) -> str:
    drawn = []
    starts = [float(one) for one in _pixels(across, np.array([at for at, _ in drawing.steps]))]
    for x, after, (_, name) in zip(starts, [*starts[1:], across.end], drawing.steps, strict=False):
        drawn.append(f'<path class="d-step" d="M{x:.1f} {top}V{bottom}"/>')
        if width_px(cut(name, _LONGEST_STEP)) + 6 > after - x:
            continue  # it would run into the next one
        drawn.append(
            f'<text class="d-label" x="{x + 3:.1f}" y="{bottom - 4:.0f}">{escaped(cut(name, _LONGEST_STEP))}</text>'
        )
    return "".join(drawn)


def _axis(drawing: Drawing, across: AxisScale, whole: float) -> str:
    labels = []
    for place, label in across.ticks(max(2, int((across.end - across.start) / 95))):
        if _LEFT <= place <= across.end:
            at = f'x="{place:.1f}" y="{whole - 6}"'
            labels.append(f'<text class="d-label" text-anchor="middle" {at}>{escaped(label + drawing.unit)}</text>')
    return "".join(labels)
