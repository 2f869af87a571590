"""How large a table may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import psutil

from waferwatch.errors import InputError, TooLargeError
from waferwatch.settings import Settings, current_settings

_BYTES_PER_CELL = 8  # what one cell takes in memory at least
_SHARE_OF_MACHINE = 4
_WHILE_PARSING = 2
_AS_TEXT = 3  # a number as text takes about thrice its eight bytes


@dataclass(frozen=True)
class Limits:
    """Most rows, columns, bytes (decompressed) and memory accepted in one table, and the longest name and cell."""

    rows: int = 20_000_000
    columns: int = 5_000
    bytes: int = 8 * 2**30
    memory: int = 400_000_000  # bytes that the table takes once it is read
    name: int = 1_000  # letters of a column's name
    cell: int = 32_767  # bytes of a text cell; Excel holds no more letters

    @classmethod
    def of(cls, settings: Settings | None = None) -> Self:
        """The limits that the settings give.

        Without settings, those of this process, for a file of its own user: that may take a quarter of the machine, if
        nothing else was set.
        """
        own = settings or current_settings()
        memory = own.max_table_mb * 1_000_000
        if settings is None and "max_table_mb" not in own.model_fields_set:
            memory = max(memory, psutil.virtual_memory().total // _SHARE_OF_MACHINE)
        return cls(rows=own.max_rows, columns=own.max_columns, memory=memory)

    def as_text(self) -> Self:
        """The limits for the same table with each cell as the text that stands in the file."""
        return replace(self, memory=_AS_TEXT * self.memory)

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
        self.check_memory(name, rows * columns * _BYTES_PER_CELL)

    def check_memory(self, name: str, found: int) -> None:
        """Refuse a table that takes more than ``memory`` bytes. Called while reading, with what was measured so far."""
        if found > self.memory:
            raise TooLargeError(
                "{table} takes more than {limit} MB of memory.",
                hint="Split the file into smaller ones, leave columns out, or raise WAFERWATCH_MAX_TABLE_MB.",
                table=name,
                limit=round(self.memory / 1e6, 3),
            )

    def check_parsed(self, name: str, found: int) -> None:
        """As ``check_memory``, for a text that is being parsed, of which the parser keeps a copy until the end."""
        if found > _WHILE_PARSING * self.memory:
            self.check_memory(name, found)

    def check_names(self, table: str, names: Sequence[str]) -> None:
        """Refuse the first column whose name is longer than ``name``."""
        for position, text in enumerate(names):
            if len(text) > self.name:
                raise InputError(
                    "The name of column {position} of {table} has {found} letters; at most {limit} are accepted.",
                    hint="Give it a short name.",
                    table=table,
                    position=position + 1,
                    found=len(text),
                    limit=self.name,
                )

    def check_cell(self, table: str, column: str, row: int, length: int) -> None:
        """Refuse a text cell of more than ``cell`` bytes; ``row`` as people count it."""
        if length > self.cell:
            raise TooLargeError(
                "Row {row} of {table}: the text in {column} has {found} bytes; at most {limit} are accepted.",
                hint="Shorten the text, or leave the column out of the file.",
                row=row,
                table=table,
                column=column,
                found=length,
                limit=self.cell,
            )
