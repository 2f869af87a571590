"""What the wafers of a problem say of it as a whole: how far it is off, how many in a row, and its title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.hard_rules import RANGE
from waferwatch.indicators.problems.problem import FabProblem, ProblemSeverity
from waferwatch.indicators.problems.severity import severity, severity_of_events
from waferwatch.indicators.verdicts import OTHER, RunScore, change_text
from waferwatch.read.table import Note
from waferwatch.series.steps import step_name

Ints = NDArray[np.int64]


def runs_of(all_runs: Sequence[RunScore], equipment: str | None) -> Ints:
    """Positions of the runs of one equipment."""
    return np.array([number for number, run in enumerate(all_runs) if run.equipment == equipment], np.int64)


def most_in_a_row(runs: Sequence[int], own: Ints) -> int:
    """The most of these runs that follow one another on their equipment."""
    at = np.searchsorted(own, np.array(runs))
    breaks = np.flatnonzero(np.diff(at) != 1) + 1
    return int(max(len(part) for part in np.split(at, breaks)))


def severity_of_wafers(
    all_runs: Sequence[RunScore], runs: Sequence[int], ratio: float, in_a_row: int, events: int
) -> tuple[ProblemSeverity, Note]:
    """How much a problem of wafers matters, and why.

    Args:
        runs: positions of its wafers among all.
        ratio: peak as a multiple of the limit.
        in_a_row: the most of its wafers that follow one another.
        events: how many events of rows it has.
    """
    if not any(all_runs[run].abnormal for run in runs):
        return severity_of_events(ratio, events)
    return severity(ratio, in_a_row, len(runs), any(RANGE in all_runs[run].rules for run in runs))


def usual_change(all_runs: Sequence[RunScore], runs: Sequence[int], sensor: str) -> float | None:
    """Median share of the usual value by which a sensor is off in its wafers; None where it leads none of them."""
    changes = [
        change for run in runs if all_runs[run].sensor == sensor and (change := all_runs[run].change) is not None
    ]
    return float(np.median(changes)) if changes else None


def wafers_title(found: FabProblem, all_runs: Sequence[RunScore], runs: Sequence[int]) -> Note:
    """What a problem of wafers is, in one sentence.

    Args:
        runs: positions of its wafers among all.
    """
    mine = [all_runs[run] for run in runs if all_runs[run].sensor == found.sensor] or [all_runs[runs[0]]]
    size = change_text(replace(mine[len(mine) // 2], change=found.change)) if found.direction != OTHER else ""
    values: dict[str, object] = {
        "sensor": found.sensor if found.sensor != "_length" else "",
        "change": size,
        "step": step_name(found.step or ""),
        "equipment": found.equipment or "",
        "count": found.count,
        "of": found.of,
        "since": found.first_seen,
    }
    if not found.step:
        return _on_the_whole(found, bool(size), values)
    return _named(found, bool(size), values) if found.equipment else _unnamed(found, bool(size), values)


def _named(found: FabProblem, changed: bool, values: dict[str, object]) -> Note:
    if found.sensor == "_length":
        return Note("Length of {step} {change} on {equipment}, wafers: {count} of {of}, since {since}", values)
    if not changed:
        return Note("{sensor} unusual in {step} on {equipment}, wafers: {count} of {of}, since {since}", values)
    return Note("{sensor} {change} in {step} on {equipment}, wafers: {count} of {of}, since {since}", values)


def _unnamed(found: FabProblem, changed: bool, values: dict[str, object]) -> Note:
    """In a table that names no equipment."""
    if found.sensor == "_length":
        return Note("Length of {step} {change}, wafers: {count} of {of}, since {since}", values)
    if not changed:
        return Note("{sensor} unusual in {step}, wafers: {count} of {of}, since {since}", values)
    return Note("{sensor} {change} in {step}, wafers: {count} of {of}, since {since}", values)


def _on_the_whole(found: FabProblem, changed: bool, values: dict[str, object]) -> Note:
    """In a table without steps."""
    if found.equipment:
        if found.sensor == "_length":
            return Note("Length {change} on {equipment}, wafers: {count} of {of}, since {since}", values)
        if not changed:
            return Note("{sensor} unusual on {equipment}, wafers: {count} of {of}, since {since}", values)
        return Note("{sensor} {change} on {equipment}, wafers: {count} of {of}, since {since}", values)
    if found.sensor == "_length":
        return Note("Length {change}, wafers: {count} of {of}, since {since}", values)
    if not changed:
        return Note("{sensor} unusual, wafers: {count} of {of}, since {since}", values)
    return Note("{sensor} {change}, wafers: {count} of {of}, since {since}", values)
