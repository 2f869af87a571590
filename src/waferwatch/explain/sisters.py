"""The same moment on the other equipment: is it this chamber alone?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.context import places
from waferwatch.explain.scene import Scene
from waferwatch.explain.spot import Spot
from waferwatch.read.table import Role
from waferwatch.series.series import Series

_TOLERANCE = 8  # points by which an event on a sister may lie away from this one: one patch of MOMENT
_MOST_STRETCHES = 5000  # of one sister that are looked through


class SameMoment(StrEnum):
    """What makes a moment of another equipment the same one."""

    TIME = "time"
    LOT = "lot"  # the same lot in the same recipe step
    STEP = "step"  # the closest time that it entered the same recipe step
    RUN = "run"  # the same place in the run


@dataclass(frozen=True)
class Sister:
    """Another equipment at the same moment."""

    equipment: str
    stretch: Series  # without values
    view: slice  # positions in the stretch that are shown
    start: int  # position that is aligned with the event's first point; may lie outside the view
    flagged: int  # rows flagged within the event's span
    judged: int  # rows with a score within it
    peak_score: float  # NaN where no row was judged
    events: tuple[int, ...]  # numbers of its events there
    recipe: str | None = None
    step: str | None = None

    @property
    def rows(self) -> NDArray[np.int64]:
        return self.stretch.rows[self.view]


@dataclass(frozen=True)
class Sisters:
    """All other equipment at the moment of an event, those with flagged rows first."""

    moment: SameMoment | None  # None when there is no other equipment, or none of it can be compared
    total: int
    sisters: tuple[Sister, ...]  # that were judged then

    @property
    def flagged(self) -> int:
        return sum(one.flagged > 0 for one in self.sisters)

    @property
    def chamber_specific(self) -> bool | None:
        """Whether only this equipment was flagged; None when there is nothing to compare with."""
        return self.flagged == 0 if self.sisters else None


def find_sisters(scene: Scene, spot: Spot) -> Sisters:
    """Look at every other equipment at the time of the event; where no time is shared, at the same step or place."""
    by_scope: dict[tuple[str, ...], list[Series]] = {}
    for stretch in scene.layout.stretches:
        by_scope.setdefault(stretch.scope, []).append(stretch)
    own = by_scope.pop(spot.stretch.scope)
    found: list[Sister] = []
    moment = None
    if _is_on_a_clock(own):
        found = [one for scope, stretches in by_scope.items() if (one := _at_time(scene, spot, scope, stretches))]
        moment = SameMoment.TIME
    if not found:
        moment, found = _at_same_place(scene, spot, own, by_scope)
    judged = sorted((one for one in found if one.judged), key=lambda one: (-one.flagged, one.equipment))
    return Sisters(moment if judged else None, len(by_scope), tuple(_with_process(scene, judged)))


def _is_on_a_clock(own: list[Series]) -> bool:
    """Whether times of different equipment can be compared: they do not begin anew in every run."""
    times = [one.time for one in own]
    known = sorted((time for time in times if time is not None), key=lambda time: time[0])
    if len(known) < len(times):
        return False
    return all(one[-1] <= two[0] for one, two in pairwise(known))


def _at_time(scene: Scene, spot: Spot, scope: tuple[str, ...], stretches: list[Series]) -> Sister | None:
    """The stretch with most rows in view at the time of the event."""
    own = spot.stretch.time
    if own is None:
        return None
    best: tuple[Series, slice, NDArray[Any]] | None = None
    for one in stretches:
        if one.time is None:
            continue
        view = _between(one.time, own[spot.view.start], own[spot.view.stop - 1])
        rows = view.stop - view.start
        if rows and (best is None or rows > best[1].stop - best[1].start):
            best = one, view, one.time
    if best is None:
        return None
    stretch, view, time = best
    begins, ends = own[spot.first], own[spot.last]
    margin = _TOLERANCE * _spacing(own[spot.view])
    looked = _between(time, begins - margin, ends + margin)
    return _sister(scene, scope, stretch, view, int(np.searchsorted(time, begins, "left")), looked)


def _spacing(time: NDArray[Any]) -> Any:
    """Time from one point to the next, in the middle."""
    steps = np.diff(time)
    return np.sort(steps)[len(steps) // 2] if len(steps) else time[0] - time[0]


def _between(time: NDArray[Any], first: Any, last: Any) -> slice:
    start = int(np.searchsorted(time, first, "left"))
    return slice(start, max(start, int(np.searchsorted(time, last, "right"))))


def _at_same_place(
    scene: Scene, spot: Spot, own: list[Series], others: dict[tuple[str, ...], list[Series]]
) -> tuple[SameMoment | None, list[Sister]]:
    """The same lot and step, else the closest entry into the same step, else the same place in the run."""
    for moment, codes in ((SameMoment.LOT, _lot_and_step(scene)), (SameMoment.STEP, _step(scene))):
        if codes is None:
            continue
        found = [_at_step(scene, spot, scope, stretches, codes) for scope, stretches in others.items()]
        if any(found):
            return moment, [one for one in found if one is not None]
    number = next(number for number, one in enumerate(own) if one is spot.stretch)
    aligned = []
    for scope, stretches in others.items():
        if number < len(stretches) and spot.first < len(stretches[number]):
            aligned.append(_aligned(scene, spot, scope, stretches[number], spot.first))
    return (SameMoment.RUN if aligned else None), aligned


def _step(scene: Scene) -> NDArray[np.int32] | None:
    return scene.layout.step if scene.layout.step is not None else scene.layout.recipe


def _lot_and_step(scene: Scene) -> NDArray[np.int64] | None:
    """(rows,) a code of lot and recipe step; None without a lot column."""
    lots, steps = scene.layout.lot, _step(scene)
    if lots is None:
        return None
    return lots.astype(np.int64) if steps is None else lots.astype(np.int64) * (int(steps.max(initial=0)) + 1) + steps


def _at_step(
    scene: Scene, spot: Spot, scope: tuple[str, ...], stretches: list[Series], codes: NDArray[Any]
) -> Sister | None:
    """The closest entry into the event's step, aligned with the event's own entry."""
    code = codes[spot.event.start_row]
    own = codes[spot.stretch.rows[: spot.first + 1]]
    other = np.flatnonzero(own != code)
    into = spot.first - (int(other[-1]) + 1 if len(other) else 0)  # points from the event's own entry to its start
    best: tuple[int, Series, int] | None = None
    for one in _closest(stretches, spot.event.start_row):
        inside = codes[one.rows] == code
        entries = np.flatnonzero(inside & ~np.concatenate([[False], inside[:-1]]))
        if len(entries):
            away = np.abs(one.rows[entries] - spot.event.start_row)
            at = int(np.argmin(away))
            if best is None or int(away[at]) < best[0]:
                best = int(away[at]), one, int(entries[at])
    if best is None:
        return None
    return _aligned(scene, spot, scope, best[1], min(best[2] + into, len(best[1]) - 1))


def _closest(stretches: list[Series], row: int) -> Iterable[Series]:
    if len(stretches) <= _MOST_STRETCHES:
        return stretches
    return sorted(stretches, key=lambda one: abs(int(one.rows[0]) - row))[:_MOST_STRETCHES]


def _aligned(scene: Scene, spot: Spot, scope: tuple[str, ...], stretch: Series, start: int) -> Sister:
    first, last = start - (spot.first - spot.view.start), start + spot.view.stop - spot.first
    looked = slice(max(0, start - _TOLERANCE), start + spot.points + _TOLERANCE)
    return _sister(scene, scope, stretch, slice(max(0, first), min(len(stretch), last)), start, looked)


def _sister(scene: Scene, scope: tuple[str, ...], stretch: Series, view: slice, start: int, looked: slice) -> Sister:
    found = scene.found
    rows = stretch.rows[looked]
    scores = found.scores[rows]
    judged = scores[np.isfinite(scores)]
    return Sister(
        equipment=" / ".join(scope),
        stretch=stretch,
        view=view,
        start=start,
        flagged=int(found.flags[rows].sum()),
        judged=len(judged),
        peak_score=float(judged.max()) if len(judged) else float("nan"),
        events=tuple(int(number) for number in np.unique(found.event_ids[rows]) if number),
    )


def _with_process(scene: Scene, sisters: Sequence[Sister]) -> list[Sister]:
    """The same, with recipe and step in words."""
    rows = np.array([one.stretch.rows[min(one.start, len(one.stretch) - 1)] for one in sisters], np.int64)
    recipe, step = (scene.table.column(role) or "" for role in (Role.RECIPE, Role.STEP))
    found = [place.context for place in places(scene.table, rows)]
    return [
        replace(one, recipe=words.get(recipe), step=words.get(step)) for one, words in zip(sisters, found, strict=True)
    ]
