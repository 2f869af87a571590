"""What was found, in one sentence: the same on pages, in reports and in messages."""

from __future__ import annotations

from collections.abc import Sequence

from waferwatch.indicators.problems.problem import FabProblem, ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note


def headline(problems: Sequence[FabProblem], runs: Sequence[RunScore], rows: int) -> list[Note]:
    """How many problems on which chambers, and how many wafers are abnormal. The title of the worst says the rest.

    Weak problems are counted only where there are no others.

    Args:
        problems: worst first.
        runs: what was judged.
        rows: of the data, for data without wafers.
    """
    wafers = [run for run in runs if run.wafer is not None]
    if not problems:
        return [_none(len(wafers), rows)]
    counted = [one for one in problems if one.severity is not ProblemSeverity.WEAK]
    notes = [_some(counted) if counted else _weak(problems)]
    if wafers:
        values: dict[str, object] = {"abnormal": sum(run.abnormal for run in wafers), "wafers": len(wafers)}
        notes.append(Note("{abnormal} of {wafers} wafers are abnormal.", values))
    return notes


def _none(wafers: int, rows: int) -> Note:
    if wafers:
        return Note("No problem in {wafers} wafers.", {"wafers": wafers})
    return Note("No problem in {rows} rows.", {"rows": rows})


def _some(problems: Sequence[FabProblem]) -> Note:
    chambers = sorted({one.equipment for one in problems if one.equipment})
    values: dict[str, object] = {"count": len(problems), "chambers": len(chambers), "chamber": "".join(chambers[:1])}
    if len(chambers) > 1:
        return Note("{count} problems on {chambers} chambers.", values)
    if len(problems) == 1:
        return Note("1 problem on {chamber}.", values) if chambers else Note("1 problem.")
    return Note("{count} problems on {chamber}.", values) if chambers else Note("{count} problems.", values)


def _weak(problems: Sequence[FabProblem]) -> Note:
    if len(problems) == 1:
        return Note("No clear problem, 1 weak one.")
    return Note("No clear problem, {count} weak ones.", {"count": len(problems)})
