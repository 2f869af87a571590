"""Problems of a table without runs: events with one fingerprint become one problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Event
from waferwatch.indicators.problems.problem import Alone, FabProblem, ProblemSensor
from waferwatch.indicators.problems.severity import order, severity_of_events
from waferwatch.indicators.verdicts import DOWN, OTHER, UP
from waferwatch.read.cells.values import to_float
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Note, Role, Table

_MOST_SENSORS = 5
_FAR = 3.0  # robust spreads by which an event's values lie to one side


def problems_of_rows(
    table: Table,
    events: Sequence[Event],
    flags: NDArray[np.bool_],
    event_ids: NDArray[np.int64],
    threshold: float,
    ends: Collection[int],
) -> list[FabProblem]:
    """Problems, worst first; events of the same equipment, recipe, step, leading sensor and direction are one.

    Args:
        flags, event_ids: (rows,) in table order.
        threshold: of the row scores.
        ends: the last rows of each equipment in time, by their place in the table: an event there is still going on.
    """
    scope = group_codes(table.frame, table.columns(Role.EQUIPMENT))[0]
    groups: dict[tuple[str | None, ...], list[Event]] = {}
    names = {role: table.column(role) for role in (Role.RECIPE, Role.STEP)}
    usual: dict[tuple[int, str], tuple[float, float]] = {}
    rows_of = _rows_of_events(event_ids)
    for event in events:
        rows = rows_of[event.id]
        sensor = event.sensors[0].sensor if event.sensors else ""
        side = _side(table, sensor, rows, scope, flags, usual) if sensor else OTHER
        place = [event.context.get(names[role] or "") for role in (Role.RECIPE, Role.STEP)]
        groups.setdefault((event.equipment, *place, sensor, side), []).append(event)
    found = [_problem(key, mine, threshold, ends) for key, mine in groups.items()]
    found.sort(key=lambda one: order(one.severity, one.ongoing, one.ratio, one.count))
    return [replace(one, number=number) for number, one in enumerate(found, start=1)]


def _rows_of_events(event_ids: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Event -> its rows, in one pass: a look at all rows for each of thousands of events took minutes."""
    rows = np.flatnonzero(event_ids)
    rows = rows[np.argsort(event_ids[rows], kind="stable")]
    ids, first = np.unique(event_ids[rows], return_index=True)
    borders = [*first.tolist(), len(rows)]
    return {one: rows[start:stop] for one, (start, stop) in zip(ids.tolist(), pairwise(borders), strict=True)}


def _side(
    table: Table,
    sensor: str,
    rows: NDArray[np.int64],
    scope: NDArray[np.intp],
    flags: NDArray[np.bool_],
    usual: dict[tuple[int, str], tuple[float, float]],
) -> str:
    """To which side of the equipment's unflagged rows the event lies."""
    tool = int(scope[rows[0]])
    values = to_float(table.frame[sensor])
    if (tool, sensor) not in usual:
        normal = values[(scope == tool) & ~flags]
        normal = normal[np.isfinite(normal)]
        middle = float(np.median(normal)) if len(normal) else float("nan")
        usual[tool, sensor] = middle, 1.4826 * float(np.median(np.abs(normal - middle))) if len(normal) else 0.0
    middle, spread = usual[tool, sensor]
    mine = values[rows]
    off = float(np.nanmedian(mine)) - middle if np.isfinite(mine).any() else float("nan")
    if not abs(off) > _FAR * spread:
        return OTHER
    return UP if off > 0 else DOWN


def _problem(key: tuple[str | None, ...], events: list[Event], threshold: float, ends: Collection[int]) -> FabProblem:
    equipment, recipe, step, sensor, direction = (part or "" for part in key)
    peak = max(event.peak_score for event in events)
    ratio = peak / threshold if threshold > 0 else 1.0
    kind, why = severity_of_events(ratio, len(events))
    return FabProblem(
        number=0,
        fingerprint=" | ".join((equipment, recipe, step, sensor, direction)),
        equipment=key[0],
        recipe=key[1],
        step=key[2],
        sensor=sensor,
        direction=direction,
        statistic="rows",
        severity=kind,
        ongoing=events[-1].end_row in ends,
        first_seen=events[0].start,
        last_seen=events[-1].end,
        onset=events[0].start,
        count=len(events),
        of=len(events),
        in_a_row=1,
        peak_score=peak,
        limit=threshold,
        ratio=ratio,
        change=None,
        alone=Alone.UNKNOWN,
        also_on=(),
        recipes=(recipe,) if recipe else (),
        steps=(step,) if step else (),
        events=tuple(event.id for event in events),
        sensors=_sensors(events, sensor, direction),
        title=_title(equipment, sensor, events),
        why=why,
    )


def _sensors(events: Sequence[Event], leading: str, direction: str) -> tuple[ProblemSensor, ...]:
    shares: dict[str, float] = {}
    for event in events:
        for one in event.sensors:
            shares[one.sensor] = shares.get(one.sensor, 0.0) + one.share / len(events)
    ranked = sorted(shares.items(), key=lambda item: -item[1])[:_MOST_SENSORS]
    return tuple(ProblemSensor(name, share, direction if name == leading else OTHER, None) for name, share in ranked)


def _title(equipment: str, sensor: str, events: Sequence[Event]) -> Note:
    values: dict[str, object] = {
        "sensor": sensor,
        "equipment": equipment,
        "count": len(events),
        "since": events[0].start,
    }
    if not equipment:
        return Note("{sensor} unusual, events: {count}, since {since}", values)
    return Note("{sensor} unusual on {equipment}, events: {count}, since {since}", values)
