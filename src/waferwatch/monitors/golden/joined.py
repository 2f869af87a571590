"""Several files as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.cells.values import is_numeric
from waferwatch.read.roles.groups import group_codes, group_texts
from waferwatch.read.table import Role, Table

_READ = (Role.TIME, Role.SENSOR, Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP)
_HINT = "Learn from files with the same columns, or name the roles of the columns."


def joined_tables(tables: Sequence[Table], *, overlapping: bool = False) -> Table:
    """Tables with the same columns below one another, in the order given.

    Columns that a detector does not read (context, ignored, label) are dropped where only some of the tables have them.

    Args:
        overlapping: whether rows of one equipment may lie between those of another table in time, as pieces of one do.

    Raises:
        InputError: no table; or one that lacks a column, has one more, or has one with another role.
    """
    if not tables:
        raise InputError("No file was given to learn from.", hint="Name at least one file.", field="files")
    first, *others = tables
    for other in others:
        _check_same(first, other)
    if not overlapping:
        _check_overlap(tables)
    if not others:
        return first
    kept = [name for name in first.frame.columns if all(name in one.frame.columns for one in others)]
    return replace(
        first,
        name=", ".join(one.name for one in tables),
        frame=pd.concat(_of_one_kind([one.frame[kept] for one in tables], first.roles), ignore_index=True),
        roles={name: first.roles[name] for name in kept},
        notes=tuple(note for one in tables for note in one.notes),
    )


def _of_one_kind(frames: list[pd.DataFrame], roles: Mapping[str, Role]) -> list[pd.DataFrame]:
    """A wafer may be the number 3 in one table and the text "3" in another; a column of both cannot be kept."""
    names = [name for name in frames[0].columns if roles[name] not in (Role.TIME, Role.SENSOR)]
    mixed = [name for name in names if len({is_numeric(one[name]) for one in frames}) > 1]
    return [one.assign(**{name: _text_of(one[name]) for name in mixed}) for one in frames]


def _text_of(column: pd.Series) -> pd.Series:
    """As text, whole numbers without a fraction; what is missing stays so."""
    texts = group_texts(column)
    return texts.where(texts != "", None)


def _check_same(first: Table, other: Table) -> None:
    wanted, found = _read_columns(first), _read_columns(other)
    for name, role in wanted.items():
        if name not in other.frame.columns:
            raise lacks_column(other.name, name, first.name)
        if other.roles[name] is not role:
            raise InputError(
                "The column {column} is not the same in {file} as in {first}: it was read as {found}, not as {role}.",
                hint=_HINT,
                field="files",
                file=other.name,
                first=first.name,
                column=name,
                found=other.roles[name].value,
                role=role.value,
            )
    for name in found.keys() - wanted.keys():
        raise InputError(
            "{file} has the column {column}, which {first} does not have.",
            hint=_HINT,
            field="files",
            file=other.name,
            first=first.name,
            column=name,
        )
    _check_clock(first, other)


def lacks_column(file: str, column: str, first: str) -> InputError:
    """The error for a file without a column that another one has."""
    return InputError(
        "{file} lacks the column {column} that {first} has.",
        hint=_HINT,
        field="files",
        file=file,
        first=first,
        column=column,
    )


def _check_clock(first: Table, other: Table) -> None:
    time = first.column(Role.TIME)
    if time is None:
        return
    names = {"file": other.name, "first": first.name, "column": time}
    dated = [pd.api.types.is_datetime64_any_dtype(one.frame[time]) for one in (first, other)]
    if dated[0] != dated[1]:
        raise InputError(
            "The time column {column} holds dates in only one of {file} and {first}.",
            hint=_HINT,
            field="files",
            **names,
        )
    if first.zone is not None and other.zone is not None and first.zone != other.zone:
        raise InputError(
            "The times of {file} are in the zone {found}, those of {first} in {zone} (column {column}).",
            hint=_HINT,
            field="files",
            found=other.zone,
            zone=first.zone,
            **names,
        )


def _check_overlap(tables: Sequence[Table]) -> None:
    """Rows are sorted by time, so two files at the same time of one equipment would be mixed row by row."""
    time = tables[0].column(Role.TIME)
    spans: dict[tuple[str, ...], list[tuple[Any, Any, str]]] = {}
    for table in tables if time is not None and len(tables) > 1 else ():
        codes, keys = group_codes(table.frame, table.groups)
        for number, start, end in table.frame[time].groupby(codes).agg(["min", "max"]).itertuples():
            known = spans.setdefault(keys[number], [])
            for first, last, name in known:
                if start <= last and first <= end:
                    raise InputError(
                        "{file} and {first} overlap in time (column {column}) on the same equipment.",
                        hint="Name each file once, and files that do not overlap.",
                        field="files",
                        file=table.name,
                        first=name,
                        column=time,
                    )
            known.append((start, end, table.name))


def _read_columns(table: Table) -> dict[str, Role]:
    return {name: role for name, role in table.roles.items() if role in _READ or name in table.groups}
