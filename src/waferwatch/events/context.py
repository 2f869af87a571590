"""Where in the fab a row stands: equipment, lot, wafer, recipe, step, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.table import Role, Table
from waferwatch.series.time_text import time_text

_FEW = 16
_CONTEXT = (Role.WAFER, Role.RECIPE, Role.STEP, Role.CONTEXT)


@dataclass(frozen=True)
class FabPlace:
    """Where in the fab one row stands."""

    equipment: str | None  # the values of the equipment columns, joined by " / "
    lot: str | None
    context: dict[str, str]  # column -> value: wafer, recipe, step, other categories, other group columns


def places(table: Table, rows: NDArray[np.int64]) -> list[FabPlace]:
    """Where each of the rows stands; what a row does not say is left out.

    Args:
        table: the table.
        rows: positions in the table.
    """
    equipment, lot = table.columns(Role.EQUIPMENT), table.columns(Role.LOT)
    named_already = {*equipment, *lot, *table.columns(Role.TIME)}
    other = [
        name
        for name in table.frame.columns
        if name not in named_already and (table.roles[name] in _CONTEXT or name in table.groups)
    ]
    words = {name: _words(table.frame[name], rows) for name in (*equipment, *lot, *other)}
    return [
        FabPlace(
            equipment=_joined(words[name][index] for name in equipment),
            lot=_joined(words[name][index] for name in lot),
            context={name: word for name in other if (word := words[name][index]) is not None},
        )
        for index in range(len(rows))
    ]


def _joined(words: Iterable[str | None]) -> str | None:
    return " / ".join(word for word in words if word is not None) or None


def _words(column: pd.Series, rows: NDArray[np.int64]) -> list[str | None]:
    """The values at the rows as text; None where one is missing."""
    if len(rows) <= _FEW:  # to take a row out of a column of text costs as much as to copy all of it
        found: list[Any] = [column.iat[row] for row in rows.tolist()]
        return [None if pd.isna(value) else _word(_plain(value)) for value in found]
    codes, values = pd.factorize(column.iloc[rows])
    words = [*map(_word, values.tolist()), None]  # a missing value has the code -1
    return [words[code] for code in codes.tolist()]


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _word(value: object) -> str:
    """As a person writes it: the wafer 7, not 7.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(time_text(value)) if isinstance(value, pd.Timestamp) else str(value)
