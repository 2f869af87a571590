"""The columns whose values are groups, and which row belongs to which."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table

GROUP_ROLES = (Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP, Role.CONTEXT)
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Groups:
    """The rows of a table split by one column."""

    column: str
    codes: NDArray[np.intp]  # (rows,) number of each row's group
    values: list[str | None]  # what each group is called, in order of first appearance; None = the empty cells

    def __len__(self) -> int:
        return len(self.values)


def group_columns(table: Table) -> list[str]:
    """Columns by which rows can be grouped, in file order."""
    return [name for name in table.frame.columns if table.roles[name] in GROUP_ROLES]


def part(table: Table, column: str, field: str = "group_by") -> Groups:
    """The rows split by a column. Cells that read the same are one group, whatever their type.

    Args:
        table: the rows.
        column: one of ``group_columns``.
        field: the field of the request that named the column, for the error.

    Raises:
        NotFoundError: when there is no such column.
        InputError: when its values are no groups.
    """
    check_group_column(table, column, field)
    codes, keys = group_codes(table.frame, [column])
    return Groups(column, codes, [value or None for (value,) in keys])


def check_group_column(table: Table, column: str, field: str = "group_by") -> None:
    """
    Raises:
        NotFoundError: when there is no such column.
        InputError: when its values are no groups.
    """
    known = ", ".join(group_columns(table)[:20]) or "-"
    if column not in table.roles:
        raise NotFoundError(
            "{table} has no column {column}.",
            hint="Columns to group by: {known}.",
            field=field,
            table=table.name,
            column=column[:100],
            known=known,
        )
    if table.roles[column] not in GROUP_ROLES:
        raise InputError(
            "Rows cannot be grouped by {column}: its role is {role}.",
            hint="Columns to group by: {known}.",
            field=field,
            column=column[:100],
            role=table.roles[column].value,
            known=known,
        )


def number_of(groups: Groups, value: str, field: str = "value") -> int:
    """The number of the group with this value; the empty text means the empty cells.

    Raises:
        NotFoundError: when no row has it.
    """
    try:
        return groups.values.index(value or None)
    except ValueError:
        raise NotFoundError(
            "No row has {value} in the column {column}.",
            hint="Choose a value that the data hold.",
            field=field,
            value=repr(value[:60]),
            column=groups.column[:100],
        ) from None


def natural(value: str | None) -> tuple[bool, tuple[tuple[bool, int, str], ...]]:
    """A sort key that puts wafer 2 before wafer 10, and empty cells last."""
    parts = _DIGITS.split(value or "")
    return value is None, tuple(_part_key(part) for part in parts if part)


def _part_key(part: str) -> tuple[bool, int, str]:
    """Digits before letters, by their size: by length without leading zeros, then by themselves."""
    if not part[0].isascii() or not part[0].isdigit():
        return True, 0, part
    digits = part.lstrip("0")
    return False, len(digits), digits
