"""Indicators wafer by wafer: a panel for each chamber, all on one x axis, with limits, marks and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.rules import RULES
from waferwatch.indicators.trends.trend import Trend
from waferwatch.indicators.verdicts import RunScore
from waferwatch.web.figures.lines import pick
from waferwatch.web.figures.style import Figure, layout, safe, short
from waferwatch.web.figures.wafers.chambers import ABNORMAL, BAND, INK, SOFT, WASH, ChamberStyle
from waferwatch.web.html.indicator_texts import rule_titles
from waferwatch.web.html.language import Translator

MOST_POINTS = 4000  # of a panel; what is abnormal is always drawn
MOST_PANELS = 24
_PANEL_PX, _ALONE_PX, _LEAST_PX = 150, 300, 90
_GAP = 0.22  # of a panel, between panels
_PAUSE = 8.0  # usual times from wafer to wafer, after which the line is broken
_MOST_GAPS = 0.2  # of the points: more of them are how the chamber runs
_MOST_MARKED = 8  # panels in which each wafer has a mark: those of 24 panels take most of the time of drawing
_OF_TOOLS = ("pm", "change")  # marks that are drawn as what was done to the tool
_LISTS = ("x", "y", "customdata", "text")
_PAD = 0.08  # of the values' range, above and below


@dataclass(frozen=True)
class TrendView:
    """What is drawn besides the values."""

    rules: Sequence[str] = ()  # names of ``RULES`` that are switched on
    lower: float | None = None  # typed limits
    upper: float | None = None
    start: Any = None  # of the x axis
    end: Any = None
    marks: Sequence[Mapping[str, Any]] = ()  # of the data set
    styles: Mapping[str, ChamberStyle] = field(default_factory=dict)


def trend_figure(trends: Sequence[Trend], runs: Sequence[RunScore], view: TrendView, translate: Translator) -> Figure:
    """A panel for each trend, from top to bottom.

    ``customdata`` of each point is the number of its wafer, from 1.

    Args:
        runs: every wafer of the detection.
    """
    data: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for number, one in enumerate(trends):
        panel = _Panel(one, runs, view, number, translate, marked=len(trends) <= _MOST_MARKED)
        data += panel.traces()
        shapes += [*panel.limits(), *panel.marks()]
        notes += panel.notes()
        axes[f"yaxis{panel.suffix}"] = panel.axis(_domain(number, len(trends)))
    height = _ALONE_PX if len(trends) == 1 else max(_LEAST_PX, _PANEL_PX - 3 * len(trends)) * len(trends)
    x = {"anchor": f"y{len(trends) if len(trends) > 1 else ''}", "zeroline": False, "automargin": False, "tickangle": 0}
    if view.start is not None and view.end is not None:
        x["range"] = [view.start, view.end]
    own = layout(height=height + 70, margin={"l": 62, "r": 16, "t": 26, "b": 44}, xaxis=x, shapes=shapes)
    return {"data": data, "layout": own | axes | {"annotations": notes}}


def wafer_name(run: RunScore, number: int) -> str:
    """Lot and wafer, else the number of the wafer."""
    return " / ".join(filter(None, (run.lot, run.wafer))) or str(number)


def _broken(points: dict[str, Any]) -> dict[str, Any]:
    """The same with a gap, a point of nulls, where nothing ran for long: no line is drawn across it."""
    place = _numbers(points["x"])
    steps = np.diff(place)
    if len(steps) < 2:
        return points
    gaps = np.flatnonzero(steps > _PAUSE * float(np.median(steps))) + 1
    if len(gaps) > len(steps) * _MOST_GAPS:
        return points
    return points | {name: _with_gaps(points[name], gaps.tolist()) for name in _LISTS}


def _with_gaps(values: Sequence[Any], gaps: Sequence[int]) -> list[Any]:
    found, start = [], 0
    for gap in gaps:
        found += [*values[start:gap], None]
        start = gap
    return [*found, *values[start:]]


def _single(places: Sequence[Any]) -> list[int]:
    """Points that no line reaches, since the line is broken on both sides."""
    around = [None, *places, None]
    return [at for at, one in enumerate(places) if one is not None and around[at] is None and around[at + 2] is None]


def _picked(points: dict[str, Any], chosen: Sequence[int]) -> dict[str, Any]:
    return {name: [points[name][at] for at in chosen] for name in _LISTS}


def _numbers(places: Sequence[Any]) -> NDArray[np.float64]:
    """Places on the x axis as numbers that differ as they do."""
    if places and isinstance(places[0], str):
        return np.array(places, "datetime64[ms]").astype(np.float64)
    return np.array(places, np.float64)


def _domain(number: int, count: int) -> list[float]:
    height = 1 / (count + _GAP * (count - 1))
    top = 1 - number * height * (1 + _GAP)
    return [max(0.0, round(top - height, 5)), round(top, 5)]


@dataclass(frozen=True)
class _Panel:
    trend: Trend
    runs: Sequence[RunScore]
    view: TrendView
    number: int
    translate: Translator
    marked: bool  # whether each wafer has a mark

    @property
    def suffix(self) -> str:
        return "" if self.number == 0 else str(self.number + 1)

    @property
    def color(self) -> str:
        return self._style.color

    @property
    def _style(self) -> ChamberStyle:
        return self.view.styles.get(self.trend.equipment, ChamberStyle(0))

    @property
    def off(self) -> NDArray[np.bool_]:
        """(n,) beyond a learnt or a typed limit."""
        return np.asarray((self.trend.beyond != 0) | self.trend.outside(self.view.lower, self.view.upper))

    def traces(self) -> list[dict[str, Any]]:
        """The line of a chamber, rings where rules fire, triangles beyond limits: neither is thinned out."""
        fired = self._fired()
        some = np.array([bool(one) for one in fired], np.bool_)
        chosen = np.unique(np.concatenate([pick(self.trend.values, MOST_POINTS), np.flatnonzero(self.off | some)]))
        chosen = chosen[np.isfinite(self.trend.values[chosen])]
        line = {"color": self.color, "width": 1, "dash": self._style.dash}
        dot = {"color": self.color, "size": 4.5}
        calm = {"mode": "lines+markers" if self.marked else "lines", "line": line, "marker": dot}
        points = _broken(self._points(chosen, fired))
        found = [{**points, **calm, "name": safe(self.trend.equipment)}]
        single = [] if self.marked else _single(points["x"])
        if single:
            found.append({**self._points(chosen, fired), **_picked(points, single), "mode": "markers", "marker": dot})
        if some.any():
            ring = {"color": ABNORMAL, "size": 10, "symbol": "circle-open", "line": {"width": 1.5}}
            found.append({**self._points(np.flatnonzero(some), fired), "mode": "markers", "marker": ring})
        for side, symbol in ((1, "triangle-up"), (-1, "triangle-down")):
            mine = np.flatnonzero(self.off & (self._side() == side))
            if len(mine):
                marker = {"color": ABNORMAL, "size": 10, "symbol": symbol}
                found.append({**self._points(mine, fired), "mode": "markers", "marker": marker})
        return found

    def limits(self) -> list[dict[str, Any]]:
        """Lines of learnt and typed limits and of the golden median, and a wash outside the learnt ones."""
        one, (low, high) = self.trend, self._range()
        dash = "dot" if one.provisional else "solid"
        lines = [(one.lower, dash, SOFT), (one.upper, dash, SOFT), (one.usual, "dash", SOFT)]
        lines += [(self.view.lower, "dashdot", INK), (self.view.upper, "dashdot", INK)]
        found = [self._across(value, kind, color) for value, kind, color in lines if value is not None]
        for inner, outer in ((one.lower, low), (one.upper, high)):
            if inner is not None:
                found.append(self._rectangle(inner, outer, WASH))
        return found

    def marks(self) -> list[dict[str, Any]]:
        """What people have marked on the time of this chamber, or of all."""
        mine = [one for one in self.view.marks if one["equipment"] in (None, self.trend.equipment)]
        return [self._mark(one) for one in mine]

    def notes(self) -> list[dict[str, Any]]:
        """Texts on the panel: its chamber, how many wafers are beyond, maintenance."""
        beyond = int(self.off.sum())
        said = [f"<b>{safe(self.trend.equipment)}</b>" if self.trend.equipment else ""]
        said.append(self._beyond(beyond))
        title = {
            "text": " · ".join(filter(None, said)),
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yref": f"y{self.suffix} domain",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 12},
        }
        return [title, *self._pm_notes()]

    def _beyond(self, count: int) -> str:
        if count:
            return self.translate("{count} beyond").format(count=count)
        sides = (self.trend.lower, self.trend.upper, self.view.lower, self.view.upper)
        unlimited = all(one is None for one in sides)
        return self.translate("no limit") if unlimited else self.translate("none beyond")

    def axis(self, domain: list[float]) -> dict[str, Any]:
        own = {"domain": domain, "range": list(self._range()), "zeroline": False, "anchor": "x", "nticks": 5}
        return own | {"automargin": False}  # measuring every label at each zoom takes longer than drawing

    def _pm_notes(self) -> list[dict[str, Any]]:
        found = []
        for one in self.view.marks:
            if one["kind"] in _OF_TOOLS and one["equipment"] in (None, self.trend.equipment):
                place = {"x": one["start"], "xref": "x", "y": 1, "yref": f"y{self.suffix} domain", "yanchor": "top"}
                text = "PM" if one["kind"] == "pm" else self.translate("change")
                found.append({"text": text, "showarrow": False, "xanchor": "left", "font": {"size": 11}, **place})
        return found

    def _points(self, at: NDArray[np.int64], fired: Sequence[Sequence[str]]) -> dict[str, Any]:
        numbers = self.trend.runs[at]
        names = [wafer_name(self.runs[number], number + 1) for number in numbers.tolist()]
        why = ["".join(f"<br>{safe(rule)}" for rule in fired[one]) for one in at.tolist()]
        return {
            "type": "scatter",
            "x": [self.runs[number].start for number in numbers.tolist()],
            "y": short(self.trend.values[at]),
            "customdata": (numbers + 1).tolist(),
            "text": [f"<b>{safe(name)}</b>{rules}" for name, rules in zip(names, why, strict=True)],
            "hovertemplate": "%{text}<br>%{x}<br>%{y:.5g}<extra></extra>",
            "yaxis": f"y{self.suffix}",
            "xaxis": "x",
        }

    def _fired(self) -> list[list[str]]:
        """(n,) the rules, in words, that fire at each point."""
        found: list[list[str]] = [[] for _ in self.trend.runs]
        titles = rule_titles(self.translate)
        for name in self.view.rules:
            for at in np.flatnonzero(self.trend.fired(RULES[name])).tolist():
                found[at].append(titles[name])
        return found

    def _side(self) -> NDArray[np.int64]:
        """(n,) 1 above, -1 below: the typed limits decide where no learnt one does."""
        with np.errstate(invalid="ignore"):
            above = self.trend.values > (np.inf if self.view.upper is None else self.view.upper)
        return np.where(self.trend.beyond != 0, self.trend.beyond, np.where(above, 1, -1)).astype(np.int64)

    def _range(self) -> tuple[float, float]:
        known = self.trend.values[np.isfinite(self.trend.values)].tolist()
        sides = (self.trend.lower, self.trend.upper, self.trend.usual, self.view.lower, self.view.upper)
        every = [*known, *(one for one in sides if one is not None)] or [0.0, 1.0]
        low, high = min(every), max(every)
        pad = _PAD * (high - low or abs(high) or 1.0)
        return low - pad, high + pad

    def _across(self, value: float, dash: str, color: str) -> dict[str, Any]:
        line = {"color": color, "width": 1, "dash": dash}
        place = {"x0": 0, "x1": 1, "xref": "paper", "y0": value, "y1": value, "yref": f"y{self.suffix}"}
        return {"type": "line", "layer": "below", "line": line, **place}

    def _rectangle(self, y0: float, y1: float, color: str) -> dict[str, Any]:
        place = {"x0": 0, "x1": 1, "xref": "paper", "y0": y0, "y1": y1, "yref": f"y{self.suffix}"}
        return {"type": "rect", "layer": "below", "fillcolor": color, "line": {"width": 0}, **place}

    def _mark(self, one: Mapping[str, Any]) -> dict[str, Any]:
        place = {"x0": one["start"], "x1": one["end"], "xref": "x", "y0": 0, "y1": 1, "yref": f"y{self.suffix} domain"}
        if one["kind"] in _OF_TOOLS:
            return {"type": "rect", "layer": "below", "fillcolor": BAND, "line": {"color": INK, "width": 1}, **place}
        dash = "solid" if one["kind"] == "normal" else "dot"
        line = {"color": SOFT, "width": 1, "dash": dash}
        return {"type": "rect", "layer": "below", "fillcolor": BAND, "line": line, **place}
