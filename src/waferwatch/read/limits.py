"""How large a table may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from waferwatch.errors import TooLargeError
from waferwatch.settings import Settings, current_settings

_BYTES_PER_CELL = 8  # what one cell takes in memory at least


@dataclass(frozen=True)
class Limits:
    """Most rows, columns and bytes (decompressed) accepted in one table."""

    rows: int = 20_000_000
    columns: int = 5_000
    bytes: int = 8 * 2**30

    @classmethod
    def of(cls, settings: Settings | None = None) -> Self:
        """The limits that the settings give; the process's own settings unless others are given."""
        settings = settings or current_settings()
        return cls(rows=settings.max_rows, columns=settings.max_columns)

    def check_bytes(self, name: str, found: int) -> None:
        """Refuse more than ``bytes``. Called while reading, so that a compressed bomb stops early."""
        if found > self.bytes:
            raise TooLargeError(
                "{table} holds more than {limit} MB when unpacked.",
                hint="Split the file into smaller ones, by equipment or by day.",
                table=name,
                limit=round(self.bytes / 2**20, 3),
            )

    def check_columns(self, name: str, found: int) -> None:
        if found > self.columns:
            raise TooLargeError(
                "{table} has {found} columns; at most {limit} are accepted.",
                hint="Leave columns out of the file, or raise WAFERWATCH_MAX_COLUMNS.",
                table=name,
                found=found,
                limit=self.columns,
            )

    def check_rows(self, name: str, found: int) -> None:
        if found > self.rows:
            raise TooLargeError(
                "{table} has more than {limit} rows.",
                hint="Split the file into smaller ones, or raise WAFERWATCH_MAX_ROWS.",
                table=name,
                limit=self.rows,
            )

    def check_cells(self, name: str, rows: int, columns: int) -> None:
        """Refuse rows and columns that are each allowed but cannot be held in memory together."""
        self.check_bytes(name, rows * columns * _BYTES_PER_CELL)
