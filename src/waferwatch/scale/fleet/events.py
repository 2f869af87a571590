"""Events and problems of one equipment, joined over the borders of its units."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.events.build import sensor_shares
from waferwatch.events.event import Kind
from waferwatch.events.kinds import STATE_ROWS
from waferwatch.events.merge import (
    LEAST_FLAGGED,
    MERGE_GAP_POINTS,
    RUNS_OF_STATE,
    runs_in_a_row,
    states_joined,
)
from waferwatch.scale.fleet.line import EquipmentLine, PlacedStretch
from waferwatch.scale.fleet.problems import joined_problems, typed_problems

SENSORS = 5  # of an event with columns of their own
Part = Mapping[str, Any]


@dataclass(frozen=True)
class Joined:
    """What an equipment has over all its units."""

    events: pd.DataFrame
    problems: pd.DataFrame
    counts: dict[str, int]  # events, problems


def join_equipment(parts: Sequence[Part | None]) -> Joined:
    """Join what the units of an equipment have found.

    Args:
        parts: of each unit in order of time; None for one that failed: nothing is joined over it.
    """
    line = EquipmentLine.of(parts)
    groups = _groups(line)
    features: list[str] = next((part["features"] for part in parts if part is not None), [])
    events = events_frame(groups, features)
    ids = {(one.unit, one.event): at for at, group in enumerate(groups, start=1) for one in group}
    problems = joined_problems(parts, ids)
    return Joined(events, typed_problems(problems), {"events": len(groups), "problems": len(problems)})


def _groups(line: EquipmentLine) -> list[list[PlacedStretch]]:
    """The stretches of each event, in order of their start."""
    some = line.stretches
    if not some:
        return []
    owner = np.array([one.owner for one in some], np.int64)
    begin, end = (np.array([getattr(one, name) for one in some], np.int64) for name in ("first", "last"))
    starts = np.ones(len(some), np.bool_)
    starts[1:] = (owner[1:] != owner[:-1]) | (begin[1:] - end[:-1] > MERGE_GAP_POINTS + 1)
    starts = _without_short_gaps(starts, begin, end, owner)
    starts = _without_borders_of_runs(starts, owner, line)
    found = [list(group) for group in np.split(np.array(some, dtype=object), np.flatnonzero(starts)[1:])]
    return sorted(found, key=lambda group: (group[0].facts["start"], group[0].facts["start_row"]))


def _without_short_gaps(
    starts: NDArray[np.bool_], begin: NDArray[np.int64], end: NDArray[np.int64], owner: NDArray[np.int64]
) -> NDArray[np.bool_]:
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(starts)) - 1
    joined = starts.copy()
    joined[first[states_joined(begin[first], end[last], owner[first])]] = False
    return joined


def _without_borders_of_runs(
    starts: NDArray[np.bool_], owner: NDArray[np.int64], line: EquipmentLine
) -> NDArray[np.bool_]:
    rows = np.bincount(owner, [one.facts["rows"] for one in line.stretches])
    flagged = [
        number
        for number in np.unique(owner).tolist()
        if line.series[number].is_run and rows[number] >= LEAST_FLAGGED * line.series[number].rows
    ]
    joined = starts.copy()
    for group in runs_in_a_row(flagged, [""] * len(flagged)):
        mine = np.flatnonzero(np.isin(owner, group))
        joined[mine[1:]] = False
    return joined


def events_frame(groups: Sequence[Sequence[PlacedStretch]], features: Sequence[str]) -> pd.DataFrame:
    """(events, columns) one row for each event, by its start."""
    carried = np.array([np.sum([one.facts["carried"] for one in group], axis=0) for group in groups])
    shares = sensor_shares(carried, features) if len(groups) else []
    rows = []
    for number, (group, sensors) in enumerate(zip(groups, shares, strict=True), start=1):
        peak = max(group, key=lambda one: (one.facts["peak_score"], -one.facts["peak_row"])).facts
        first, last = group[0].facts, group[-1].facts
        ranked = [*sensors[:SENSORS], *[None] * (SENSORS - len(sensors))]
        rows.append(
            {
                "event": number,
                "kind": _kind(group),
                **{name: pd.Timestamp(value) for name, value in _ends(first, last, peak).items()},
                "start_row": first["start_row"],
                "end_row": last["end_row"],
                "peak_row": peak["peak_row"],
                "rows": sum(one.facts["rows"] for one in group),
                "peak_score": peak["peak_score"],
                "lot": peak["lot"],
                "context": json.dumps(peak["context"], ensure_ascii=False, sort_keys=True),
                "usual_every_hours": peak["usual_every_hours"],
                **{f"sensor_{at}": one and one.sensor for at, one in enumerate(ranked, start=1)},
                **{f"share_{at}": one and one.share for at, one in enumerate(ranked, start=1)},
            }
        )
    return _typed(pd.DataFrame(rows, columns=list(_COLUMNS)))


_COLUMNS: dict[str, str] = {
    "event": "int64",
    "kind": "string",
    **dict.fromkeys(("start", "end", "peak"), "datetime64[ns]"),
    **dict.fromkeys(("start_row", "end_row", "peak_row", "rows"), "int64"),
    "peak_score": "float64",
    "lot": "string",
    "context": "string",
    "usual_every_hours": "float64",
    **{f"sensor_{at}": "string" for at in range(1, SENSORS + 1)},
    **{f"share_{at}": "float64" for at in range(1, SENSORS + 1)},
}


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds: Any = _COLUMNS
    return frame.astype(kinds)


def _ends(first: Part, last: Part, peak: Part) -> dict[str, int]:
    return {"start": first["start"], "end": last["end"], "peak": peak["peak"]}


def _kind(group: Sequence[PlacedStretch]) -> str:
    """A state by its length over all units; else what most of its rows were found to be in their unit."""
    runs = {one.owner for one in group}
    span = group[-1].last - group[0].first + 1
    if len(runs) >= RUNS_OF_STATE or (len(runs) == 1 and span >= STATE_ROWS):
        return Kind.STATE.value
    rows: dict[str, int] = {}
    for one in group:
        rows[one.facts["kind"]] = rows.get(one.facts["kind"], 0) + one.facts["rows"]
    return max(rows, key=lambda kind: rows[kind])
