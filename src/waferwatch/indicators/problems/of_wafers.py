"""Problems of a table with runs: abnormal wafers and events of rows with one fingerprint become one problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Event
from waferwatch.indicators.cells import StageName
from waferwatch.indicators.judge import ExplainedWafers
from waferwatch.indicators.judging.facets import HARD_SIGNS, ROWS, Facet
from waferwatch.indicators.problems.alone import SisterCells, chamber_alone, compared_column
from waferwatch.indicators.problems.measures import (
    most_in_a_row,
    severity_of_wafers,
    usual_change,
    wafers_title,
)
from waferwatch.indicators.problems.onset import Left, departures
from waferwatch.indicators.problems.problem import DAYS, Alone, FabProblem, ProblemSensor
from waferwatch.indicators.problems.severity import order
from waferwatch.indicators.verdicts import DOWN, OTHER, UP
from waferwatch.read.table import Role
from waferwatch.series.clock import clock_numbers

Ints = NDArray[np.int64]
_Key = tuple[str, str, str]  # step, sensor and sign

_SHARED = 0.25  # of the leading deviation: another one as large also says that wafers have the same problem
_DAY = 86_400_000_000_000  # nanoseconds
_SECOND = 0.8  # of the leading sensor's weight: a second one is named as well


@dataclass(frozen=True)
class _Occurrence:
    """One abnormal wafer, or events of rows in a normal one."""

    run: int
    facets: list[Facet]
    ratio: float
    score: float
    abnormal: bool

    @cached_property
    def weights(self) -> dict[_Key, float]:
        """How far off it is in each way, the leading one first."""
        return {(facet.step, facet.sensor, facet.sign): facet.weight for facet in self.facets}


@dataclass
class _Open:
    """A problem while it is gathered."""

    members: list[_Occurrence] = field(default_factory=list)
    weights: dict[_Key, float] = field(default_factory=dict)
    measured: set[_Key] = field(default_factory=set)  # those that an indicator shows
    lead: _Key = ("", "", OTHER)  # what is off most; by rows only where no indicator is

    def add(self, one: _Occurrence) -> None:
        self.members.append(one)
        for facet in one.facets:
            key = facet.step, facet.sensor, facet.sign
            self.weights[key] = self.weights.get(key, 0.0) + min(facet.weight, 100.0)
            if not facet.by_rows:
                self.measured.add(key)
        self.lead = max(self.weights, key=lambda key: (key in self.measured, self.weights[key]))

    def fits(self, one: _Occurrence) -> bool:
        """Whether what leads one of both is among what the other shows."""
        first = one.facets[0]
        known = (first.step, first.sensor, first.sign)
        strong = one.weights.get(self.lead, 0.0) >= _SHARED * first.weight
        return strong or self.weights.get(known, 0.0) >= _SHARED * self.weights[self.lead] or self._without_sign(first)

    def _without_sign(self, first: Facet) -> bool:
        """Whether rows alone show the same sensor in the same step, here or there: rows have no direction."""
        step, sensor, sign = self.lead
        hard = sign in HARD_SIGNS or first.sign in HARD_SIGNS
        return not hard and (first.by_rows or not self.measured) and (step, sensor) == (first.step, first.sensor)


@dataclass(frozen=True)
class UnrankedProblem:
    """A problem before it is compared with the sisters of its equipment and ranked."""

    problem: FabProblem  # runs as positions among all runs of the table
    stage: StageName
    began: Any  # the time of the first row of the cell that shows it best; its number where there is no time
    column: int  # of the deviations, that shows it


def problems_of_wafers(
    judged: ExplainedWafers, events: Sequence[Event], event_ids: Ints, numbers: Ints
) -> list[UnrankedProblem]:
    """Problems in the order in which they begin.

    Args:
        judged: all wafers of some equipment.
        events: of the rows.
        event_ids: (rows,) in table order, 0 = none.
        numbers: (runs,) positions of the judged runs among all of the table.
    """
    of_run = _events_of_runs(judged, event_ids)
    gathered = _gathered(judged, _occurrences(judged, events, of_run))
    return [_problem(judged, one, of_run, numbers) for one in gathered]


def ranked(found: Sequence[UnrankedProblem], sisters: Sequence[SisterCells]) -> list[FabProblem]:
    """Problems of a table, worst first, and of each whether its chamber alone has it.

    Args:
        sisters: the cells of all equipment.
    """
    problems = []
    for one in sorted(found, key=lambda one: one.problem.runs[0]):
        alone, also = chamber_alone(one.stage, one.began, one.problem.direction, one.column, sisters)
        problems.append(replace(one.problem, alone=alone, also_on=also))
    problems.sort(key=lambda one: order(one.severity, one.ongoing, one.ratio, one.count))
    return [replace(one, number=number) for number, one in enumerate(problems, start=1)]


def _gathered(judged: ExplainedWafers, occurrences: Sequence[_Occurrence]) -> list[_Open]:
    """Occurrences of one equipment that fit each other within some days, in the order in which problems begin."""
    opened: list[_Open] = []
    by_equipment: dict[str | None, list[_Open]] = {}
    clock = _clock(judged)
    for one in occurrences:
        mine = by_equipment.setdefault(judged.runs[one.run].equipment, [])
        near = [each for each in mine if clock[one.run] - clock[each.members[-1].run] <= DAYS * _DAY]
        latest = sorted(near, key=lambda each: -each.members[-1].run)
        fitting = next((each for each in latest if each.fits(one)), None)
        if fitting is not None:
            fitting.add(one)
        else:
            begun = _Open()
            begun.add(one)
            mine.append(begun)
            opened.append(begun)
    return opened


def _events_of_runs(judged: ExplainedWafers, event_ids: Ints) -> dict[int, list[int]]:
    """Run -> ids of the events of its rows; an equipment's first run, whose start is unknown, does not count."""
    cells = judged.cells
    first = np.isin(judged.run_of_row, cells.run[cells.of_unknown_start])
    rows = np.flatnonzero((event_ids > 0) & (judged.run_of_row >= 0) & ~first)
    pairs = np.unique(np.stack([judged.run_of_row[rows], event_ids[rows]], axis=1), axis=0)
    found: dict[int, list[int]] = {}
    for run, event in pairs.tolist():
        found.setdefault(run, []).append(event)
    return found


def _occurrences(judged: ExplainedWafers, events: Sequence[Event], of_run: dict[int, list[int]]) -> list[_Occurrence]:
    """In order of time: each abnormal wafer, and each event none of whose wafers is abnormal.

    Of wafers of a row or a few an event adds nothing: it rests on the rows of their neighbours, and each was judged.
    """
    by_id = {event.id: event for event in events}
    explained = {event for run, mine in of_run.items() if judged.runs[run].abnormal for event in mine}
    found = []
    for number, run in enumerate(judged.runs):
        if run.abnormal and judged.facets[number]:
            ratio = max(run.ratio, 1.0) if np.isfinite(run.ratio) else 1.0
            found.append(_Occurrence(number, judged.facets[number], ratio, run.score, True))
        elif not run.abnormal and judged.cells.runs.have_a_course:
            for event in of_run.get(number, []):
                if event not in explained:
                    found.append(_of_event(judged, number, by_id[event]))
    return sorted(found, key=lambda one: judged.cells.runs.starts[one.run])


def _of_event(judged: ExplainedWafers, run: int, event: Event) -> _Occurrence:
    cell = int(judged.cell_of_row[event.peak_row])
    cell = cell if cell >= 0 and judged.cells.run[cell] == run else int(np.searchsorted(judged.cells.run, run))
    step = judged.cells.names[judged.cells.stage[cell]].step
    sensor = event.sensors[0].sensor if event.sensors else judged.model.sensors[0]
    ratio = event.peak_score / judged.rows.threshold if judged.rows.threshold > 0 else 1.0
    return _Occurrence(run, [Facet(step, sensor, OTHER, ROWS, 1.0, cell)], ratio, event.peak_score, False)


def _problem(judged: ExplainedWafers, one: _Open, of_run: dict[int, list[int]], numbers: Ints) -> UnrankedProblem:
    runs = sorted({each.run for each in one.members})
    left = departures(judged, runs[0])
    lead = _first_to_leave(one, left)
    step, sensor, sign = lead
    facet = _facet(one, lead)
    equipment = judged.runs[runs[0]].equipment
    recipe = _most(judged.runs[run].recipe for run in runs)
    names = _leading(one, lead)
    steps = sorted(one.weights, key=lambda key: -one.weights[key])
    events = tuple(sorted({event for run in runs for event in of_run.get(run, [])}))
    found = FabProblem(
        number=0,
        fingerprint=" | ".join((equipment or "", recipe or "", step, ", ".join(names), sign)),
        equipment=equipment,
        recipe=recipe,
        step=step or None,
        sensor=sensor,
        direction=facet.direction,
        statistic=facet.statistic,
        first_seen=judged.runs[runs[0]].start or 0,
        last_seen=judged.runs[runs[-1]].end or 0,
        onset=_onset(judged, left.get(sensor), one.members[0], facet),
        change=usual_change(judged.runs, runs, sensor),
        alone=Alone.UNKNOWN,
        also_on=(),
        recipes=tuple(dict.fromkeys(name for run in runs if (name := judged.runs[run].recipe))),
        steps=tuple(dict.fromkeys(key[0] for key in steps)),
        wafers=tuple("/".join(filter(None, (judged.runs[run].lot, judged.runs[run].wafer))) for run in runs),
        events=events,
        runs=tuple(numbers[runs].tolist()),
        sensors=_sensors(judged, one, left),
        **_weighed(judged, one, runs, len(events)),
    )
    return UnrankedProblem(
        replace(found, title=wafers_title(found, judged.runs, runs)),
        judged.cells.names[judged.cells.stage[facet.cell]],
        judged.began[facet.cell],
        compared_column(judged.deviations.columns, facet),
    )


def _weighed(judged: ExplainedWafers, one: _Open, runs: Sequence[int], events: int) -> dict[str, Any]:
    """How far, how often and how bad."""
    peak = max(one.members, key=lambda each: each.ratio)
    own = judged.of_equipment[judged.runs[runs[0]].equipment]
    in_a_row = most_in_a_row(runs, own)
    kind, why = severity_of_wafers(judged.runs, runs, peak.ratio, in_a_row, events)
    return {
        "severity": kind,
        "why": why,
        "ongoing": bool(runs[-1] == own[-1]),
        "count": len(runs),
        "of": int(((own >= runs[0]) & (own <= runs[-1])).sum()),
        "in_a_row": in_a_row,
        "peak_score": peak.score,
        "limit": judged.model.threshold if peak.abnormal else judged.rows.threshold,
        "ratio": peak.ratio,
    }


def _facet(one: _Open, key: _Key) -> Facet:
    """The strongest facet of this kind."""
    mine = [facet for each in one.members for facet in each.facets if (facet.step, facet.sensor, facet.sign) == key]
    return max(mine, key=lambda facet: facet.weight)


def _first_to_leave(one: _Open, left: dict[str, Left]) -> _Key:
    """What is off most; where others of its step are nearly as far off, the one whose sensor left its band first.

    A cause comes before what follows from it: a leak of cooling gas before the wafer is warm.
    """
    step, best = one.lead[0], one.weights[one.lead]
    near = [key for key, weight in one.weights.items() if key[0] == step and weight >= _SECOND * best]
    timed = [key for key in near if key[1] in left and (key in one.measured) == (one.lead in one.measured)]
    return min(timed, key=lambda key: left[key[1]].place) if one.lead in timed else one.lead


def _leading(one: _Open, lead: _Key) -> list[str]:
    """The leading sensor, and a second one that is nearly as far off in the same step."""
    step, sensor, _ = lead
    best = one.weights[lead]
    others: dict[str, float] = {}
    for (at, name, _), weight in one.weights.items():
        if at == step and name != sensor:
            others[name] = max(others.get(name, 0.0), weight)
    second = max(others, key=lambda name: others[name], default=None)
    return [sensor] if second is None or others[second] <= _SECOND * best else [sensor, second]


def _sensors(judged: ExplainedWafers, one: _Open, left: dict[str, Left]) -> tuple[ProblemSensor, ...]:
    """Sensors in the order in which they left their bands, those that did not by their weight behind them."""
    weight: dict[str, float] = {}
    direction: dict[str, str] = {}
    for (_, sensor, side), value in sorted(one.weights.items(), key=lambda item: item[1]):
        weight[sensor] = max(weight.get(sensor, 0.0), value)
        direction[sensor] = side if side in (UP, DOWN) else OTHER
    whole = sum(weight.values()) or 1.0
    ranked = sorted(weight, key=lambda name: (left[name].place if name in left else inf, -weight[name]))
    return tuple(
        ProblemSensor(
            name, weight[name] / whole, direction[name], time_of(judged, left[name].row) if name in left else None
        )
        for name in ranked
    )


def _onset(judged: ExplainedWafers, left: Left | None, first: _Occurrence, facet: Facet) -> str | float:
    """Where the leading sensor left its band; else where the step of the first wafer begins."""
    if left is not None:
        return time_of(judged, left.row)
    mine = [one.cell for one in first.facets if (one.step, one.sensor) == (facet.step, facet.sensor)]
    cell = mine[0] if mine else first.facets[0].cell
    return time_of(judged, int(judged.cells.rows[judged.cells.starts[cell]]))


def time_of(judged: ExplainedWafers, row: int) -> str | float:
    """The time of a row as events have it."""
    column = judged.table.column(Role.TIME)
    if column is None:
        return row + judged.table.first_row
    time: Any = judged.table.frame[column].to_numpy()[row]
    if not isinstance(time, np.datetime64):
        return float(time)
    return str(time.astype("datetime64[s]" if time == time.astype("datetime64[s]") else "datetime64[ms]"))


def _clock(judged: ExplainedWafers) -> list[int]:
    """(runs,) when each began, in nanoseconds; 0 where the table has no time of day."""
    column = judged.table.column(Role.TIME)
    time: NDArray[Any] = np.empty(0) if column is None else judged.table.frame[column].to_numpy()
    if time.dtype.kind != "M":
        return [0] * len(judged.runs)
    found: list[int] = clock_numbers(time[judged.cells.runs.rows[judged.cells.runs.starts]]).tolist()
    return found


def _most(names: Any) -> str | None:
    known = [name for name in names if name]
    return max(dict.fromkeys(known), key=known.count) if known else None
