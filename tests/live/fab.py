"""Rows of the virtual fab as live rows, and a sink that remembers what it was given."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pandas as pd

import waferwatch
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scored import EarlyBlock, WaferBlock
from waferwatch.live.service import LiveService

CONTEXT = ("equipment", "lot", "wafer", "recipe", "step")
GOLDEN_ROWS, LIVE_ROWS = 6000, 2000
PATIENCE_S = 60.0


@cache
def _fab() -> pd.DataFrame:
    return waferwatch.generate(GOLDEN_ROWS + LIVE_ROWS, 2, seed=3).drop(columns=["anomaly", "fault_kind"])


def golden() -> pd.DataFrame:
    return _fab()[:GOLDEN_ROWS].copy()


def live_frame(rows: int = LIVE_ROWS) -> pd.DataFrame:
    return _fab()[GOLDEN_ROWS : GOLDEN_ROWS + rows].reset_index(drop=True)


def as_rows(frame: pd.DataFrame) -> list[LiveRow]:
    sensors = [name for name in frame.columns if name not in (*CONTEXT, "timestamp")]
    return [
        LiveRow(
            record["equipment"],
            int(record["timestamp"].value),
            {name: record[name] for name in sensors},
            record["lot"],
            str(record["wafer"]),
            record["recipe"],
            record["step"],
        )
        for record in frame.to_dict("records")
    ]


class Heard:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.blocks: list[EarlyBlock] = []
        self.wafers: list[WaferBlock] = []
        self.silences: list[tuple[str, str | None]] = []
        self.back: list[tuple[str, str | None]] = []
        self.maintenance: list[str] = []

    def scored(self, connection: sqlite3.Connection, block: EarlyBlock) -> None:
        self.blocks.append(block)

    def finished(self, connection: sqlite3.Connection, block: WaferBlock) -> None:
        self.wafers.append(block)

    def silent(self, connection: sqlite3.Connection, source: str, equipment: str | None, since: np.datetime64) -> None:
        self.silences.append((source, equipment))

    def heard(self, connection: sqlite3.Connection, source: str, equipment: str | None) -> None:
        self.back.append((source, equipment))

    def maintained(self, connection: sqlite3.Connection, equipment: str, at: np.datetime64, note: str) -> None:
        self.maintenance.append(equipment)


def until(condition: Callable[[], bool], what: str, longest_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def send(service: LiveService, rows: Sequence[LiveRow], block: int = 500, source: str = "test") -> None:
    for start in range(0, len(rows), block):
        service.parts.log.accept(source, rows[start : start + block])
    until(lambda: not service.parts.waiting, "early scores")


def kept_rows(database: LiveDatabase) -> pd.DataFrame:
    """Every row with its scores, by equipment and time."""
    query = """
    SELECT e.source, e.name AS equipment, r.time, r.position, r.series, s.early, s.settled, s.skipped
    FROM live_rows r JOIN live_equipment e ON e.id = r.equipment LEFT JOIN live_scores s ON s.position = r.position
    ORDER BY e.source, e.name, r.time, r.position
    """
    with database.reading() as connection:
        return pd.read_sql_query(query, connection)
