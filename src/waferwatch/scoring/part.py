"""A detection over some of a table's rows, in terms of the whole table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Event
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.verdicts import RunScore
from waferwatch.models.contract import Progress, no_progress
from waferwatch.read.table import Role, Table
from waferwatch.scoring.detecting.with_model import detect_with
from waferwatch.scoring.model import Model
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.scoring.thresholds.rethreshold import with_threshold
from waferwatch.scoring.thresholds.threshold import Thresholds


def detect_rows(
    table: Table,
    rows: NDArray[np.int64] | None,
    question: Question,
    *,
    reference: Table | None = None,
    limits: Sequence[TypedLimit] = (),
    device: str | None = None,
    progress: Progress = no_progress,
) -> Detection:
    """Find anomalies in some rows; the others have no score and are not flagged.

    Args:
        table: every row.
        rows: positions of those to score, ascending; None: all.
        question, reference, limits, device, progress: as for ``detect_table``.

    Raises:
        As ``detect_table``.
    """
    part = table if rows is None else only_rows(table, rows)
    found = detect_table(part, question, reference=reference, limits=limits, device=device, progress=progress)
    return found if rows is None else _in_whole(found, rows, table)


def detect_rows_with(
    model: Model,
    table: Table,
    rows: NDArray[np.int64] | None,
    wish: Thresholds,
    progress: Progress = no_progress,
    limits: Sequence[TypedLimit] = (),
) -> Detection:
    """Score some rows by what a model has learnt; the others have no score and are not flagged.

    Args:
        rows: positions of those to score, ascending; None: all.

    Raises:
        As ``detect_with``.
    """
    if rows is None:
        return detect_with(model, table, wish, progress, limits)
    return _in_whole(detect_with(model, only_rows(table, rows), wish, progress, limits), rows, table)


def move_threshold(table: Table, rows: NDArray[np.int64] | None, found: Detection, threshold: float) -> Detection:
    """``with_threshold`` for what ``detect_rows`` has found in the same rows."""
    if rows is None:
        return with_threshold(table, found, threshold)
    return _in_whole(with_threshold(only_rows(table, rows), only_found(found, rows), threshold), rows, table)


def only_rows(table: Table, rows: NDArray[np.int64]) -> Table:
    """The table of these rows alone, numbered from 0."""
    return replace(table, frame=table.frame.iloc[rows].reset_index(drop=True))


def only_found(found: Detection, rows: NDArray[np.int64]) -> Detection:
    """What ``detect_rows`` has found in these rows, named by their positions among them; places on the axis stay."""

    def at(row: int) -> int:
        return int(np.searchsorted(rows, row))

    return replace(
        found,
        scores=found.scores[rows],
        flags=found.flags[rows],
        contributions=found.contributions[rows],
        event_ids=found.event_ids[rows],
        events=[
            replace(event, start_row=at(event.start_row), end_row=at(event.end_row), peak_row=at(event.peak_row))
            for event in found.events
        ],
        runs=[replace(run, start_row=at(run.start_row)) for run in found.runs],
    )


def _in_whole(found: Detection, rows: NDArray[np.int64], table: Table) -> Detection:
    total = len(table.frame)
    timed = table.column(Role.TIME) is not None
    return replace(
        found,
        scores=_spread(found.scores, rows, np.full(total, np.nan)),
        flags=_spread(found.flags, rows, np.zeros(total, np.bool_)),
        contributions=_spread(
            found.contributions, rows, np.full((total, found.contributions.shape[1]), np.nan, np.float32)
        ),
        event_ids=_spread(found.event_ids, rows, np.zeros(total, np.int64)),
        events=[_event(event, rows, timed, table.first_row) for event in found.events],
        runs=[_run(run, rows, timed, table.first_row) for run in found.runs],
        problems=[_problem(one, rows, timed, table.first_row) for one in found.problems],
    )


def _spread(values: NDArray[Any], rows: NDArray[np.int64], whole: NDArray[Any]) -> NDArray[Any]:
    whole[rows] = values
    return whole


def _event(event: Event, rows: NDArray[np.int64], timed: bool, first_row: int) -> Event:
    start, end, peak = (int(rows[row]) for row in (event.start_row, event.end_row, event.peak_row))
    moved = replace(event, start_row=start, end_row=end, peak_row=peak)
    if timed:
        return moved
    return replace(moved, start=start + first_row, end=end + first_row, peak=peak + first_row)


def _run(run: RunScore, rows: NDArray[np.int64], timed: bool, first_row: int) -> RunScore:
    moved = replace(run, start_row=int(rows[run.start_row]))
    return (
        moved if timed else replace(moved, start=_row(run.start, rows, first_row), end=_row(run.end, rows, first_row))
    )


def _problem(one: FabProblem, rows: NDArray[np.int64], timed: bool, first_row: int) -> FabProblem:
    """Places are numbers of rows where a table has no time."""
    if timed:
        return one
    named = {name: _row(getattr(one, name), rows, first_row) for name in ("first_seen", "last_seen", "onset")}
    sensors = tuple(replace(each, left_at=_row(each.left_at, rows, first_row)) for each in one.sensors)
    return replace(one, sensors=sensors, **named)


def _row(place: str | float | None, rows: NDArray[np.int64], first_row: int) -> Any:
    return place if place is None or isinstance(place, str) else int(rows[int(place) - first_row]) + first_row
