"""A sensor column -> float64: words, filler numbers and values of bad status become missing, and are reported."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.cells import values
from waferwatch.read.cells.notes import note_of_bad_cells, note_of_filler, notes_of_cells
from waferwatch.read.cells.rules import CellRules
from waferwatch.read.cells.values import Cells
from waferwatch.read.findings import Findings
from waferwatch.read.numbers.fillers import find_fillers, find_strange

_STATES = (
    ("on", "off"), ("open", "close"), ("open", "closed"), ("opened", "closed"), ("run", "stop"),
    ("running", "stopped"), ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("high", "low"),
    ("active", "inactive"), ("up", "down"), ("enabled", "disabled"), ("enable", "disable"), ("start", "stop"),
    ("in", "out"), ("auto", "manual"), ("열림", "닫힘"), ("켜짐", "꺼짐"), ("가동", "정지"), ("동작", "정지"),
    ("온", "오프"), ("운전", "정지"), ("開", "閉"), ("开", "关"),
)  # fmt: skip


def read_sensor(
    column: pd.Series, name: str, table: str, first_row: int, findings: Findings, rules: CellRules, cells: Cells | None
) -> NDArray[np.float64]:
    """The values (n,), NaN where there is none; infinities are left in.

    Args:
        cells: of the column, where they were looked at before.

    Raises:
        InputError: more cells than the rules allow are no numbers.
    """
    if values.is_time(column) or pd.api.types.is_complex_dtype(column.dtype):
        cells = Cells(np.full(len(column), np.nan), np.zeros(len(column), np.bool_), column.notna().to_numpy())
    elif cells is None:
        cells = _states_as_numbers(column, name, findings) or values.look_at(column, rules.no_value)
    findings.extend(notes_of_cells(cells, name))
    if cells.junk.any():
        _allow_few(cells, column, name, table, first_row, findings, rules)
    return cells.numbers if rules.keep_values else _without_fillers(cells.numbers, name, findings)


def _states_as_numbers(column: pd.Series, name: str, findings: Findings) -> Cells | None:
    """A column of two states such as ON and OFF as 1 and 0; None where it holds anything else."""
    column = values.without_categories(column)
    if values.is_numeric(column) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    codes, texts = values.distinct_texts(column)
    words = texts.to_pylist()
    for on, off in _STATES:
        if {on, off} & set(words) and set(words) <= {on, off, *values.MISSING}:
            number = {on: 1.0, off: 0.0}
            numbers = np.array([*(number.get(word, np.nan) for word in words), np.nan])[codes]
            text = "{column} was read as a sensor of two states: {on} is 1, {off} is 0."
            findings.repaired("two_states", text, {"column": name, "on": on, "off": off}, column=name)
            return Cells(numbers, np.isnan(numbers), np.zeros(len(numbers), np.bool_))
    return None


def _allow_few(
    cells: Cells, column: pd.Series, name: str, table: str, first_row: int, findings: Findings, rules: CellRules
) -> None:
    bad = np.flatnonzero(cells.junk)
    row, value = first_row + int(bad[0]), repr(str(column.iloc[int(bad[0])]))
    if len(bad) <= rules.bad_cells * int((~cells.missing).sum()):
        findings.add(note_of_bad_cells(name, len(bad), row, value))
        return
    raise InputError(
        "Row {row} of {table}: {value} in the column {column} is not a number.",
        hint="Correct it, name it (--no-value), allow more such cells (--bad-cells), or leave the column out.",
        field="features",
        row=row,
        table=table,
        column=name,
        value=value,
    )


def _without_fillers(numbers: NDArray[np.float64], name: str, findings: Findings) -> NDArray[np.float64]:
    ends = _ends(numbers)
    if ends is None:
        return numbers
    fillers = find_fillers(numbers, ends)
    for filler in fillers:
        findings.add(note_of_filler(filler, name))
    if fillers:
        return np.where(np.isin(numbers, [filler.value for filler in fillers]), np.nan, numbers)
    strange = find_strange(numbers, ends)
    if strange is not None:
        findings.add(note_of_filler(strange, name))
    return numbers


def _ends(numbers: NDArray[np.float64]) -> tuple[float, float] | None:
    """The least and the greatest number; None where there is none, or all are the same."""
    low, high = np.fmin.reduce(numbers), np.fmax.reduce(numbers)
    return None if np.isnan(low) or low == high else (float(low), float(high))
