"""Scored rows of one equipment become occurrences of problems: m of n points, hysteresis, off-delay.

What happens depends on the rows alone, never on the blocks in which they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.verdicts import DOWN, OTHER, UP
from waferwatch.live.alarms.alarm import AlarmRecord, AlarmSubject
from waferwatch.live.scored import EarlyBlock

CARRIES = 0.5  # of the largest contribution: a sensor with as much carries the row
_MOST_CARRIERS = 8
_CONTEXT = ("recipe", "step", "lot", "wafer")


@dataclass(frozen=True)
class Carrier:
    """A sensor that carries the score of a row."""

    sensor: str
    amount: float
    sign: int  # +1 above what is usual, -1 below, 0 neither


@dataclass(frozen=True)
class JudgedRow:
    """One row with a score."""

    position: int
    time: str  # as alarms keep it
    score: float
    productive: bool
    recipe: str
    step: str
    lot: str
    wafer: str
    high: bool  # whether the score is not below the lower threshold
    carriers: tuple[Carrier, ...]  # the largest first; empty where it is, or no sensor contributes

    def shows(self, alarm: AlarmRecord) -> bool:
        """Whether the problem of an alarm is in this row, at whatever step."""
        if not alarm.sensor:
            return self.high and not self.carriers
        return any(one.sensor == alarm.sensor and _agrees(one.sign, alarm.direction) for one in self.carriers)

    def plain(self) -> list[Any]:
        """As JSON keeps it."""
        carriers = [[one.sensor, one.amount, one.sign] for one in self.carriers]
        context = (self.recipe, self.step, self.lot, self.wafer)
        return [self.position, self.time, self.score, self.productive, *context, self.high, carriers]

    @classmethod
    def of_plain(cls, values: list[Any]) -> JudgedRow:
        """What ``plain`` gave."""
        *plain, carriers = values
        return cls(*[*plain, tuple(Carrier(*one) for one in carriers)])


def judged_rows(block: EarlyBlock, chosen: NDArray[np.int64]) -> Iterator[JudgedRow]:
    """The rows of a block that have a score.

    Args:
        chosen: (k,) which of its rows, by their place in the block.
    """
    chosen = chosen[~np.isnan(block.scores[chosen])]
    times = np.datetime_as_string(block.times[chosen].astype("datetime64[us]")).tolist()
    scores, positions = block.scores[chosen], block.positions[chosen].tolist()
    high = scores >= block.lower_threshold
    carriers = _carriers(block, chosen, high)
    context = [_texts(block.context.get(name), chosen) for name in _CONTEXT]
    plain = (positions, times, scores.tolist(), block.productive[chosen].tolist(), *context, high.tolist(), carriers)
    for values in zip(*plain, strict=True):
        yield JudgedRow(*values)


def subject_of(rows: list[JudgedRow], equipment: str) -> AlarmSubject:
    """The problem that several rows show: their sensor with the largest contributions, at the place of the last one."""
    weights: dict[str, float] = {}
    signed: dict[str, float] = {}
    for row in rows:
        for one in row.carriers:
            weights[one.sensor] = weights.get(one.sensor, 0.0) + one.amount
            signed[one.sensor] = signed.get(one.sensor, 0.0) + one.amount * one.sign
    sensor = max(weights, key=lambda name: (weights[name], name), default="")
    lean = signed.get(sensor, 0.0)
    direction = UP if lean > 0 else DOWN if lean < 0 else OTHER
    return AlarmSubject(equipment, rows[-1].recipe, rows[-1].step, sensor, direction)


def _carriers(block: EarlyBlock, chosen: NDArray[np.int64], high: NDArray[np.bool_]) -> list[tuple[Carrier, ...]]:
    """Of each chosen row; none of a row that is not high, or to which no sensor contributes."""
    found: list[tuple[Carrier, ...]] = [()] * len(chosen)
    if not high.any() or not len(block.sensors):
        return found
    amounts = np.nan_to_num(block.contributions[chosen[high]].astype(np.float64))
    most = amounts.max(axis=1, keepdims=True)
    carrying = (amounts >= CARRIES * most) & (most > 0)
    signs = block.signs[chosen[high]]
    for number, row in enumerate(np.flatnonzero(high)):
        sensors = np.flatnonzero(carrying[number])
        ranked = sensors[np.argsort(-amounts[number, sensors], kind="stable")][:_MOST_CARRIERS]
        found[row] = tuple(
            Carrier(block.sensors[one], float(amounts[number, one]), int(signs[number, one])) for one in ranked
        )
    return found


def _agrees(sign: int, direction: str) -> bool:
    return sign == 0 or direction not in (UP, DOWN) or (direction == UP) == (sign > 0)


def _texts(column: NDArray[np.object_] | None, chosen: NDArray[np.int64]) -> list[str]:
    """Values of a context column; missing ones are empty."""
    if column is None:
        return [""] * len(chosen)
    return ["" if one is None or one != one else str(one) for one in column[chosen].tolist()]
