"""A sink that raises no alarm."""

from __future__ import annotations

import sqlite3

import numpy as np

from waferwatch.live.scored import EarlyBlock, WaferBlock


class NoAlarms:
    """Takes everything and does nothing with it."""

    def scored(self, connection: sqlite3.Connection, block: EarlyBlock) -> None:
        """Nothing."""

    def finished(self, connection: sqlite3.Connection, block: WaferBlock) -> None:
        """Nothing."""

    def silent(self, connection: sqlite3.Connection, source: str, equipment: str | None, since: np.datetime64) -> None:
        """Nothing."""

    def heard(self, connection: sqlite3.Connection, source: str, equipment: str | None) -> None:
        """Nothing."""

    def maintained(self, connection: sqlite3.Connection, equipment: str, at: np.datetime64, note: str) -> None:
        """Nothing."""
