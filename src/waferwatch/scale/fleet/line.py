"""The series of one equipment, put together from the parts that each unit has of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass
class WholeSeries:
    """A series, however many units it lies in."""

    key: str
    is_run: bool
    rows: int


@dataclass(frozen=True)
class PlacedStretch:
    """A stretch of flagged rows with its place in the whole series."""

    unit: int  # which unit
    event: int  # of the detection in the unit
    owner: int  # which series
    first: int  # place in the series
    last: int
    facts: Mapping[str, Any]  # as ``FlaggedStretch`` has them


@dataclass(frozen=True)
class EquipmentLine:
    """All of an equipment: its series one after the other, each group of its rows below the one before."""

    series: list[WholeSeries]
    stretches: list[PlacedStretch]  # by series, and in each by place

    @classmethod
    def of(cls, parts: Sequence[Mapping[str, Any] | None]) -> Self:
        """Of the parts of each unit, in order of time; None where one is missing."""
        series: list[WholeSeries] = []
        placed: list[PlacedStretch] = []
        open_ones: dict[str, int] = {}
        for unit, part in enumerate(parts):
            if part is None:
                open_ones = {}
                continue
            where = [_place(one, series, open_ones) for one in part["series"]]
            for one in part["stretches"]:
                owner, base = where[one["series"]]
                placed.append(PlacedStretch(unit, one["event"], owner, base + one["first"], base + one["last"], one))
        return cls(*_in_order(series, placed))


def _place(part: Mapping[str, Any], series: list[WholeSeries], open_ones: dict[str, int]) -> tuple[int, int]:
    """Number of the series that a unit has a part of, and how many of its rows lie before that part."""
    number = open_ones.get(part["key"]) if part["continued"] else None
    if number is None:
        number = len(series)
        series.append(WholeSeries(part["key"], part["is_run"], 0))
    base = series[number].rows
    series[number].rows += part["rows"]
    if not part["is_run"]:
        open_ones[part["key"]] = number
    return number, base


def _in_order(
    series: Sequence[WholeSeries], placed: Sequence[PlacedStretch]
) -> tuple[list[WholeSeries], list[PlacedStretch]]:
    """By group in order of first appearance, and in each by time."""
    first = {key: at for at, key in reversed(list(enumerate(one.key for one in series)))}
    order = sorted(range(len(series)), key=lambda number: (first[series[number].key], number))
    rank = {number: at for at, number in enumerate(order)}
    moved = [PlacedStretch(one.unit, one.event, rank[one.owner], one.first, one.last, one.facts) for one in placed]
    return [series[number] for number in order], sorted(moved, key=lambda one: (one.owner, one.first))
