"""Blocks as scoring hands them to the alarms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np

from waferwatch.indicators.verdicts import RunScore
from waferwatch.live.alarms.alarm import AlarmChange, AlarmRecord
from waferwatch.live.database.schema import upgrade
from waferwatch.live.scored import EarlyBlock, WaferBlock

SENSORS = ("flow", "pressure", "power")
START = np.datetime64("2026-11-01T00:00:00", "us")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Mute:
    """A herald that sends nothing."""

    def herald(
        self, connection: sqlite3.Connection, before: AlarmRecord | None, after: AlarmRecord, change: AlarmChange
    ) -> bool:
        return False


@contextmanager
def memory() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    upgrade(connection)
    yield connection
    connection.close()


def block(
    scores: list[float],
    first: int = 0,
    *,
    leading: list[int] | int = 0,
    sign: list[int] | int = 1,
    productive: list[bool] | bool = True,
    equipment: str = "ETCH01",
    context: dict[str, list[str]] | None = None,
    seconds: float = 1.0,
) -> EarlyBlock:
    """Rows of which the threshold is 10 and the lower one 5."""
    count = len(scores)
    parts = np.full((count, len(SENSORS)), 0.1, np.float32)
    parts[np.arange(count), leading] = 1.0
    signs = np.zeros((count, len(SENSORS)), np.int8)
    signs[np.arange(count), leading] = sign
    positions = np.arange(first, first + count, dtype=np.int64)
    return EarlyBlock(
        "fab-a",
        equipment,
        "etch@1",
        positions,
        START + (positions * int(seconds * 1e6)).astype("timedelta64[us]"),
        np.array(scores, np.float64),
        parts,
        signs,
        SENSORS,
        10.0,
        5.0,
        {name: np.array(values, object) for name, values in (context or {}).items()},
        np.broadcast_to(np.array(productive), (count,)).copy(),
    )


def wafer(
    position: int, *, number: int = 1, abnormal: bool = True, productive: bool = True, **verdict: Any
) -> WaferBlock:
    """The verdict on a wafer of 100 rows whose last row has this position."""
    found = {"sensor": "flow", "direction": "up", "step": "main", "recipe": "POLY", "lot": "L1"} | verdict
    score = RunScore(
        {"wafer": str(number)},
        0,
        100,
        score=4.0,
        flagged=0,
        ratio=found.pop("ratio", 2.0 if abnormal else 0.5),
        equipment="ETCH01",
        wafer=str(number),
        threshold=3.0,
        abnormal=abnormal,
        sensors=found.pop("sensors", {"flow": 0.9, "pressure": 0.1}),
        **found,
    )
    start, end = (START + np.timedelta64(max(position - back, 0), "s") for back in (99, 0))
    return WaferBlock("fab-a", "ETCH01", "etch@1", position, start, end, score, productive)
