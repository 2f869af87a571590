"""What scoring hands to the alarms, within the transaction that stores the scores."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.verdicts import RunScore


@dataclass(frozen=True)
class EarlyBlock:
    """Early scores of successive rows of one equipment, in time order; final once written."""

    source: str
    equipment: str
    monitor: str  # NAME@VERSION
    positions: NDArray[np.int64]  # (n,) of the rows in the log
    times: NDArray[np.datetime64]  # (n,)
    scores: NDArray[np.float64]  # (n,) NaN = not judged
    contributions: NDArray[np.float32]  # (n, sensors)
    signs: NDArray[np.int8]  # (n, sensors) whether a sensor is above (+1) or below (-1) what is usual; 0: neither
    sensors: Sequence[str]
    threshold: float  # a score above it speaks for an alarm
    lower_threshold: float  # a score below it speaks for its end
    context: dict[str, NDArray[np.object_]]  # "recipe", "step", "lot", "wafer" -> (n,) values; only columns there are
    productive: NDArray[np.bool_]  # (n,) whether a row may raise an alarm: False in maintenance, standby, engineering


@dataclass(frozen=True)
class WaferBlock:
    """The verdict on one wafer, after its end."""

    source: str
    equipment: str
    monitor: str  # NAME@VERSION
    position: int  # of its last row in the log
    start: np.datetime64
    end: np.datetime64
    verdict: RunScore
    productive: bool


class AlarmSink(Protocol):
    """What the alarms offer to scoring. Everything is idempotent by position and happens within the transaction."""

    def scored(self, connection: sqlite3.Connection, block: EarlyBlock) -> None:
        """Rows of an equipment were scored."""

    def finished(self, connection: sqlite3.Connection, block: WaferBlock) -> None:
        """A wafer was judged."""

    def silent(self, connection: sqlite3.Connection, source: str, equipment: str | None, since: np.datetime64) -> None:
        """A source, or one equipment of it, has sent nothing for longer than it should."""

    def heard(self, connection: sqlite3.Connection, source: str, equipment: str | None) -> None:
        """It sends again."""

    def maintained(self, connection: sqlite3.Connection, equipment: str, at: np.datetime64, note: str) -> None:
        """A maintenance began: the equipment's series ends here."""
