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
        return _none(wafers or runs, rows if not wafers else None)
    counted = [one for one in problems if one.severity is not ProblemSeverity.WEAK]
    notes = [_some(counted) if counted else _weak(problems)]
    if wafers:
        abnormal = sum(run.abnormal for run in wafers)
        values: dict[str, object] = {"abnormal": abnormal, "wafers": len(wafers)}
        one = Note("{abnormal} of {wafers} wafers is abnormal.", values)
        notes.append(one if abnormal == 1 else Note("{abnormal} of {wafers} wafers are abnormal.", values))
    return notes


def _none(runs: Sequence[RunScore], rows: int | None) -> list[Note]:
    """No problem, in what could be judged.

    Args:
        runs: wafers, or series where there are none.
        rows: of the data; None where they have wafers.
    """
    judged = sum(run.judged for run in runs)
    if runs and not judged:
        return [Note("No wafer could be judged.") if rows is None else Note("No row could be judged.")]
    if rows is not None:
        return [Note("No problem in {rows} rows.", {"rows": rows}) if rows != 1 else Note("No problem in 1 row.")]
    notes = [
        Note("No problem in {wafers} wafers.", {"wafers": judged}) if judged != 1 else Note("No problem in 1 wafer.")
    ]
    left = len(runs) - judged
    return [*notes, Note("Not judged: {count}.", {"count": left})] if left else notes


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
