"""The golden set: which rows are taken to be normal, and what was left out, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError
from waferwatch.monitors.golden.joined import joined_tables
from waferwatch.monitors.golden.wafers import Wafers, equipment_of, wafers_of
from waferwatch.read.roles.groups import group_texts
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import end_of, place_of
from waferwatch.scoring.part import only_rows

Mask = NDArray[np.bool_]

_MOST_NAMED = 5


class Reason(StrEnum):
    """Why something was left out of a golden set."""

    NAMED = "named"  # by the user
    LABELLED = "labelled"  # as anomalous, in the data
    UNLIKE = "unlike"  # the other runs
    TRUE_ALARM = "true_alarm"  # by an engineer's verdict


@dataclass(frozen=True)
class LeftOut:
    """Rows that were not learnt from although they were chosen."""

    what: str  # a lot, "LOT/WAFER", or the file where nothing names wafers
    rows: int
    runs: int  # wafers; 0 where nothing names them
    reason: Reason


@dataclass(frozen=True)
class GoldenChoice:
    """What to learn from; empty: everything.

    A wafer is named "LOT/WAFER", or "WAFER" where nothing names lots. A wafer that lies only partly in the period is
    not learnt from.
    """

    start: str | None = None  # of the period, as :func:`waferwatch.read.time_axis.places.place_of` reads it
    end: str | None = None
    equipment: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    wafers: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()  # lots or wafers

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` gave, or a part of it.

        Raises:
            InputError: a field that is not known, or of another kind.
        """
        if not isinstance(values, Mapping):
            raise _bad_choice("golden")
        for name in values:
            if name not in {one.name for one in fields(cls)}:
                raise _bad_choice(name)
        return cls(**{name: _checked(name, value) for name, value in values.items()})


@dataclass(frozen=True)
class Golden:
    """Rows taken to be normal."""

    table: Table  # of all files, only what is learnt from
    files: tuple[str, ...]
    choice: GoldenChoice = field(default_factory=GoldenChoice)
    left_out: tuple[LeftOut, ...] = ()
    vouched: Mask | None = None  # (rows,) that an engineer said are normal, however unlike the others; None: no row

    @property
    def rows(self) -> int:
        return len(self.table.frame)

    def about(self) -> dict[str, Any]:
        """A description in plain JSON types."""
        wafers = wafers_of(self.table)
        time = self.table.column(Role.TIME)
        dated = time is not None and pd.api.types.is_datetime64_any_dtype(self.table.frame[time])
        ends = (self.table.frame[time].min(), self.table.frame[time].max()) if time is not None and self.rows else ()
        return {
            "files": list(self.files),
            "choice": self.choice.to_dict(),
            "rows": self.rows,
            "wafers": None if wafers is None else wafers.count,
            "equipment": [name for name in equipment_of(self.table)[1] if name],
            "start": None if not ends else ends[0].isoformat() if dated else float(ends[0]),
            "end": None if not ends else ends[1].isoformat() if dated else float(ends[1]),
            "vouched": 0 if self.vouched is None else int(np.count_nonzero(self.vouched)),
            "left_out": [asdict(one) | {"reason": one.reason.value} for one in self.left_out],
        }


def choose(tables: Table | Sequence[Table], choice: GoldenChoice | None = None) -> Golden:
    """The golden set of one or several tables.

    Args:
        tables: with the same columns.
        choice: None: everything.

    Raises:
        InputError: tables of other columns, a period for rows without a time, or nothing is left to learn from.
        NotFoundError: a chosen equipment, lot or wafer that no table has.
    """
    every = [tables] if isinstance(tables, Table) else list(tables)
    wanted = choice or GoldenChoice()
    joined_tables([only_rows(one, np.arange(0)) for one in every])  # columns are checked before any work
    _check_names(every, wanted)
    chosen = _by_wafer(every, [_chosen(one, wanted) for one in every], Wafers.all_of)
    labelled = _by_wafer(every, [_labelled(one) for one in every], Wafers.any_of)
    kept, left_out = [], []
    for table, mine, bad in zip(every, chosen, labelled, strict=True):
        rows, left = _without(table, mine, bad, wanted)
        left_out += left
        kept.append(only_rows(table, np.flatnonzero(rows)))
    whole = joined_tables(kept)
    if not len(whole.frame):
        raise _nothing_left(every, sum(one.rows for one in left_out))
    return Golden(whole, tuple(one.name for one in every), wanted, tuple(left_out))


def left_out_of(table: Table, rows: Mask, reason: Reason) -> list[LeftOut]:
    """Rows of a table as what was left out: wafer by wafer where wafers are named, else the file as a whole."""
    if not rows.any():
        return []
    wafers = wafers_of(table)
    if wafers is None:
        return [LeftOut(table.name, int(rows.sum()), 0, reason)]
    counts = np.bincount(wafers.of[rows], minlength=wafers.count)
    return [LeftOut(wafers.names[at], int(counts[at]), 1, reason) for at in np.flatnonzero(counts)]


def without_rows(golden: Golden, rows: Mask, reason: Reason) -> Golden:
    """A golden set without some of its rows, and of wafers without all of theirs."""
    wafers = wafers_of(golden.table)
    gone = rows if wafers is None else wafers.any_of(rows)
    if not gone.any():
        return golden
    left = left_out_of(golden.table, gone, reason)
    kept = only_rows(golden.table, np.flatnonzero(~gone))
    vouched = None if golden.vouched is None else golden.vouched[~gone]
    return replace(golden, table=kept, left_out=(*golden.left_out, *left), vouched=vouched)


def _chosen(table: Table, choice: GoldenChoice) -> Mask:
    """(rows,) what the user has chosen, before anything is left out."""
    rows = _in_period(table, choice)
    if choice.equipment:
        of, names = equipment_of(table)
        rows &= np.isin(of, [at for at, name in enumerate(names) if name in choice.equipment])
    wafers = wafers_of(table)
    if choice.lots:
        rows &= np.logical_or.reduce([_lot_rows(table, lot) for lot in choice.lots])
    if choice.wafers and wafers is not None:
        rows &= wafers.named(choice.wafers)[wafers.of]
    return rows


def _labelled(table: Table) -> Mask:
    """(rows,) that the data call anomalous."""
    labels = table.labels()
    return np.zeros(len(table.frame), np.bool_) if labels is None else labels


def _by_wafer(tables: Sequence[Table], masks: Sequence[Mask], whole: Callable[[Wafers, Mask], Mask]) -> Sequence[Mask]:
    """Rows of each table as whole wafers, also of wafers that begin in one table and end in the next."""
    wafers = wafers_of(joined_tables(tables, overlapping=True))
    if wafers is None:
        return masks
    borders = np.cumsum([len(one) for one in masks])[:-1]
    return np.split(whole(wafers, np.concatenate(masks)), borders)


def _nothing_left(tables: Sequence[Table], left_out: int) -> InputError:
    if not left_out:
        return InputError(
            "No row of {files} was chosen.",
            hint="Choose a longer period, or more lots, wafers or equipment. Of wafers only whole ones count.",
            field="golden",
            files=", ".join(one.name for one in tables[:_MOST_NAMED]) + (" …" if len(tables) > _MOST_NAMED else ""),
        )
    return InputError(
        "Nothing is left to learn from: {chosen} rows were chosen, all of which were left out.",
        hint="Choose a longer period or more lots, or leave out less.",
        field="golden",
        chosen=left_out,
    )


def _without(table: Table, chosen: Mask, bad: Mask, choice: GoldenChoice) -> tuple[Mask, list[LeftOut]]:
    """What is learnt of the chosen rows, and what is not.

    Args:
        bad: (rows,) labelled as anomalous, or of a wafer with such a row.
    """
    wafers = wafers_of(table)
    left: list[LeftOut] = []
    named = np.zeros(len(chosen), np.bool_)
    for name in choice.leave_out:
        mine = chosen & ~named & _named_rows(table, wafers, name)
        named |= mine
        runs = 0 if wafers is None else int(wafers.touched(mine).sum())
        if mine.any():
            left.append(LeftOut(name, int(mine.sum()), runs, Reason.NAMED))
    labelled = bad & chosen & ~named
    return chosen & ~named & ~labelled, [*left, *left_out_of(table, labelled, Reason.LABELLED)]


def _in_period(table: Table, choice: GoldenChoice) -> Mask:
    rows = np.ones(len(table.frame), np.bool_)
    for text, name in ((choice.start, "start"), (choice.end, "end")):
        if text is None or not text.strip():
            continue
        column = table.column(Role.TIME)
        if column is None:
            raise InputError(
                "{table} has no time column, so a period cannot be chosen from it.",
                hint="Name its time column, or choose lots or wafers.",
                field=name,
                table=table.name,
            )
        times = table.frame[column].to_numpy()
        read = place_of if name == "start" else end_of
        place = read(text, times.dtype.kind == "M", name, table.zone)
        rows &= times >= place if name == "start" else times <= place
    return rows


def _named_rows(table: Table, wafers: Wafers | None, name: str) -> Mask:
    """(rows,) of a lot or a wafer."""
    found = _lot_rows(table, name)
    return found if wafers is None else found | wafers.named([name])[wafers.of]


def _lot_rows(table: Table, lot: str) -> Mask:
    column = table.column(Role.LOT)
    if column is None:
        return np.zeros(len(table.frame), np.bool_)
    return np.asarray(group_texts(table.frame[column]).to_numpy() == lot)


def _check_names(tables: Sequence[Table], choice: GoldenChoice) -> None:
    """
    Raises:
        NotFoundError: for a name that no table has.
    """
    known: dict[str, set[str]] = {"equipment": set(), "lots": set(), "wafers": set()}
    for table in tables:
        wafers, lot = wafers_of(table), table.column(Role.LOT)
        known["equipment"].update(equipment_of(table)[1])
        known["lots"].update([] if lot is None else filter(None, group_texts(table.frame[lot]).unique()))
        known["wafers"].update([] if wafers is None else wafers.names)
    known["leave_out"] = known["lots"] | known["wafers"]
    for name, values in known.items():
        missing = [one for one in getattr(choice, name) if one not in values]
        if missing:
            raise NotFoundError(
                "{field_name} names what the data do not have: {missing}.",
                hint='Write lots, wafers and equipment as the data do, a wafer as "LOT/WAFER". There are: {known}.',
                field=name,
                field_name=name,
                missing=", ".join(missing[:_MOST_NAMED]),
                known=", ".join(sorted(values)[:_MOST_NAMED]) + (" …" if len(values) > _MOST_NAMED else ""),
            )


def _checked(name: str, value: Any) -> Any:
    if name in ("start", "end"):
        if value is None or isinstance(value, str):
            return value
    elif isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise _bad_choice(name)


def _bad_choice(name: str) -> InputError:
    return InputError(
        "The choice of golden rows has a field {name} that cannot be used.",
        hint="Give start and end as text, and equipment, lots, wafers and leave_out as lists of text.",
        field=str(name),
        name=str(name)[:60],
    )
