"""Problems joined over units, and compared over the equipment of a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.indicators.frames import problem_frame
from waferwatch.indicators.problems.problem import DAYS, Alone, FabProblem, problem_of
from waferwatch.indicators.problems.severity import order, severity
from waferwatch.read.table import Note

_WHOLE = ("number", "count", "of", "in_a_row")
_NUMBERS = ("peak_score", "limit", "ratio", "change")
_TIMES = ("first_seen", "last_seen", "onset")
_SAME = ("step", "sensor", "direction")
_HOURS = 24.0  # from the first sign of a problem, within which sisters that have it too count


@dataclass
class _Gathered:
    """A problem while its parts are gathered."""

    parts: list[Mapping[str, Any]] = field(default_factory=list)
    wafers: list[int] = field(default_factory=list)  # numbers among all wafers of the equipment
    names: list[str] = field(default_factory=list)
    events: set[int] = field(default_factory=set)


def joined_problems(
    parts: Sequence[Mapping[str, Any] | None], events: Mapping[tuple[int, int], int]
) -> list[FabProblem]:
    """The problems of an equipment, worst first.

    What has the same leading sensor, step and direction within a week is the same problem, whatever the recipe.

    Args:
        parts: of each unit in order of time; None for one that failed.
        events: (unit, event in it) -> number of the event in the whole.
    """
    gathered: dict[tuple[str | None, ...], list[_Gathered]] = {}
    wafers = 0
    for unit, part in enumerate(parts):
        if part is None:
            continue
        for one in part["problems"]:
            mine = gathered.setdefault(tuple(one[name] for name in _SAME), [])
            if not mine or _days(mine[-1].parts[-1]["last_seen"], one["first_seen"]) > DAYS:
                mine.append(_Gathered())
            _add(mine[-1], one, wafers, {events[unit, event] for event in one["events"] if (unit, event) in events})
        wafers += part["wafers"]
    found = [_problem(one, wafers, len(set(events.values()))) for same in gathered.values() for one in same]
    found.sort(key=lambda one: order(one.severity, one.ongoing, one.ratio, one.count))
    return [replace(one, number=number) for number, one in enumerate(found, start=1)]


def _add(gathered: _Gathered, part: Mapping[str, Any], wafers: int, events: set[int]) -> None:
    gathered.parts.append(part)
    gathered.wafers += [wafers + number for number in part["runs"]]
    gathered.names += [name for name in part["wafers"] if name not in gathered.names]
    gathered.events |= events


def _problem(one: _Gathered, wafers: int, events: int) -> FabProblem:
    worst = max(one.parts, key=lambda part: part["ratio"])
    first, last = one.parts[0], one.parts[-1]
    numbers = sorted(set(one.wafers))
    count = len(numbers) or len(one.events)
    of = numbers[-1] - numbers[0] + 1 if numbers else count
    in_a_row = _longest(numbers) if numbers else 1
    kind, why = severity(worst["ratio"], in_a_row, count, False)
    ongoing = numbers[-1] == wafers - 1 if numbers else bool(last["ongoing"]) and max(one.events, default=0) == events
    known = problem_of({"number": 0, **worst})
    return replace(
        known,
        severity=kind,
        why=why,
        ongoing=ongoing,
        first_seen=first["first_seen"],
        last_seen=last["last_seen"],
        onset=first["onset"],
        count=count,
        of=of,
        in_a_row=in_a_row,
        alone=Alone.UNKNOWN,
        recipes=_all(one.parts, "recipes"),
        steps=_all(one.parts, "steps"),
        wafers=tuple(one.names),
        events=tuple(sorted(one.events)),
        runs=tuple(numbers),
        title=_title(known.title, count, of, first["first_seen"]),
    )


def _all(parts: Sequence[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for part in parts for value in part[name]))


def _title(note: Note | None, count: int, of: int, since: object) -> Note | None:
    if note is None:
        return None
    now = {"count": count, "of": of, "since": since}
    return Note(note.template, {name: now.get(name, value) for name, value in note.values.items()})


def _longest(numbers: Sequence[int]) -> int:
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return max(len(part) for part in np.split(np.array(numbers), breaks))


def _days(earlier: str, later: str) -> float:
    return float((np.datetime64(later, "ns") - np.datetime64(earlier, "ns")) / np.timedelta64(1, "D"))


def typed_problems(problems: Sequence[FabProblem]) -> pd.DataFrame:
    """As ``problem_frame``, with columns of one type each, whatever they hold here; times are dates."""
    frame = problem_frame(problems)
    times = {name: pd.to_datetime(frame[name]).astype("datetime64[ns]") for name in _TIMES}
    kinds: dict[str, Any] = dict.fromkeys((name for name in frame.columns if name not in times), "string")
    kinds |= dict.fromkeys(_WHOLE, "int64") | dict.fromkeys(_NUMBERS, "float64") | {"ongoing": "bool"}
    return frame.astype(kinds).assign(**times)


def over_fleet(problems: pd.DataFrame) -> pd.DataFrame:
    """The problems of all equipment, worst first, with the sisters that show the same within a day.

    Args:
        problems: as ``problem_frame`` has them, with the column ``equipment``.
    """
    if problems.empty:
        return problems
    same = problems.groupby(["recipe", "step", "sensor", "direction"], dropna=False, sort=False)
    also = np.full(len(problems), "", dtype=object)
    for _, mine in same:
        if mine["equipment"].nunique() > 1:
            also[mine.index.to_numpy()] = _sisters(mine)
    alone = np.where(also == "", Alone.UNKNOWN.value, Alone.NO.value)
    rank = {"severe": 0, "clear": 1, "weak": 2}
    found = problems.assign(also_on=also.tolist(), alone=alone, rank=problems["severity"].map(rank))
    found = found.sort_values(["ongoing", "rank", "ratio"], ascending=[False, True, False], kind="stable")
    return found.drop(columns="rank").assign(number=range(1, len(found) + 1)).reset_index(drop=True)


def _sisters(mine: pd.DataFrame) -> list[str]:
    """Of problems that are alike, the other equipment that has one within a day of each."""
    seen = mine["first_seen"].to_numpy()
    names = mine["equipment"].to_numpy()
    found = []
    for at, name in zip(seen, names, strict=True):
        near = np.abs((seen - at) / np.timedelta64(1, "h")) <= _HOURS
        found.append(", ".join(sorted({str(other) for other in names[near] if other != name})))
    return found
