"""Problems over time, a lane for each chamber: when which of them was how bad."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from waferwatch.indicators.problems.problem import FabProblem, ProblemSeverity
from waferwatch.scoring.result import Detection
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import until
from waferwatch.web.pages.problems.scope import Scope, moment_of

COLUMNS = 24
MOST_LANES = 12
MOST_PLACES = 10
NO_DATA, NORMAL, UNJUDGED = "none", "normal", "unjudged"
_ORDER = (ProblemSeverity.WEAK, ProblemSeverity.CLEAR, ProblemSeverity.SEVERE)
_SHORT_S = 600  # in less, minutes alone would come twice
_DAY_S = 86400


@dataclass(frozen=True)
class LaneCell:
    """What a lane shows of one stretch of time."""

    kind: str  # severe, clear, weak, normal, unjudged, none
    text: str
    href: str = ""  # to the problems of this stretch


@dataclass(frozen=True)
class Lane:
    """One chamber, or all together."""

    name: str
    href: str
    cells: list[LaneCell]


@dataclass(frozen=True)
class LanePlace:
    """Neighbouring cells of one lane that hold problems, in words."""

    kind: str  # severe, clear, weak
    chamber: str
    when: str
    found: str
    href: str


@dataclass(frozen=True)
class Lanes:
    """All of them, with the labels above every fourth column."""

    labels: list[str]
    lanes: list[Lane]
    worst: list[LanePlace]  # the same as a list, worst first: on a phone it stands in place of the grid
    left_out: int = 0  # chambers without a problem that are not shown

    @property
    def unjudged(self) -> bool:
        """Whether a cell holds wafers of which none was judged."""
        return any(cell.kind == UNJUDGED for lane in self.lanes for cell in lane.cells)


@dataclass
class _Stretch:
    """What lies in one cell."""

    passes: int = 0
    wafers: int = 0
    abnormal: int = 0
    judged: int = 0
    worst: int = -1  # position in _ORDER
    events: int = 0


@dataclass(frozen=True)
class _Pass:
    """A wafer or an event of one chamber."""

    chamber: str
    start: float
    end: float
    wafer: bool
    judged: bool = True
    abnormal: bool = False
    worst: int = -1


@dataclass(frozen=True)
class _Axis:
    """The time axis, cut into columns of the same width."""

    low: float
    high: float
    dated: bool
    texts: list[str] = field(default_factory=list)

    @property
    def edges(self) -> list[float]:
        return [float(edge) for edge in np.linspace(self.low, self.high, COLUMNS + 1)]

    def columns(self, start: float, end: float) -> range:
        width = (self.high - self.low) / COLUMNS or 1.0
        first, last = (min(COLUMNS - 1, max(0, math.floor((at - self.low) / width))) for at in (start, end))
        return range(first, last + 1)

    def text(self, at: float, *, short: bool = False) -> str:
        if not self.dated:
            return f"{at:.6g}"
        stamp = str(np.datetime64(round(at), "s")).replace("T", " ")
        if not short:
            return stamp
        if self.high - self.low > 2 * _DAY_S:
            return stamp[5:10]
        return stamp[11:16] if self.high - self.low > _SHORT_S else stamp[11:19]

    def span(self, start: float, end: float) -> str:
        """From one place to another; the day once where both are on it."""
        return f"{self.text(start)} – {until(self.text(start), self.text(end))}"


def make_lanes(found: Detection, problems: Sequence[FabProblem], scope: Scope, translate: Translator) -> Lanes | None:
    """Lanes over the whole time of a scope; None where nothing has a time."""
    passes = _passes(found, problems, scope)
    axis = _axis(passes, found)
    if axis is None:
        return None
    chambers = list(dict.fromkeys([one.equipment or "" for one in problems]))
    others = sorted({one.chamber for one in passes} - set(chambers))
    named = [*chambers, *others]
    shown = named[:MOST_LANES] if len(named) > 1 else []
    lanes = [_lane("", passes, axis, scope, translate)]
    lanes += [_lane(name, [one for one in passes if one.chamber == name], axis, scope, translate) for name in shown]
    labels = [axis.text(edge, short=True) for edge in axis.edges[:-1:4]]
    worst = _worst_places(named, passes, axis, scope, translate)
    return Lanes(labels, lanes, worst, len(named) - len(shown) if shown else 0)


def _passes(found: Detection, problems: Sequence[FabProblem], scope: Scope) -> list[_Pass]:
    passes = [*_of_wafers(found, problems, scope), *_of_events(found, problems)]
    return [one for one in passes if not math.isnan(one.start + one.end)]


def _of_wafers(found: Detection, problems: Sequence[FabProblem], scope: Scope) -> list[_Pass]:
    worst: dict[int, int] = {}
    for one in problems:
        for number in one.runs:
            worst[number] = max(_ORDER.index(one.severity), worst.get(number, -1))
    return [
        _Pass(
            run.equipment or "",
            moment_of(run.start),
            moment_of(run.end),
            run.wafer is not None,
            not math.isnan(run.score),
            run.abnormal,
            worst.get(number, -1),
        )
        for number, run in enumerate(found.runs)
        if scope.holds_run(run)
    ]


def _of_events(found: Detection, problems: Sequence[FabProblem]) -> list[_Pass]:
    """Events of problems that have no wafers."""
    worst = {event: _ORDER.index(one.severity) for one in problems if not one.runs for event in one.events}
    return [
        _Pass(event.equipment or "", moment_of(event.start), moment_of(event.end), False, worst=worst[event.id])
        for event in found.events
        if event.id in worst
    ]


def _axis(passes: Sequence[_Pass], found: Detection) -> _Axis | None:
    if not passes:
        return None
    low, high = min(one.start for one in passes), max(one.end for one in passes)
    dated = any(isinstance(run.start, str) for run in found.runs)
    return _Axis(low, high, dated) if high > low else None


def _lane(name: str, passes: Sequence[_Pass], axis: _Axis, scope: Scope, translate: Translator) -> Lane:
    chamber = name or scope.chamber
    drawn = [_cell(cell, at, axis, scope, chamber, translate) for at, cell in enumerate(_stretches(passes, axis))]
    return Lane(name or translate("all"), scope.address(chamber=chamber, start="", end=""), drawn)


def _stretches(passes: Sequence[_Pass], axis: _Axis) -> list[_Stretch]:
    cells = [_Stretch() for _ in range(COLUMNS)]
    for one in passes:
        for at in axis.columns(one.start, one.end):
            cell = cells[at]
            cell.passes += 1
            cell.wafers += one.wafer
            cell.abnormal += one.wafer and one.abnormal
            cell.judged += one.judged
            cell.worst = max(cell.worst, one.worst)
            cell.events += not one.wafer and one.worst >= 0
    return cells


def _worst_places(
    chambers: Sequence[str], passes: Sequence[_Pass], axis: _Axis, scope: Scope, translate: Translator
) -> list[LanePlace]:
    found = []
    for chamber in chambers:
        mine = [one for one in passes if one.chamber == chamber and one.worst >= 0]
        cells = _stretches(mine, axis)
        for first, last in _neighbours([cell.worst >= 0 for cell in cells]):
            found.append(_place(mine, chamber, first, last, axis, scope, translate))
    found.sort(key=lambda each: each[0], reverse=True)
    return [place for _, place in found[:MOST_PLACES]]


def _place(
    passes: Sequence[_Pass], chamber: str, first: int, last: int, axis: _Axis, scope: Scope, translate: Translator
) -> tuple[tuple[int, int], LanePlace]:
    """What lies in these columns, with how bad it is: severity, then wafers or events."""
    low, high = axis.edges[first], axis.edges[last + 1]
    inside = [one for one in passes if set(axis.columns(one.start, one.end)) & set(range(first, last + 1))]
    worst, wafers = max(one.worst for one in inside), sum(one.wafer for one in inside)
    template = translate("abnormal wafers: {count}") if wafers else translate("events: {count}")
    kind, count = _ORDER[worst].value, wafers or len(inside)
    start, end = min(one.start for one in inside), max(one.end for one in inside)
    when = axis.span(start, end)
    href = scope.address(chamber=chamber, start=axis.text(low), end=axis.text(high))
    return (worst, count), LanePlace(kind, chamber, when, template.format(count=count), href)


def _neighbours(marked: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last position of each run of marked ones."""
    found: list[tuple[int, int]] = []
    for at, one in enumerate(marked):
        if one and found and found[-1][1] == at - 1:
            found[-1] = (found[-1][0], at)
        elif one:
            found.append((at, at))
    return found


def _cell(cell: _Stretch, at: int, axis: _Axis, scope: Scope, chamber: str, translate: Translator) -> LaneCell:
    start, end = axis.edges[at], axis.edges[at + 1]
    times = axis.span(start, end)
    if cell.worst < 0:
        if not cell.passes:
            return LaneCell(NO_DATA, f"{times}, {translate('no data')}")
        return LaneCell(NORMAL, times) if cell.judged else LaneCell(UNJUDGED, f"{times}, {translate('not judged')}")
    found = (
        translate("wafers abnormal: {abnormal} of {wafers}").format(abnormal=cell.abnormal, wafers=cell.wafers)
        if cell.wafers
        else translate("events: {count}").format(count=cell.events)
    )
    kind = _ORDER[cell.worst].value
    href = scope.address(chamber=chamber, start=axis.text(start), end=axis.text(end))
    return LaneCell(kind, f"{times}, {_word(kind, translate)}, {found}", href)


def _word(kind: str, translate: Translator) -> str:
    return {"severe": translate("severe"), "clear": translate("clear"), "weak": translate("weak")}[kind]
