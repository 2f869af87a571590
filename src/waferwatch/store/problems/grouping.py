"""The problems of a check as an engineer has grouped them: some merged into others, some wafers split off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.problems.regrouped import joined, only_runs
from waferwatch.indicators.problems.severity import order
from waferwatch.scoring.result import Detection
from waferwatch.store.problems.known import KnownProblem
from waferwatch.store.problems.matching import wafer_key


@dataclass(frozen=True)
class ListedProblem:
    """A problem of a check as an engineer has grouped it, and what is kept of it."""

    problem: FabProblem
    known: KnownProblem


def root_of(number: int, known: Mapping[int, KnownProblem]) -> int:
    """The problem that this one is counted to in the end."""
    while (into := known[number].merged_into) is not None:
        number = into
    return number


def regrouped(found: Detection, matched: Sequence[KnownProblem], every: Sequence[KnownProblem]) -> list[ListedProblem]:
    """The problems of a detection as they are merged and split, worst first.

    Args:
        matched: the known problem that each of ``found.problems`` is.
        every: all known problems of the data, by number.
    """
    known = {one.number: one for one in every}
    groups: dict[int, list[tuple[bool, FabProblem]]] = {}
    for problem, one in zip(found.problems, matched, strict=True):
        root = root_of(one.number, known)
        groups.setdefault(root, []).append((one.number != root, problem))
    together = {
        root: joined([problem for _, problem in sorted(mine, key=lambda each: each[0])], found.runs)
        for root, mine in groups.items()
    }
    for one in every:
        if one.split_from is not None:
            _take_out(together, one, known, found)
    listed = [ListedProblem(problem, known[number]) for number, problem in together.items()]
    return sorted(listed, key=lambda one: _weight(one.problem))


def _take_out(
    together: dict[int, FabProblem], split: KnownProblem, known: Mapping[int, KnownProblem], found: Detection
) -> None:
    """Move the wafers of a split from the problem that they were found with to where they are counted now."""
    origin, target = root_of(split.split_from or 0, known), root_of(split.number, known)
    whole = together.get(origin)
    if whole is None or origin == target:
        return
    mine = {run for run in whole.runs if wafer_key(found, run) in split.members}
    rest = set(whole.runs) - mine
    if not mine:
        return
    part = only_runs(whole, mine, found.runs, found.events)
    if rest:
        together[origin] = only_runs(whole, rest, found.runs, found.events)
    else:
        del together[origin]
    together[target] = joined([together[target], part], found.runs) if target in together else part


def _weight(one: FabProblem) -> tuple[bool, int, float]:
    return order(one.severity, one.ongoing, one.ratio, one.count)
