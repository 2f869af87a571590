"""Wafers of a table: what golden ones show is learnt with the model, and every detection judges its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.events.context import places
from waferwatch.events.event import Event
from waferwatch.events.merge import MERGE_GAP_POINTS
from waferwatch.indicators.cells import cells_in, cells_of
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.indicators import Indicators, Values, indicators_of
from waferwatch.indicators.judge import (
    RowScores,
    judge_wafers,
    row_scores_of_runs,
    sensor_values,
    times_of,
)
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.wafer_model import WaferModel, learn_wafers
from waferwatch.indicators.learnt.without_limits import model_without_limits
from waferwatch.indicators.problems.alone import SisterCells
from waferwatch.indicators.problems.of_rows import problems_of_rows
from waferwatch.indicators.problems.of_wafers import UnrankedProblem, problems_of_wafers, ranked
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.run_score import run_score
from waferwatch.indicators.verdicts import RunScore
from waferwatch.models.fitted import Fitted
from waferwatch.models.levels import LevelShift, as_before
from waferwatch.models.threads import in_threads
from waferwatch.read.cells.values import to_float
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Note, Role, Table
from waferwatch.scoring.reference import Scope
from waferwatch.scoring.result import Detection
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.series import Series
from waferwatch.series.split import run_columns, split
from waferwatch.series.wafer_runs import WaferRuns, find_passes
from waferwatch.settings import current_settings

Floats = NDArray[np.float64]

_ROWS_AT_ONCE = 1_000_000  # of all equipment that is judged together


def learn_from(
    table: Table, normal: Mapping[Scope, Sequence[Series]], features: Sequence[str], fitted: Fitted
) -> WaferModel | None:
    """What the golden wafers of a reference show; None where it has no runs, or too few of them.

    Golden are the runs all of whose rows were learnt from.

    Args:
        normal: the series that ``fitted`` was learnt from.
    """
    runs = find_passes(table) if features else None
    if runs is None:
        return None
    rows = len(table.frame)
    learnt, left_out = np.zeros(rows, np.bool_), np.full(rows, np.nan)
    pieces = [one for mine in normal.values() for one in mine]
    for one, piece in zip(pieces, fitted.reference, strict=True):
        learnt[one.rows] = not piece.set_aside
        left_out[one.rows] = fitted.rarity.of(piece.left_out.astype(np.float64))
    golden = np.logical_and.reduceat(learnt[runs.rows], runs.starts)
    near = _up_to_the_last(golden, group_codes(table.frame, table.columns(Role.EQUIPMENT))[0][runs.rows[runs.starts]])
    if not near.any():
        return None
    cells = cells_in(table, runs.only(near))
    scores = row_scores_of_runs(left_out, cells)
    values = sensor_values(table, features)
    with np.errstate(over="ignore", invalid="ignore"):  # squares of values beyond 1e154: such wafers are not judged
        return learn_wafers(values, cells, features, golden[near], scores, cells.usual_interval, fitted.decades)


def _up_to_the_last(golden: NDArray[np.bool_], equipment: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(runs,) of each equipment those up to its last golden run and the one behind: what is learnt rests on no others.

    The first says what came before the golden ones, and the one behind that the last of them was not cut by the end of
    the table.
    """
    found = np.zeros(len(golden), np.bool_)
    for number in np.unique(equipment[golden]).tolist():
        mine = np.flatnonzero(equipment == number)
        last = int(np.flatnonzero(golden[mine])[-1])
        found[mine[: last + 2]] = True
    return found


def verdicts_and_problems(
    model: WaferModel | None,
    table: Table,
    series: Sequence[Series],
    rows: RowScores,
    events: Sequence[Event],
    event_ids: NDArray[np.int64],
    layout: SeriesLayout | None,
    typed: Sequence[TypedLimit] = (),
    shifts: Sequence[LevelShift] = (),
) -> tuple[list[RunScore], list[FabProblem]]:
    """Verdicts of a table's runs and its problems; without golden wafers or runs, row scores of its series and
    problems of its rows.

    Equipment is judged side by side in threads where a table is small, else one after the other, since the cells of all
    of it take as much memory as the table.

    Args:
        series: of the table, with the sensors of the model in their order; they may be left out where golden wafers are
            known and levels were never learnt anew.
        events: of the rows.
        event_ids: (rows,) 0 = none.
        layout: how the table is cut into series.
        shifts: of a rebased model: indicators are taken of readings as they would have been before the maintenance.

    Raises:
        InputError: a typed limit names an indicator that does not exist.
    """
    runs = None if model is None else find_passes(table)
    if model is None or runs is None:
        return _without_limits(table, series or split(table, layout=layout).series, rows, events, event_ids)
    values = _values_as_before(table, model.sensors, series, shifts)

    def judged_part(numbers: NDArray[np.int64]) -> tuple[list[RunScore], list[UnrankedProblem], list[SisterCells]]:
        mine = runs if len(numbers) == len(runs) else runs.only(np.isin(np.arange(len(runs)), numbers))
        with np.errstate(over="ignore", invalid="ignore"):  # as in learning
            judged = judge_wafers(model, table, values, rows, typed, mine)
        if judged is None:
            return [], [], []
        return judged.runs, problems_of_wafers(judged, events, event_ids, numbers), [SisterCells.of(judged)]

    parts, threads = _some_equipment(table, runs, current_settings().threads or os.cpu_count() or 1)
    with threadpool_limits(limits=1, user_api="blas"):
        found = in_threads(judged_part, parts, threads)
    verdicts: dict[int, RunScore] = {}
    for numbers, (mine, _, _) in zip(parts, found, strict=True):
        verdicts.update(zip(numbers.tolist(), mine, strict=True))
    problems = [one for _, some, _ in found for one in some]
    sisters = [one for _, _, some in found for one in some]
    return [verdicts[number] for number in range(len(runs))], ranked(problems, sisters)


def _without_limits(
    table: Table, series: Sequence[Series], rows: RowScores, events: Sequence[Event], event_ids: NDArray[np.int64]
) -> tuple[list[RunScore], list[FabProblem]]:
    """Row scores of series, and problems of rows."""
    last = {one.scope: one for one in series}  # those of one scope follow one another in time
    ends = {row for one in last.values() for row in one.rows[-(MERGE_GAP_POINTS + 1) :].tolist()}
    of_rows = problems_of_rows(table, events, rows.flags, event_ids, rows.threshold, ends)
    return _by_series(table, series, rows), of_rows


def _some_equipment(table: Table, runs: WaferRuns, threads: int) -> tuple[list[NDArray[np.int64]], int]:
    """Positions of the runs of some equipment at a time, of one or of as many as have few rows together, and how many
    of the threads may judge these at once: no more than hold few rows together.
    """
    first = table.frame[table.columns(Role.EQUIPMENT)].iloc[runs.rows[runs.starts]]
    codes = group_codes(first, list(first.columns))[0]
    rows = np.bincount(codes, runs.lengths)
    threads = int(np.clip(_ROWS_AT_ONCE // max(rows.max(initial=1), 1), 1, threads))
    most = min(_ROWS_AT_ONCE, max(rows.sum(), 1)) / threads
    found: list[list[int]] = []
    held = np.inf
    for number, count in enumerate(rows.tolist()):
        if held + count > most:
            found.append([])
            held = 0
        found[-1].append(number)
        held += count
    return [np.flatnonzero(np.isin(codes, some)) for some in found], threads


def judged_again(table: Table, found: Detection) -> JudgedWafers | None:
    """The wafers of a finished detection with all their indicators, computed anew; None where it has none.

    Args:
        table: what was detected in.
    """
    cells = None if found.wafers is None else cells_of(table)
    if found.wafers is None or cells is None:
        return None
    values = values_as_found(table, found)
    if len(found.runs) != len(cells.runs):  # by an older version, which told wafers apart in another way
        rows = RowScores(found.scores, found.flags, found.contributions, found.threshold)
        return judge_wafers(found.wafers, table, values, rows, found.limits)
    indicators = indicators_of(values, cells, found.wafers.sensors, found.wafers.course)
    return judged_as(found.wafers, indicators, found.runs, lambda: (table, values))


def judged_as(
    model: WaferModel, indicators: Indicators, runs: list[RunScore], read: Callable[[], tuple[Table, Values]]
) -> JudgedWafers:
    """The wafers of a finished detection whose indicators are known; ``read`` as for :class:`JudgedWafers`."""
    return JudgedWafers(model, indicators, model.deviations(indicators), runs, read)


def values_as_found(table: Table, found: Detection) -> Values:
    """The values of a table that the limits of a detection hold for: see ``JudgedWafers.values``."""
    sensors = found.features if found.wafers is None else found.wafers.sensors
    series: list[Series] = []
    if found.shifts:
        parts = split(table, layout=found.layout)
        series = [one.with_sensors(parts.features, found.features) for one in parts.series]
    return _values_as_before(table, sensors, series, found.shifts)


def measured(table: Table, found: Detection, learnt: NDArray[np.bool_]) -> JudgedWafers | None:
    """The wafers of a finished detection that has no limits, with all their indicators and no verdict; None where the
    table has no runs.

    Args:
        table: what was detected in.
        learnt: (rows,) what was learnt from: a run all of whose rows were is golden.
    """
    cells = cells_of(table)
    if cells is None:
        return None
    golden = np.logical_and.reduceat(learnt[cells.runs.rows], cells.runs.starts)
    values = sensor_values(table, found.features)
    model = model_without_limits(values, cells, found.features, golden, cells.usual_interval)
    rows = RowScores(found.scores, found.flags, found.contributions, found.threshold)
    return judge_wafers(model, table, values, rows)


def _values_as_before(
    table: Table, sensors: Sequence[str], series: Sequence[Series], shifts: Sequence[LevelShift]
) -> Values:
    """The sensors at rows of the table, as they would have been before each maintenance.

    Args:
        series: of the table, with these sensors in their order; not looked at without shifts.
    """
    if not shifts:
        return sensor_values(table, sensors)
    values = np.stack([to_float(table.frame[name]) for name in sensors], axis=1)
    for one, before in zip(series, as_before(series, shifts), strict=True):
        values[one.rows] -= np.nan_to_num(one.values - before.values)
    return lambda rows: values[rows]


def wafer_notes(model: WaferModel | None, table: Table, *, rebased: bool = False) -> tuple[Note, ...]:
    """Why wafers have no limits, where a table has some."""
    if model is not None or table.column(Role.WAFER) is None:
        return ()
    if rebased:
        return (
            Note(
                "Wafers have no limits since levels were learnt anew after a maintenance. They were judged by their "
                "rows alone; learn a new version from wafers after it to have limits."
            ),
        )
    return (
        Note(
            "Wafers have no limits: at least 8 normal wafers of one equipment and recipe are needed, each with a "
            "course over time. They were judged by their rows alone.",
        ),
    )


def _by_series(table: Table, series: Sequence[Series], rows: RowScores) -> list[RunScore]:
    if not series:
        return []
    names = (*table.groups, *run_columns(table))
    first = np.array([one.rows[0] for one in series], np.int64)
    last = np.array([one.rows[-1] for one in series], np.int64)
    where = places(table, first)
    begin, end = times_of(table, first), times_of(table, last)
    wafer, recipe = (table.column(role) or "" for role in (Role.WAFER, Role.RECIPE))
    found = []
    for at, one in enumerate(series):
        score, flagged = run_score(rows.scores[one.rows]), int(rows.flags[one.rows].sum())
        found.append(
            RunScore(
                key=dict(zip(names, (*one.key, *one.run), strict=False)),
                start_row=int(one.rows[0]),
                rows=len(one),
                score=score,
                flagged=flagged,
                row_score=score,
                equipment=where[at].equipment,
                lot=where[at].lot,
                wafer=where[at].context.get(wafer),
                recipe=where[at].context.get(recipe),
                start=begin[at],
                end=end[at],
                abnormal=flagged > 0,
            )
        )
    return found
