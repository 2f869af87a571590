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
    times = np.datetime_as_string(block.times.astype("datetime64[us]"))
    for row in chosen:
        score = float(block.scores[row])
        if np.isnan(score):
            continue
        recipe, step, lot, wafer = (
            _text(block.context[name][row]) if name in block.context else "" for name in _CONTEXT
        )
        high = score >= block.lower_threshold
        carriers = _carriers(block, int(row)) if high else ()
        productive = bool(block.productive[row])
        yield JudgedRow(
            int(block.positions[row]), str(times[row]), score, productive, recipe, step, lot, wafer, high, carriers
        )


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


def _carriers(block: EarlyBlock, row: int) -> tuple[Carrier, ...]:
    amounts = np.nan_to_num(block.contributions[row].astype(np.float64))
    if not len(amounts) or amounts.max() <= 0:
        return ()
    order = np.argsort(-amounts, kind="stable")[:_MOST_CARRIERS]
    carrying = order[amounts[order] >= CARRIES * amounts[order[0]]]
    return tuple(Carrier(block.sensors[one], float(amounts[one]), int(block.signs[row, one])) for one in carrying)


def _agrees(sign: int, direction: str) -> bool:
    return sign == 0 or direction not in (UP, DOWN) or (direction == UP) == (sign > 0)


def _text(value: object) -> str:
    """A value of a context column; missing ones are empty."""
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)
