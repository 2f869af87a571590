"""Which columns split the rows of a table into series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from waferwatch.read.roles.column_names import is_run
from waferwatch.read.table import Role

_AT_ONCE = 262_144  # rows whose groups are numbered in one go
_MOSTLY = 0.9  # of the runs, for what holds for a run-based table: one odd run must not change its kind


def find_groups(frame: pd.DataFrame, roles: dict[str, Role]) -> tuple[str, ...]:
    """The equipment columns and, where runs lie below one another, the columns that name the run.

    A table is run-based when it has a wafer or run column whose rows are contiguous, and either no time column (and a
    step column, or a column that names runs) or a time that begins anew in every run.
    """
    equipment = _columns(roles, Role.EQUIPMENT)
    wafer = _columns(roles, Role.WAFER)
    if not wafer or len(frame) < 2:
        return tuple(equipment)
    lot = _columns(roles, Role.LOT)
    for run in ([*equipment, *wafer], [*equipment, *lot, *wafer]):
        starts = _run_starts(frame, equipment, run)
        if starts is not None and _is_run_based(frame, roles, equipment, wafer, starts):
            return tuple(run)
    return tuple(equipment)


def group_codes(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """Split the rows by the values of some columns.

    Returns:
        For each row the number of its group, counted from 0 in order of first appearance, and for each group the
        values of the columns as text. A missing value is the empty text.
    """
    codes = np.zeros(len(frame), dtype=np.intp)
    keys: list[tuple[str, ...]] = [()]
    for name in columns:
        column, texts = _text_codes(frame[name])
        if len(keys) == 1:  # the first that splits them
            codes, keys = column, [(*keys[0], text) for text in texts]
            continue
        codes, found = _numbered(codes * len(texts) + column, len(keys) * len(texts))
        keys = [(*keys[number // len(texts)], texts[number % len(texts)]) for number in found.tolist()]
    return codes, keys


def group_texts(column: pd.Series) -> pd.Series:
    """(n,) the text by which :func:`group_codes` knows each cell, of the same index; empty where a cell is missing."""
    codes, texts = _text_codes(column)
    return pd.Series(np.array(texts, dtype=object)[codes], index=column.index, dtype=object)


def _text_codes(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    codes, distinct = _codes(column)
    same, texts = pd.factorize(np.array([group_text(value) for value in distinct], dtype=object))
    return (codes if len(texts) == len(distinct) else same[codes]).astype(np.intp, copy=False), list(texts)


def _codes(column: pd.Series) -> tuple[NDArray[np.intp], list[object]]:
    """For each row the number of its value in order of first appearance, and the values; what is missing is one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = [*column.cat.categories.tolist(), None]
        codes, numbers = _numbered(column.cat.codes.to_numpy(), len(categories))  # what is missing, -1, is the last
        return codes, [categories[number] for number in numbers.tolist()]
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    pa.default_memory_pool().release_unused()  # codes of texts are made by Arrow, which keeps as much again
    return codes, list(distinct)


def _numbered(values: NDArray[np.integer], most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """As ``pd.factorize``, of numbers from 0 that are smaller than ``most``; without hashing where these are few.

    The number -1 stands for the last, ``most`` - 1.
    """
    if most > len(values):
        codes, few = pd.factorize(values.astype(np.intp) % most)
        return codes.astype(np.intp, copy=False), few
    first, starts = np.full(most, -1, np.intp), range(0, len(values), _AT_ONCE)
    for start in reversed(starts):  # of equal numbers the one written last, which comes first, stays
        some = values[start : start + _AT_ONCE][::-1]
        first[some] = np.arange(start + len(some) - 1, start - 1, -1)
    there = np.flatnonzero(first >= 0)
    found = there[np.argsort(first[there])]
    code = np.empty(most, np.intp)
    code[found] = np.arange(len(found))
    numbered = np.empty(len(values), np.intp)
    for start in starts:
        numbered[start : start + _AT_ONCE] = code[values[start : start + _AT_ONCE]]
    return numbered, found


def group_text(value: object) -> str:
    """A cell of a group column as text: whole numbers without a point, whatever type a gap has given the column."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _columns(roles: dict[str, Role], role: Role) -> list[str]:
    return [name for name, found in roles.items() if found is role]


def _order(frame: pd.DataFrame, equipment: list[str]) -> NDArray[np.intp]:
    """Rows of one equipment below one another, each in file order."""
    return np.argsort(group_codes(frame, equipment)[0], kind="stable")


def _run_starts(frame: pd.DataFrame, equipment: list[str], run: list[str]) -> NDArray[np.intp] | None:
    """Where each run starts in the order of the equipment; None where a run's rows are not contiguous."""
    codes = group_codes(frame, run)[0][_order(frame, equipment)]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(starts, append=len(codes))
    if len(starts) != codes.max() + 1 or np.median(lengths) < 2:
        return None
    return starts


def _is_run_based(
    frame: pd.DataFrame, roles: dict[str, Role], equipment: list[str], wafer: list[str], starts: NDArray[np.intp]
) -> bool:
    time = _columns(roles, Role.TIME)
    if not time:
        return bool(_columns(roles, Role.STEP)) or any(map(is_run, wafer))
    if len(starts) < 2:
        return False
    times = frame[time[0]].to_numpy()[_order(frame, equipment)]
    first, last = np.fmin.reduceat(times, starts), np.fmax.reduceat(times, starts)
    # Both ways: in a file that begins with its newest row every run lies before the one above it.
    anew = (first[1:] <= last[:-1]) & (last[1:] >= first[:-1])
    return bool(anew.mean() >= _MOSTLY)
