"""Which column is what: from the user's wishes first, then from names, then from contents."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from waferwatch.read import names, values
from waferwatch.read.labels import find_label
from waferwatch.read.table import Note, Role
from waferwatch.read.times import looks_like_time
from waferwatch.read.wishes import Wishes


@dataclass
class Found:
    """Roles as they are found, column by column."""

    roles: dict[str, Role] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    zone: str | None = None  # of the time column, once it was read


def find_roles(frame: pd.DataFrame, wishes: Wishes, table: str, first_row: int) -> Found:
    """Give every column of the frame a role.

    Args:
        frame: columns with different names, as read.
        wishes: roles that are fixed already.
        table: name of the table, for messages.
        first_row: number of the first data row, for messages.

    Raises:
        InputError: a column named as the label holds something that is no label.
    """
    found = Found(dict(wishes.roles))
    for name in frame.columns:
        if name not in found.roles and names.is_result(name, frame.columns):
            found.roles[name] = Role.IGNORED
    _find_time(frame, found)
    find_label(frame, _free(frame, found), found.roles, found.notes, table, first_row)
    for name in frame.columns:
        if name not in found.roles:
            found.roles[name] = _role_of(frame[name], name, found, wishes)
    found.roles = {name: found.roles[name] for name in frame.columns}
    return found


def _free(frame: pd.DataFrame, found: Found) -> list[str]:
    return [name for name in frame.columns if name not in found.roles]


def _find_time(frame: pd.DataFrame, found: Found) -> None:
    """By name; a date under another name wins over a number called time, which may be a duration."""
    ranks = {name: rank for name in _free(frame, found) if (rank := names.time_rank(name)) is not None}
    if Role.TIME not in found.roles.values():
        candidates = [name for name in sorted(ranks, key=ranks.__getitem__) if frame[name].notna().any()]
        if not candidates or values.is_numeric(frame[candidates[0]]):
            dated = [name for name in _free(frame, found) if name not in ranks and _holds_times(frame[name])]
            candidates = [*sorted(dated, key=lambda name: -frame[name].nunique()), *candidates]
        if candidates:
            found.roles[candidates[0]] = Role.TIME
    for name in ranks:
        found.roles.setdefault(name, Role.IGNORED)


def _holds_times(column: pd.Series) -> bool:
    column = values.without_categories(column)
    if values.is_time(column):
        return bool(column.notna().any())
    return not values.is_numeric(column) and not pd.api.types.is_bool_dtype(column.dtype) and looks_like_time(column)


def _role_of(column: pd.Series, name: str, found: Found, wishes: Wishes) -> Role:
    column = values.without_categories(column)
    if values.is_time(column) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return Role.IGNORED
    if pd.api.types.is_complex_dtype(column.dtype):
        return Role.IGNORED
    kind = names.category(name)
    if pd.api.types.is_bool_dtype(column.dtype):
        return kind or Role.CONTEXT
    cells = values.look_at(column)
    if kind is not None and _holds_categories(cells):
        return kind
    if cells.missing.all():
        found.notes.append(Note("{column} holds no value and was left out.", {"column": name}))
        return Role.IGNORED
    if names.is_counter(name) and values.counts_rows(cells.numbers):
        return _role_of_counter(cells.numbers, found)
    if cells.mostly_numbers:
        return Role.IGNORED if wishes.only_features else Role.SENSOR
    return _role_of_text(column, name)


def _holds_categories(cells: values.Cells) -> bool:
    """Numbers with a fraction measure something, whatever the column is called."""
    return not cells.mostly_numbers or values.is_whole(cells.numbers)


def _role_of_counter(numbers: np.ndarray, found: Found) -> Role:
    """A count that begins anew is the step of runs below one another."""
    restarts = bool((np.diff(numbers) != 1).any())
    return Role.STEP if restarts and Role.STEP not in found.roles.values() else Role.IGNORED


def _role_of_text(column: pd.Series, name: str) -> Role:
    """A text that is another one in every row parts nothing."""
    texts = values.distinct_texts(column)[1]
    if (len(column) > 1 and len(texts) == len(column)) or looks_like_time(column):
        return Role.IGNORED
    kind = names.possible_category(name)
    if kind is not None and 2 * len(texts) <= len(column) and _name_such_things(kind, texts.to_pylist()):
        return kind
    return Role.CONTEXT


def _name_such_things(kind: Role, texts: list[str]) -> bool:
    """Whether texts such as ETCH01-PM1 name equipment, lots or wafers, unlike on and off. Steps are called anything."""
    if kind in (Role.RECIPE, Role.STEP):
        return True
    return 2 * sum(any(sign.isdigit() for sign in text) for text in texts) > len(texts)
