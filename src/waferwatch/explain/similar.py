"""Events like this one, in this run and in earlier ones: what was done last time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waferwatch.events.event import Event

MOST_SIMILAR = 8
LEAST_COSINE = 0.6  # of two sensor profiles: below it other sensors carry the event
_SAME_KIND, _SAME_EQUIPMENT, _JUDGED = 0.05, 0.05, 0.15  # what these add to the cosine in the order of events


@dataclass(frozen=True)
class Candidate:
    """An event that may be like another one."""

    run: str
    dataset: str
    event: Event
    judged: bool  # whether an engineer has said what it was


@dataclass(frozen=True)
class Similar:
    """An event like another one."""

    candidate: Candidate
    cosine: float  # of the sensors' shares, 0 to 1
    same_stretch: bool  # the very rows of the event, found by another run


def cosine(one: Event, other: Event) -> float:
    """How alike the sensors' shares of two events are, 0 (no sensor in common) to 1 (the same profile)."""
    mine = {part.sensor: part.share for part in one.sensors}
    return _cosine(mine, math.hypot(*mine.values()), other)


def _cosine(mine: Mapping[str, float], size: float, other: Event) -> float:
    """Quick, since an event is compared with thousands."""
    length = size * math.hypot(*[part.share for part in other.sensors])
    return sum([part.share * mine.get(part.sensor, 0.0) for part in other.sensors]) / length if length else 0.0


def most_similar(run: str, dataset: str, event: Event, candidates: Iterable[Candidate]) -> list[Similar]:
    """The events most like this one, best first.

    Rank: cosine of the sensors' shares, and a little more for the same kind, the same equipment and a verdict. An event
    found by several runs on the same data is listed once: for the run that has a verdict, else of the one that comes
    first. Where other runs found this very event, they are listed only if they have a verdict.
    """
    ranked: list[tuple[float, Similar]] = []
    mine = {part.sensor: part.share for part in event.sensors}
    size = math.hypot(*mine.values())
    for one in candidates:
        if one.run == run and one.event.id == event.id:
            continue
        same = one.run != run and one.dataset == dataset and _overlaps(one.event, event)
        alike = _cosine(mine, size, one.event)
        if (same and one.judged) or (not same and alike >= LEAST_COSINE):
            ranked.append((_rank(event, one, alike), Similar(one, alike, same)))
    ranked.sort(key=lambda pair: -pair[0])
    chosen: list[Similar] = []
    for _, similar in ranked:
        if not any(_is_again(similar.candidate, other.candidate) for other in chosen):
            chosen.append(similar)
        if len(chosen) == MOST_SIMILAR:
            break
    return chosen


def _rank(event: Event, one: Candidate, alike: float) -> float:
    return (
        alike
        + _SAME_KIND * (one.event.kind is event.kind)
        + _SAME_EQUIPMENT * (one.event.equipment == event.equipment)
        + _JUDGED * one.judged
    )


def _is_again(one: Candidate, other: Candidate) -> bool:
    return one.run != other.run and one.dataset == other.dataset and _overlaps(one.event, other.event)


def _overlaps(one: Event, other: Event) -> bool:
    """Rows of several equipment may lie between one another: only those of the same one can be the same."""
    (first, last), (start, end) = one.row_span, other.row_span
    return one.equipment == other.equipment and first <= end and start <= last
