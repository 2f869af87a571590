"""Judges the wafers of a table by what golden wafers showed, its indicators and the scores of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.context import places
from waferwatch.indicators.cells import StageName, StepCells, cells_of
from waferwatch.indicators.hard_rules import ABSENT, STUCK, Broken, TypedLimit, broken_rules
from waferwatch.indicators.indicators import LENGTH, SHAPE, SPE, T2, IndicatorColumn, Indicators, Values, indicators_of
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.limits import UPPER_ONLY, IndicatorLimits
from waferwatch.indicators.learnt.step_relation import CONTRAST
from waferwatch.indicators.learnt.wafer_model import NO_VERDICT, TREND, Deviations, WaferModel, farthest
from waferwatch.indicators.run_score import TOP_SHARE, run_score
from waferwatch.indicators.statistics import HIGHEST, LOWEST, MEAN
from waferwatch.indicators.verdicts import BY_ROWS, BY_WAFER, DOWN, OTHER, UP, RunScore, sentence_of
from waferwatch.read.cells.values import to_float
from waferwatch.read.table import Role, Table

Floats = NDArray[np.float64]

MOST_SENSORS = 5  # of a verdict
HARD_SIGNS = (STUCK, ABSENT)  # of problems: rules that a sensor breaks in no direction
ROWS = "rows"  # the statistic of a facet that no indicator shows
_OF_MEANS = (TREND, CONTRAST)  # statistics that are made of a step's mean
_SIGNED = (MEAN, *_OF_MEANS, LOWEST, HIGHEST, LENGTH)
_LEAST_CHANGE = 5.0  # spreads between the usual value and zero, so that a change in per cent means something
_NEAR = 0.5  # share of the leading deviation that another one of the same wafer must have, to name it as well
_GAP = 5.0  # usual steps of time that make a gap inside a run


@dataclass(frozen=True)
class RowScores:
    """What a detector says of the rows of a table, in table order."""

    scores: Floats  # (rows,) NaN = not judged
    flags: NDArray[np.bool_]
    contributions: NDArray[np.float32]  # (rows, sensors)
    threshold: float


@dataclass(frozen=True)
class Facet:
    """One way in which a wafer is off; problems differ by it."""

    step: str
    sensor: str
    direction: str
    statistic: str
    weight: float  # how far off, as a multiple of its limit
    cell: int

    @property
    def sign(self) -> str:
        """Its direction, or the rule that a sensor has broken: a stuck sensor is another problem than a high one."""
        return self.statistic if self.statistic in HARD_SIGNS else self.direction

    @property
    def by_rows(self) -> bool:
        """Whether rows alone are off, which have no direction."""
        return self.statistic == ROWS


@dataclass(frozen=True)
class ExplainedWafers(JudgedWafers):
    """The wafers with everything that problems are made of."""

    rows: RowScores
    facets: list[list[Facet]]  # of each run, the leading one first; empty for normal wafers


def sensor_values(table: Table, sensors: Sequence[str]) -> Values:
    """The values of sensors at rows of a table."""
    columns = [to_float(table.frame[name]) for name in sensors]
    return lambda rows: np.stack([column[rows] for column in columns], axis=1)


def row_scores_of_runs(scores: Floats, cells: StepCells) -> Floats:
    """(runs,) mean of the highest tenth of each run's point scores; NaN where none was judged.

    Rows of an equipment's first run do not count, of none of its steps: see ``StepCells.of_unknown_start``.
    """
    unknown = np.isin(cells.run, cells.run[cells.of_unknown_start])
    points = np.where(unknown[cells.cell], np.nan, scores[cells.rows])
    run = cells.run[cells.cell]
    borders = np.flatnonzero(np.diff(run, prepend=-1))
    found = np.full(len(cells.runs), np.nan)
    for start, stop in zip(borders, [*borders[1:], len(run)], strict=True):
        found[run[start]] = run_score(points[start:stop])
    return found


def judge_wafers(
    model: WaferModel, table: Table, values: Values, rows: RowScores, typed: Sequence[TypedLimit] = ()
) -> ExplainedWafers | None:
    """Verdicts of all runs of a table; None where it has no runs.

    Args:
        values: gives the values of ``model.sensors`` at rows of the table.
        typed: limits that a person has set.

    Raises:
        InputError: a typed limit names an indicator that does not exist, or no row has a time.
    """
    cells = cells_of(table)
    if cells is None:
        return None
    found = indicators_of(values, cells, model.sensors, model.course)
    deviations = model.deviations(found)
    broken = broken_rules(found, model.limits, typed)
    judging = _Judging(model, table, found, deviations, broken, rows)
    runs, facets = judging.verdicts()
    return ExplainedWafers(model, found, deviations, _in_a_row(runs, facets), lambda: (table, values), rows, facets)


@dataclass(frozen=True)
class _Judging:
    model: WaferModel
    table: Table
    found: Indicators
    deviations: Deviations
    broken: list[Broken]
    rows: RowScores

    def verdicts(self) -> tuple[list[RunScore], list[list[Facet]]]:
        cells = self.found.cells
        by_rows = row_scores_of_runs(self.rows.scores, cells)
        ratios = self.model.ratios(self.deviations, by_rows, cells)
        for one in self.broken:
            ratios[cells.run[one.cell]] = np.fmax(ratios[cells.run[one.cell]], one.ratio)
        judged = np.isfinite(farthest(self.deviations, cells))
        rules: dict[int, list[Broken]] = {}
        for one in self.broken:
            rules.setdefault(int(cells.run[one.cell]), []).append(one)
        first_cell = np.searchsorted(cells.run, np.arange(len(cells.runs) + 1))
        basic = self._basic(by_rows, ratios, judged)
        runs, facets = [], []
        for number, run in enumerate(basic):
            broken = rules.get(number, [])
            abnormal = bool(run.ratio > 1) or bool(broken)
            mine = range(int(first_cell[number]), int(first_cell[number + 1]))
            seen = self._facets(number, mine, broken) if abnormal else []
            names = tuple(dict.fromkeys(one.rule for one in broken))
            runs.append(self._leading(replace(run, abnormal=abnormal, rules=names), seen))
            facets.append(seen)
        return runs, facets

    def _basic(self, by_rows: Floats, ratios: Floats, judged: NDArray[np.bool_]) -> list[RunScore]:
        cells = self.found.cells
        starts, lengths = cells.runs.starts, cells.runs.lengths
        scores = self.model.scores(ratios)
        first, last = cells.runs.rows[starts], cells.runs.rows[starts + lengths - 1]
        where = places(self.table, first)
        begin, end = times_of(self.table, first), times_of(self.table, last)
        flagged = np.add.reduceat(self.rows.flags[cells.runs.rows].astype(np.int64), starts)
        pauses, golden = _gaps(self.table, cells), self._golden()
        names = {role: self.table.column(role) for role in (Role.WAFER, Role.RECIPE)}
        named = _naming(self.table)
        return [
            RunScore(
                key=_key(named, where[at].equipment, where[at].lot, where[at].context),
                start_row=int(first[at]),
                rows=int(lengths[at]),
                score=float(scores[at]),
                ratio=float(ratios[at]),
                flagged=int(flagged[at]),
                row_score=float(by_rows[at]),
                equipment=where[at].equipment,
                lot=where[at].lot,
                wafer=where[at].context.get(names[Role.WAFER] or ""),
                recipe=where[at].context.get(names[Role.RECIPE] or ""),
                start=begin[at],
                end=end[at],
                gaps=int(pauses[at]),
                threshold=self.model.threshold,
                judged_by=BY_WAFER if judged[at] else BY_ROWS,
                golden=int(golden[at]),
            )
            for at in range(len(starts))
        ]

    def _golden(self) -> NDArray[np.int64]:
        """(runs,) golden wafers that the limits of each run's steps rest on, the fewest of them."""
        cells, limits = self.found.cells, self.model.limits
        at = limits.places(cells)
        count = np.where(at >= 0, limits.wafers[at], 0) if len(limits.stages) else np.zeros(len(cells), np.int64)
        found = np.full(len(cells.runs), np.iinfo(np.int64).max)
        np.minimum.at(found, cells.run, count)
        return found

    def _facets(self, number: int, mine: range, broken: Sequence[Broken]) -> list[Facet]:
        """What is off, hard rules first, else the farthest; the row scores speak where no indicator is off."""
        seen = [self._hard(one) for one in broken]
        hard = {(one.cell, one.sensor) for one in broken}
        for cell in mine:
            # That a stuck sensor has no spread, or a long step another slope, is no second thing that is off.
            seen += [one for one in self._of_cell(cell) if (cell, one.sensor) not in hard]
        seen.sort(key=lambda one: -one.weight)
        if seen and seen[0].weight >= 1:
            return seen
        by_rows = self._by_rows(number)
        return seen if by_rows is None else [by_rows, *seen]

    def _hard(self, one: Broken) -> Facet:
        name = self._stage(one.cell)
        return Facet(name.step, one.sensor, one.direction, one.statistic, 1e6, one.cell)

    def _of_cell(self, cell: int) -> list[Facet]:
        """One facet for each sensor that is beyond a limit: by its mean if that is, else by its rarest statistic."""
        off = self.deviations.off[cell]
        best: dict[str, tuple[float, int]] = {}
        for at in np.flatnonzero(np.abs(off) > self.model.farthest).tolist():
            sensor = self._sensor(cell, at)
            if self.deviations.columns[at].statistic in NO_VERDICT:
                continue
            weight = float(np.abs(off[at]))
            preferred = self.deviations.columns[at].statistic == MEAN
            known = best.get(sensor)
            if known is None or preferred or (weight > known[0] and not self._is_mean(known[1])):
                best[sensor] = (max(weight, known[0] if known else 0.0), at)
        return [
            Facet(
                self._stage(cell).step,
                sensor,
                self._direction(cell, at),
                self.deviations.columns[at].statistic,
                weight,
                cell,
            )
            for sensor, (weight, at) in best.items()
        ]

    def _is_mean(self, at: int) -> bool:
        return self.deviations.columns[at].statistic == MEAN

    def _sensor(self, cell: int, at: int) -> str:
        """Of T2 and SPE the sensor whose mean or trace is farthest off."""
        column = self.deviations.columns[at]
        if column.statistic not in (T2, SPE):
            return column.sensor
        wanted = MEAN if column.statistic == T2 else SHAPE
        columns = [k for k, one in enumerate(self.deviations.columns) if one.statistic == wanted]
        far = np.nan_to_num(np.abs(self.deviations.off[cell, columns]))
        return self.deviations.columns[columns[int(np.argmax(far))]].sensor

    def _direction(self, cell: int, at: int) -> str:
        if self.deviations.columns[at].statistic not in _SIGNED:
            return OTHER
        return UP if self.deviations.off[cell, at] > 0 else DOWN

    def _by_rows(self, number: int) -> Facet | None:
        cells = self.found.cells
        start, length = int(cells.runs.starts[number]), int(cells.runs.lengths[number])
        rows = cells.runs.rows[start : start + length]
        scores = self.rows.scores[rows]
        if np.isnan(scores).all():
            return None
        top = rows[np.argsort(-np.nan_to_num(scores, nan=-1.0))[: max(1, round(TOP_SHARE * length))]]
        parts = np.nansum(self.rows.contributions[top], axis=0)
        cell = int(np.flatnonzero(cells.run == number)[0])
        peak = int(top[0])
        mine = np.flatnonzero(cells.run == number)
        for one in mine.tolist():
            if peak in cells.rows[cells.starts[one] : cells.starts[one] + cells.lengths[one]]:
                cell = one
        sensor = self.model.sensors[int(np.argmax(parts))]
        return Facet(self._stage(cell).step, sensor, OTHER, ROWS, 1.0, cell)

    def _stage(self, cell: int) -> StageName:
        return self.found.cells.names[int(self.found.cells.stage[cell])]

    def _leading(self, run: RunScore, facets: Sequence[Facet]) -> RunScore:
        """A run with its leading deviation."""
        if not facets:
            return run
        lead = facets[0]
        explained = replace(run, step=lead.step, sensor=lead.sensor, statistic=lead.statistic, direction=lead.direction)
        total: dict[str, float] = {}
        for one in facets:
            if one.weight >= _NEAR * lead.weight or len(total) < MOST_SENSORS:
                total[one.sensor] = max(total.get(one.sensor, 0.0), min(one.weight, 1e3))
        whole = sum(total.values()) or 1.0
        ranked = sorted(total.items(), key=lambda item: -item[1])[:MOST_SENSORS]
        explained = replace(explained, sensors={name: weight / whole for name, weight in ranked})
        statistic = MEAN if lead.statistic in _OF_MEANS else lead.statistic
        at = next(
            (k for k, one in enumerate(self.found.columns) if one == IndicatorColumn(lead.sensor, statistic)), None
        )
        return explained if at is None else replace(explained, **self._numbers(lead, at))

    def _numbers(self, lead: Facet, at: int) -> dict[str, Any]:
        limits, cell = self.model.limits, lead.cell
        stage = int(limits.places(self.found.cells)[cell])
        value = float(self.found.values[cell, at])
        if stage < 0 or np.isnan(limits.centre[stage, at]):
            return {"value": value}
        usual, spread = float(limits.centre[stage, at]), float(limits.spread[stage, at])
        lower, upper = bounds(limits, stage, at, self.found.columns[at])
        if self.found.columns[at].statistic == SPE:
            usual = float(np.exp(usual))
        known = abs(usual) > _LEAST_CHANGE * spread and usual != 0
        far = self.deviations.spreads[cell, at]
        if lead.statistic in _OF_MEANS:
            made = IndicatorColumn(lead.sensor, lead.statistic)
            far = self.deviations.spreads[cell, self.deviations.columns.index(made)]
        change = (value - usual) / abs(usual) if known else None
        return {"value": value, "usual": usual, "lower": lower, "upper": upper, "spreads": float(far), "change": change}


def bounds(limits: IndicatorLimits, stage: int, at: int, column: IndicatorColumn) -> tuple[float | None, float | None]:
    """Lower and upper limit of a column; None where it has none to that side."""
    centre, far = float(limits.centre[stage, at]), float(limits.reach[stage, at] * limits.spread[stage, at])
    if np.isnan(centre):
        return None, None
    if column.statistic in (SPE, T2):
        return None, float(np.exp(centre + far))
    return (None if column.statistic in UPPER_ONLY else centre - far), centre + far


def _in_a_row(runs: Sequence[RunScore], facets: Sequence[Sequence[Facet]]) -> list[RunScore]:
    """Abnormal wafers of one equipment in a row that share what leads, counted up to each, and its sentence."""
    found: list[RunScore] = []
    last: dict[str | None, tuple[int, set[tuple[str, str]]]] = {}
    for run, seen in zip(runs, facets, strict=True):
        count, before = last.get(run.equipment, (0, set()))
        mine = {(one.sensor, one.direction) for one in seen}
        count = (count + 1 if mine & before else 1) if run.abnormal else 0
        last[run.equipment] = (count, mine)
        counted = replace(run, in_a_row=count) if count else run
        sentence = sentence_of(counted)
        found.append(counted if sentence is None else replace(counted, sentence=sentence))
    return found


def _key(
    named: Sequence[tuple[Role, str]], equipment: str | None, lot: str | None, context: Mapping[str, str]
) -> dict[str, str]:
    """The columns that name a run, of :func:`_naming`, with their values."""
    known = {Role.EQUIPMENT: equipment, Role.LOT: lot}
    values = {name: known[role] if role in known else context.get(name) for role, name in named}
    return {name: value for name, value in values.items() if value is not None}


def _naming(table: Table) -> list[tuple[Role, str]]:
    """Equipment, lot, wafer and what else splits the table, with their columns."""
    roles = (Role.EQUIPMENT, Role.LOT, Role.WAFER)
    found = [(role, name) for role, name in ((role, table.column(role)) for role in roles) if name is not None]
    names = [name for _, name in found]
    return [*found, *((Role.CONTEXT, one) for one in table.groups if one not in names)]


def times_of(table: Table, rows: NDArray[np.int64]) -> list[str | float]:
    """Times as events have them: ISO 8601 text, numbers as they are, else the row's number."""
    column = table.column(Role.TIME)
    if column is None:
        return [int(row) + table.first_row for row in rows]
    time: NDArray[Any] = table.frame[column].to_numpy()[rows]
    if time.dtype.kind != "M":
        return [float(one) for one in time]
    exact = time.astype("datetime64[s]")
    unit = "s" if (exact == time).all() else "ms"
    return [str(one) for one in np.datetime_as_string(time, unit=unit)]  # type: ignore[call-overload]


def _gaps(table: Table, cells: StepCells) -> NDArray[np.int64]:
    """(runs,) pauses inside each run: more than five usual steps of time."""
    column = table.column(Role.TIME)
    if column is None:
        return np.zeros(len(cells.runs), np.int64)
    time: NDArray[Any] = table.frame[column].to_numpy()[cells.runs.rows]
    clock = time.astype("datetime64[ns]").view(np.int64) if time.dtype.kind == "M" else time
    step = np.diff(clock.astype(np.float64), prepend=float(clock[0]))
    step[cells.runs.starts] = 0
    usual = float(np.median(step[step > 0])) if (step > 0).any() else 1.0
    found: NDArray[np.int64] = np.add.reduceat((step > _GAP * usual).astype(np.int64), cells.runs.starts)
    return found
