"""Marks of intended changes: where a problem that was meant began."""

from __future__ import annotations

from collections.abc import Iterable

from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.store.marks import Mark, MarkKind

_OF_CHANGES = (MarkKind.CHANGE, MarkKind.PM)


def place_of_change(problem: FabProblem) -> tuple[str | None, str]:
    """The chamber of a problem, and when it was first seen, as the clock of the data shows it."""
    first = problem.first_seen
    return problem.equipment or None, first if isinstance(first, str) else f"{first:.15g}"


def of_change(marks: Iterable[Mark], equipment: str | None, start: str) -> Mark | None:
    """The mark of a change or a maintenance that begins there."""
    wanted = (equipment, start)
    return next((one for one in marks if one.kind in _OF_CHANGES and (one.equipment, one.start) == wanted), None)
