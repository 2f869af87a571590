"""Judges the wafers of a table by what golden wafers showed, its indicators and the scores of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.context import places
from waferwatch.indicators.cells import StepCells, cells_in, cells_of
from waferwatch.indicators.hard_rules import Broken, TypedLimit, broken_rules
from waferwatch.indicators.indicators import Indicators, Values, indicators_of
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.judging.facets import Facet, FacetFinder
from waferwatch.indicators.judging.leading import Leading
from waferwatch.indicators.learnt.wafer_model import Deviations, WaferModel, farthest
from waferwatch.indicators.run_score import run_scores
from waferwatch.indicators.verdicts import BY_ROWS, BY_WAFER, RunScore, sentence_of
from waferwatch.read.cells.values import to_float
from waferwatch.read.table import Role, Table
from waferwatch.series.clock import clock_numbers
from waferwatch.series.wafer_runs import WaferRuns

Floats = NDArray[np.float64]

_GAP = 5.0  # usual steps of time that make a gap inside a run


@dataclass(frozen=True)
class RowScores:
    """What a detector says of the rows of a table, in table order."""

    scores: Floats  # (rows,) NaN = not judged
    flags: NDArray[np.bool_]
    contributions: NDArray[np.float32]  # (rows, sensors)
    threshold: float


@dataclass(frozen=True)
class ExplainedWafers(JudgedWafers):
    """The wafers with everything that problems are made of."""

    rows: RowScores
    facets: list[list[Facet]]  # of each run, the leading one first; empty for normal wafers

    @cached_property
    def of_equipment(self) -> dict[str | None, NDArray[np.int64]]:
        """Equipment -> positions of its runs."""
        found: dict[str | None, list[int]] = {}
        for number, run in enumerate(self.runs):
            found.setdefault(run.equipment, []).append(number)
        return {name: np.array(mine, np.int64) for name, mine in found.items()}

    @cached_property
    def of_stage(self) -> list[NDArray[np.int64]]:
        """The cells of each stage."""
        order = np.argsort(self.cells.stage, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.cells.stage, minlength=len(self.cells.names)))[:-1])

    @cached_property
    def began(self) -> NDArray[Any]:
        """(cells,) the time of the first row of each; its row where the table has no time."""
        first = self.cells.rows[self.cells.starts]
        column = self.table.column(Role.TIME)
        return first if column is None else self.table.frame[column].to_numpy()[first]


def sensor_values(table: Table, sensors: Sequence[str]) -> Values:
    """The values of sensors at rows of a table."""
    columns = [to_float(table.frame[name]) for name in sensors]
    return lambda rows: np.stack([column[rows] for column in columns], axis=1)


def row_scores_of_runs(scores: Floats, cells: StepCells) -> Floats:
    """(runs,) mean of the highest tenth of each run's point scores; NaN where none was judged.

    Rows of an equipment's first run do not count, of none of its steps: see ``StepCells.of_unknown_start``.
    """
    unknown = np.isin(cells.run, cells.run[cells.of_unknown_start])
    points = scores[cells.rows]
    points[np.repeat(unknown, cells.lengths)] = np.nan
    first = np.flatnonzero(np.diff(cells.run, prepend=-1))  # the first cell of each run
    found = np.full(len(cells.runs), np.nan)
    found[cells.run[first]] = run_scores(points, cells.starts[first])
    return found


def judge_wafers(
    model: WaferModel,
    table: Table,
    values: Values,
    rows: RowScores,
    typed: Sequence[TypedLimit] = (),
    runs: WaferRuns | None = None,
) -> ExplainedWafers | None:
    """Verdicts of the runs of a table; None where it has no runs.

    Args:
        runs: all runs of some equipment; None: those of the whole table.
        values: gives the values of ``model.sensors`` at rows of the table.
        typed: limits that a person has set.

    Raises:
        InputError: a typed limit names an indicator that does not exist, or no row has a time.
    """
    cells = cells_of(table) if runs is None else cells_in(table, runs)
    if cells is None:
        return None
    found = indicators_of(values, cells, model.sensors, model.course)
    deviations = model.deviations(found)
    broken = broken_rules(found, model.limits, typed)
    judging = _Judging(model, table, found, deviations, broken, rows)
    judged, facets = judging.verdicts()
    runs_found = _in_a_row(judged, facets)
    return ExplainedWafers(model, found, deviations, runs_found, lambda: (table, values), rows, facets)


@dataclass(frozen=True)
class _Judging:
    model: WaferModel
    table: Table
    found: Indicators
    deviations: Deviations
    broken: list[Broken]
    rows: RowScores

    def verdicts(self) -> tuple[list[RunScore], list[list[Facet]]]:
        """The verdict on each run, in order, and in which ways it is off; none for one that is not."""
        cells = self.found.cells
        by_rows = row_scores_of_runs(self.rows.scores, cells)
        ratios = self.model.ratios(self.deviations, by_rows, cells)
        for one in self.broken:
            ratios[cells.run[one.cell]] = np.fmax(ratios[cells.run[one.cell]], one.ratio)
        judged = np.isfinite(farthest(self.deviations, cells))
        rules: dict[int, list[Broken]] = {}
        for one in self.broken:
            rules.setdefault(int(cells.run[one.cell]), []).append(one)
        finder = FacetFinder(
            cells, self.model.sensors, self.deviations, self.model.farthest, self.rows.scores, self.rows.contributions
        )
        leading = Leading(self.found, self.model.limits, self.deviations)
        runs, facets = [], []
        for number, about in enumerate(self._basic(by_rows, ratios, judged, leading.stages)):
            broken = rules.get(number, [])
            abnormal = bool(about["ratio"] > 1) or bool(broken)
            seen = finder.of(number, broken) if abnormal else []
            names = tuple(dict.fromkeys(one.rule for one in broken))
            runs.append(RunScore(**about, abnormal=abnormal, rules=names, **leading.of(seen)))
            facets.append(seen)
        return runs, facets

    def _basic(
        self, by_rows: Floats, ratios: Floats, judged: NDArray[np.bool_], stages: NDArray[np.int64]
    ) -> Iterator[dict[str, Any]]:
        """Of each run what is known of it before one asks what is off."""
        cells = self.found.cells
        starts, lengths = cells.runs.starts, cells.runs.lengths
        first, last = cells.runs.rows[starts], cells.runs.rows[starts + lengths - 1]
        flagged = np.add.reduceat(self.rows.flags[cells.runs.rows].astype(np.int64), starts)
        columns = {
            **_named(self.table, first),
            "start_row": first.tolist(),
            "rows": lengths.tolist(),
            "score": self.model.scores(ratios).tolist(),
            "ratio": ratios.tolist(),
            "flagged": flagged.tolist(),
            "row_score": by_rows.tolist(),
            "start": times_of(self.table, first),
            "end": times_of(self.table, last),
            "gaps": _gaps(self.table, cells).tolist(),
            "judged_by": [BY_WAFER if one else BY_ROWS for one in judged.tolist()],
            "golden": self._golden(stages).tolist(),
        }
        threshold = self.model.threshold
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True)) | {"threshold": threshold}

    def _golden(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """(runs,) golden wafers that the limits of each run's steps rest on, the fewest of them.

        Args:
            at: (cells,) the stage of the limits that each cell is of.
        """
        cells, limits = self.found.cells, self.model.limits
        count = np.where(at >= 0, limits.wafers[at], 0) if len(limits.stages) else np.zeros(len(cells), np.int64)
        found = np.full(len(cells.runs), np.iinfo(np.int64).max)
        np.minimum.at(found, cells.run, count)
        return found


def _in_a_row(runs: Sequence[RunScore], facets: Sequence[Sequence[Facet]]) -> list[RunScore]:
    """Abnormal wafers of one equipment in a row that share what leads, counted up to each, and its sentence."""
    found: list[RunScore] = []
    last: dict[str | None, tuple[int, set[tuple[str, str]]]] = {}
    for run, seen in zip(runs, facets, strict=True):
        count, before = last.get(run.equipment, (0, set()))
        mine = {(one.sensor, one.direction) for one in seen}
        count = (count + 1 if mine & before else 1) if run.abnormal else 0
        last[run.equipment] = (count, mine)
        found.append(replace(run, in_a_row=count, sentence=sentence_of(run, count)) if count else run)
    return found


def _named(table: Table, rows: NDArray[np.int64]) -> dict[str, list[Any]]:
    """What names the runs that begin at these rows."""
    where = places(table, rows)
    lot, wafer, recipe = (table.column(role) for role in (Role.LOT, Role.WAFER, Role.RECIPE))
    equipment = table.column(Role.EQUIPMENT)
    keys: list[dict[str, str]] = []
    for one in where:
        named = {equipment: one.equipment, lot: one.lot, wafer: one.context.get(wafer or "")}
        key = {column: value for column, value in named.items() if column is not None and value is not None}
        keys.append(key | {name: one.context[name] for name in table.groups if name in one.context})
    return {
        "key": keys,
        "equipment": [one.equipment for one in where],
        "lot": [one.lot for one in where],
        "wafer": [one.context.get(wafer or "") for one in where],
        "recipe": [one.context.get(recipe or "") for one in where],
    }


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
    clock = clock_numbers(table.frame[column].to_numpy()[cells.runs.rows]).astype(np.float64)
    step = np.diff(clock, prepend=clock[0])
    step[cells.runs.starts] = 0
    usual = float(np.median(step[step > 0])) if (step > 0).any() else 1.0
    found: NDArray[np.int64] = np.add.reduceat((step > _GAP * usual).astype(np.int64), cells.runs.starts)
    return found
