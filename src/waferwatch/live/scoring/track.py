"""Where early scoring of one equipment stands: all that the score of its next row rests on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.live.equipment_states import is_down, may_alarm
from waferwatch.live.log.reading import LoggedRows
from waferwatch.live.scoring.frames import clock_unit
from waferwatch.live.scoring.watched import WatchedModel
from waferwatch.models.early.detector import EarlyPart
from waferwatch.models.levels import as_before
from waferwatch.series.series import Series
from waferwatch.series.steps import NO_STEP, Steps, stage_numbers, ticks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EarlyScores:
    """Of some rows, in their order."""

    points: Floats  # (n,) on the common scale, NaN = not judged
    contributions: NDArray[np.float32]  # (n, S)
    signs: NDArray[np.int8]  # (n, S)
    productive: NDArray[np.bool_]  # (n,)


@dataclass
class EarlyTrack:
    """Scores rows of one equipment by one version, as they come."""

    watched: WatchedModel
    equipment: str
    series: int = -1
    run: str = ""
    stage: int = NO_STEP
    tick: int = -1
    time: int = 0
    down: bool = False  # whether its last row says that it is
    before: Floats = field(default_factory=lambda: np.empty((0, 0)))  # distances of the last rows of the series

    def score(self, rows: LoggedRows) -> EarlyScores:
        """Scores of the next rows; the same however they are cut into blocks."""
        model = self.watched.model
        part, early = self.watched.part(self.equipment), self.watched.early
        values = rows.sensor_values(model.features)
        productive = _productive(tuple(rows.context["state"]))
        self.down = is_down(rows.context["state"][-1])
        if not isinstance(part, EarlyPart) or early is None:
            unknown = np.full(values.shape, np.nan, np.float32)
            return EarlyScores(np.full(len(rows), np.nan), unknown, np.zeros(values.shape, np.int8), productive)
        steps, begins = self._steps(rows), self._begins(rows)
        values = self._as_before(values, rows, steps)
        if early.decades is not None:
            values = early.decades.values(values)
        found = [self._stretch(part, values, steps, start, stop, begins) for start, stop in _stretches(begins)]
        self._go_on(rows, steps)
        points = early.rarity.of(np.concatenate([one.points for one in found]))
        height = np.maximum(points, 0.0)[:, None]
        shares = np.concatenate([one.shares for one in found])
        sides = np.concatenate([one.sides for one in found])
        return EarlyScores(points, (shares * height).astype(np.float32), sides, productive)

    def kept(self) -> tuple[str, bytes]:
        """All of it, as text and bytes."""
        about = {name: getattr(self, name) for name in ("series", "run", "stage", "tick", "time", "down")}
        return json.dumps(about), self.before.tobytes()

    @classmethod
    def restored(cls, watched: WatchedModel, equipment: str, about: str, before: bytes) -> Self:
        """What :meth:`kept` gave."""
        known: dict[str, Any] = json.loads(about)
        sensors = max(1, len(watched.model.features))
        return cls(watched, equipment, **known, before=np.frombuffer(before, np.float64).reshape(-1, sensors).copy())

    def _stretch(
        self, part: EarlyPart, values: Floats, steps: Steps, start: int, stop: int, begins: NDArray[np.bool_]
    ) -> Any:
        if begins[start] or self.before.shape[1] != values.shape[1]:
            self.before = np.empty((0, values.shape[1]))
        found = part.rows(values[start:stop], steps.at(slice(start, stop)), self.before)
        self.before = found.last
        return found

    def _begins(self, rows: LoggedRows) -> NDArray[np.bool_]:
        """(n,) whether a row begins a series, as the model cuts them."""
        found: NDArray[np.bool_] = np.diff(rows.series, prepend=self.series) != 0
        if self.watched.by_wafer:
            return found | _changes(rows.runs, self.run)
        layout = self.watched.model.layout
        gap = layout.gap((self.equipment,)) if layout.gaps else None
        if gap is None:
            return found
        longest = gap * clock_unit(self.equipment, self.watched.model)
        return found | (np.diff(rows.times, prepend=self.time) > longest)

    def _steps(self, rows: LoggedRows) -> Steps:
        roles = self.watched.stage_roles
        count = len(rows)
        if not roles and not self.watched.by_wafer:
            return Steps(np.full(count, NO_STEP, np.int64), np.zeros(count, np.int64))
        stage = _stages([tuple(rows.context[role][at] for role in roles) for at in range(count)])
        enters = np.diff(stage, prepend=self.stage) != 0
        enters |= _changes(rows.runs, self.run) | (np.diff(rows.series, prepend=self.series) != 0)
        tick = ticks(np.concatenate([[True], enters]))[1:]
        # Rows before the first change go on with the step that was under way.
        going_on = ~np.maximum.accumulate(enters)
        tick = np.where(going_on, np.arange(1, count + 1) + self.tick, tick)
        return Steps(stage, tick)

    def _as_before(self, values: Floats, rows: LoggedRows, steps: Steps) -> Floats:
        shifts = self.watched.model.shifts
        if not shifts:
            return values
        time = rows.times.view("datetime64[ns]")
        scope = (self.equipment,)
        series = Series(values, np.arange(len(rows)), time, key=scope, scope=scope, steps=steps)
        return as_before([series], shifts)[0].values

    def _go_on(self, rows: LoggedRows, steps: Steps) -> None:
        self.series, self.run, self.time = int(rows.series[-1]), str(rows.runs[-1]), int(rows.times[-1])
        self.stage, self.tick = int(steps.stage[-1]), int(steps.tick[-1])


def _changes(names: NDArray[np.object_], before: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.asarray(names != np.concatenate([[before], names[:-1]]), np.bool_)
    return found


def _stretches(begins: NDArray[np.bool_]) -> list[tuple[int, int]]:
    starts = [0, *(int(at) for at in np.flatnonzero(begins) if at > 0)]
    return list(zip(starts, [*starts[1:], len(begins)], strict=True))


def _stages(names: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    return np.array([_stage(one) for one in names], np.int64)


@lru_cache(maxsize=20_000)
def _stage(name: tuple[str, ...]) -> int:
    return int(stage_numbers([name])[0]) if name else NO_STEP


def _productive(states: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.array([_may_alarm(one) for one in states], np.bool_)


_may_alarm = lru_cache(maxsize=1000)(may_alarm)
