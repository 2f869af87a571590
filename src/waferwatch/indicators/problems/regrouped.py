"""Problems as an engineer groups them: several joined into one, or some wafers of one as a problem of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from waferwatch.events.event import Event
from waferwatch.indicators.problems.measures import (
    most_in_a_row,
    runs_of,
    severity_of_wafers,
    usual_change,
    wafers_title,
)
from waferwatch.indicators.problems.problem import FabProblem, ProblemSensor
from waferwatch.indicators.problems.severity import severity_of_events
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note


def joined(problems: Sequence[FabProblem], all_runs: Sequence[RunScore]) -> FabProblem:
    """Several problems of one detection as one, under the name and the leading sensor of the first.

    Args:
        problems: at least one.
        all_runs: the wafers of the detection, which ``FabProblem.runs`` counts.
    """
    first = problems[0]
    if len(problems) == 1:
        return first
    earliest = min(problems, key=lambda one: (isinstance(one.first_seen, str), one.first_seen))
    together = replace(
        first,
        onset=earliest.onset,
        first_seen=earliest.first_seen,
        last_seen=max((one.last_seen for one in problems), key=lambda at: (isinstance(at, str), at)),
        ongoing=any(one.ongoing for one in problems),
        count=sum(one.count for one in problems),
        of=sum(one.of for one in problems),
        in_a_row=max(one.in_a_row for one in problems),
        peak_score=max(one.peak_score for one in problems),
        ratio=max(one.ratio for one in problems),
        recipes=_once(one.recipes for one in problems),
        steps=_once(one.steps for one in problems),
        events=tuple(sorted({event for one in problems for event in one.events})),
        sensors=_sensors(problems),
    )
    runs = sorted({run for one in problems for run in one.runs})
    return _of_wafers(together, runs, all_runs) if runs else _of_rows(together)


def only_runs(
    problem: FabProblem, runs: Collection[int], all_runs: Sequence[RunScore], events: Sequence[Event]
) -> FabProblem:
    """A problem with some of its wafers alone.

    Args:
        runs: positions of wafers, at least one of them among ``problem.runs``.
        all_runs, events: of the detection.
    """
    kept = [run for run in problem.runs if run in runs]
    mine = set(problem.events)
    ids = {one.id for one in events if one.id in mine and _run_of(one, problem.runs, all_runs) in kept}
    heights = [all_runs[run].ratio for run in kept if np.isfinite(all_runs[run].ratio)]
    scores = [all_runs[run].score for run in kept if np.isfinite(all_runs[run].score)]
    part = replace(
        problem,
        events=tuple(sorted(ids)),
        onset=problem.onset if kept[0] == problem.runs[0] else all_runs[kept[0]].start or 0,
        ratio=max([1.0, *heights]),
        peak_score=max(scores, default=problem.peak_score),
    )
    return _of_wafers(part, kept, all_runs)


def _of_wafers(one: FabProblem, runs: Sequence[int], all_runs: Sequence[RunScore]) -> FabProblem:
    own = runs_of(all_runs, one.equipment)
    in_a_row = most_in_a_row(runs, own)
    kind, why = severity_of_wafers(all_runs, runs, one.ratio, in_a_row, len(one.events))
    values: dict[str, Any] = {
        "severity": kind,
        "why": why,
        "runs": tuple(runs),
        "wafers": tuple("/".join(filter(None, (all_runs[run].lot, all_runs[run].wafer))) for run in runs),
        "recipes": _once([[name for run in runs if (name := all_runs[run].recipe)]]),
        "first_seen": all_runs[runs[0]].start or 0,
        "last_seen": all_runs[runs[-1]].end or 0,
        "ongoing": bool(runs[-1] == own[-1]),
        "count": len(runs),
        "of": int(((own >= runs[0]) & (own <= runs[-1])).sum()),
        "in_a_row": in_a_row,
        "change": usual_change(all_runs, runs, one.sensor),
    }
    made = replace(one, **values)
    return replace(made, title=wafers_title(made, all_runs, runs))


def _of_rows(one: FabProblem) -> FabProblem:
    kind, why = severity_of_events(one.ratio, one.count)
    values = {"count": one.count, "since": one.first_seen}
    return replace(one, severity=kind, why=why, title=_with(one.title, values))


def _with(note: Note | None, values: Mapping[str, object]) -> Note | None:
    """The same sentence with other values in the places that it has."""
    if note is None:
        return None
    return Note(note.template, {name: values.get(name, value) for name, value in note.values.items()})


def _run_of(event: Event, runs: Sequence[int], all_runs: Sequence[RunScore]) -> int:
    """The wafer in which an event peaks: the last of them that had begun by then. Rows need not be in time order."""
    begun = [run for run in runs if _moment(all_runs[run].start) <= _moment(event.peak)]
    return max(begun, key=lambda run: _moment(all_runs[run].start), default=runs[0])


def _moment(place: str | float | None) -> Any:
    """A place in time that can be compared: text may be exact to another part of a second."""
    return np.datetime64(place) if isinstance(place, str) else place or 0


def _sensors(problems: Sequence[FabProblem]) -> tuple[ProblemSensor, ...]:
    """Each sensor once, in the order of the problems, with its mean share."""
    named: dict[str, ProblemSensor] = {}
    shares: dict[str, float] = {}
    for problem in problems:
        for one in problem.sensors:
            named.setdefault(one.sensor, one)
            shares[one.sensor] = shares.get(one.sensor, 0.0) + one.share / len(problems)
    return tuple(replace(one, share=shares[name]) for name, one in named.items())


def _once(names: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in names for name in each))
