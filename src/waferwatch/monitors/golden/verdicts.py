"""What engineers say about events, used: true alarms are never normal, false ones are on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.alarms.hours import hours_of
from waferwatch.monitors.golden.golden_set import Golden, Reason, without_rows
from waferwatch.monitors.golden.joined import joined_tables, lacks_column
from waferwatch.monitors.golden.wafers import equipment_columns, wafer_columns, wafers_of
from waferwatch.read.cells.values import is_time, to_float
from waferwatch.read.roles.groups import group_texts
from waferwatch.read.table import Role, Table
from waferwatch.scoring.part import only_rows
from waferwatch.scoring.result import Detection
from waferwatch.series.split import split

AROUND = 256  # rows on both sides of a false alarm that are learnt with it where nothing names wafers

Mask = NDArray[np.bool_]


class Judged(Protocol):
    """Rows, and what engineers said of them."""

    @property
    def table(self) -> Table:
        """The rows."""

    def rows(self, verdict: bool) -> Mask:
        """(rows,) with this verdict; where wafers are named, of all of their wafers."""


@dataclass(frozen=True)
class JudgedTable:
    """A table, what a monitor found in it, and what engineers said about it."""

    table: Table
    found: Detection
    verdicts: Mapping[int, bool]  # number of an event -> True: a true alarm, False: a false one
    changes: int = 0  # events that engineers called an intended change: neither true nor false

    def rows(self, verdict: bool) -> Mask:
        """(rows,) of the events with this verdict; where wafers are named, of all of their wafers."""
        numbers = [number for number, one in self.verdicts.items() if one is verdict]
        found = np.isin(self.found.event_ids, numbers)
        wafers = wafers_of(self.table)
        return found if wafers is None else wafers.any_of(found)


def with_verdicts(golden: Golden, judged: Sequence[Judged], *, learn_false: bool) -> Golden:
    """A golden set without what turned out to be true alarms and, on request, with what turned out to be false ones.

    Rows of true alarms are never added, also where a false one overlaps them; those that are in the golden set are
    left out. Rows of false alarms that are in it already are not added again.

    Args:
        judged: tables with the columns of the golden set.
        learn_false: whether rows of false alarms are added: their wafers, or 256 rows on both sides of them. They are
            learnt from even where they are unlike the others.

    Raises:
        InputError: a table has other columns than the golden set, or no golden row is left.
    """
    cleaned = golden
    for one in judged:
        cleaned = without_rows(cleaned, _same_rows(cleaned.table, one.table, one.rows(True)), Reason.TRUE_ALARM)
    if not cleaned.rows:
        raise InputError(
            "Every golden row belongs to a true alarm, so that nothing is left to learn from.",
            hint="Choose other golden rows.",
            field="golden",
        )
    for one in judged if learn_false else ():
        cleaned = _with_false(cleaned, one, [other for other in judged if other is not one])
    return cleaned


def alarm_rate(judged: Sequence[JudgedTable]) -> AlarmRate:
    """False alarms by the verdicts of engineers, over all tables."""
    verdicts = [one for each in judged for one in each.verdicts.values()]
    events = sum(len(one.found.events) for one in judged)
    hours = [hours_of(split(one.table).series, ~np.isnan(one.found.scores)) for one in judged]
    known = [one for one in hours if one is not None]
    false = verdicts.count(False)
    total = sum(known) if len(known) == len(hours) else None
    judged_events = len(verdicts) + sum(one.changes for one in judged)
    return AlarmRate.of(false, len(verdicts) - false, max(0, events - judged_events), total)


def _with_false(golden: Golden, judged: Judged, others: Sequence[Judged]) -> Golden:
    false, never = _learnable(judged)
    for other in others:  # the same rows may have been scored twice, and a fault was seen only once
        never = never | _same_rows(judged.table, other.table, other.rows(True))
    known = np.zeros(golden.rows, np.bool_) if golden.vouched is None else golden.vouched
    vouched = known | _same_rows(golden.table, judged.table, false & ~never)
    golden = replace(golden, vouched=vouched if vouched.any() else None)
    more = false & ~never & ~_same_rows(judged.table, golden.table, np.ones(golden.rows, np.bool_))
    if not more.any():
        return golden
    added = only_rows(judged.table, np.flatnonzero(more))
    return replace(
        golden,
        table=joined_tables([golden.table, added], overlapping=True),
        files=tuple(dict.fromkeys([*golden.files, judged.table.name])),
        vouched=np.concatenate([vouched, np.ones(len(added.frame), np.bool_)]),
    )


def _learnable(judged: Judged) -> tuple[Mask, Mask]:
    """(rows,) of false alarms, and those that are never learnt: of true alarms, or labelled anomalous."""
    wafers, labels = wafers_of(judged.table), judged.table.labels()
    never = judged.rows(True) if labels is None else judged.rows(True) | labels
    if wafers is None:
        return _around(judged.table, judged.rows(False)), never
    return judged.rows(False), wafers.any_of(never)


def _around(table: Table, rows: Mask) -> Mask:
    """(rows,) with those near them in the same series."""
    found = np.zeros(len(rows), np.bool_)
    for one in split(table).series:
        for at in np.flatnonzero(rows[one.rows]).tolist():
            found[one.rows[max(0, at - AROUND) : at + AROUND + 1]] = True
    return found


def _same_rows(table: Table, other: Table, rows: Mask) -> Mask:
    """(rows of ``table``,) those that are among these rows of the other one, by wafer, else by time, else by values."""
    columns = _identity(table)
    missing = [name for name in columns if name not in other.frame.columns]
    if missing:
        raise lacks_column(other.name, missing[0], table.name)
    if not rows.any():
        return np.zeros(len(table.frame), np.bool_)
    wanted = other.frame.loc[rows, columns].drop_duplicates()
    return np.asarray(_comparable(table.frame[columns], table.roles).isin(_comparable(wanted, table.roles)))


def _comparable(columns: pd.DataFrame, roles: Mapping[str, Role]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([_alike(columns[name], roles[name]) for name in columns.columns])


def _alike(column: pd.Series, role: Role) -> pd.Series:
    """A lot may be the number 1 in one file and the text "1" in another, or 1.0 where a cell is missing; times may have
    other units.
    """
    if is_time(column):
        return column.astype("datetime64[ns]")
    return pd.Series(to_float(column)) if role in (Role.TIME, Role.SENSOR) else group_texts(column)


def _identity(table: Table) -> list[str]:
    """The columns that tell rows, or wafers, apart."""
    equipment, wafer = equipment_columns(table), wafer_columns(table)
    if wafer:
        return list(dict.fromkeys([*equipment, *wafer]))
    time = table.columns(Role.TIME)[:1]
    return [*equipment, *time] if time else [*equipment, *table.columns(Role.SENSOR)]
