"""Which known problem each problem of a check is: the one with its fingerprint that shares most of its wafers."""

from __future__ import annotations

from collections.abc import Sequence

from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.problems.known import KnownProblem

_BLOCK = 64  # rows: events without wafers that touch the same block are the same problem again


def matches(found: Detection, known: Sequence[KnownProblem]) -> list[KnownProblem | None]:
    """For each problem of a detection the known one that it is; None for a new one. No known one is given twice.

    Of several with its fingerprint it is the one with which it shares the largest part. What an engineer has split off
    is taken out afterwards: see :meth:`Problems.listed`.
    """
    open_, result = [one for one in known if one.split_from is None], []
    for problem in found.problems:
        members = members_of(problem, found)
        alike = [
            (len(one.members & members) / len(one.members | members), -one.number, one)
            for one in open_
            if one.fingerprint == problem.fingerprint and one.members & members
        ]
        best = max(alike, key=lambda each: each[:2])[2] if alike else None
        result.append(best)
        if best is not None:
            open_.remove(best)
    return result


def members_of(problem: FabProblem, found: Detection) -> frozenset[str]:
    """What makes it the same problem again: its wafers by name, else their first rows; without any, rows of events."""
    if problem.runs:
        return frozenset(wafer_key(found, number) for number in problem.runs)
    ids = set(problem.events)
    spans = [event.row_span for event in found.events if event.id in ids]
    return frozenset(f"rows {n}" for first, last in spans for n in range(first // _BLOCK, last // _BLOCK + 1))


def wafer_key(found: Detection, number: int) -> str:
    """The name of a wafer of a detection, whatever check judges it."""
    one = found.runs[number]
    return f"{one.lot or ''}/{one.wafer}" if one.wafer is not None else f"row {one.start_row}"
