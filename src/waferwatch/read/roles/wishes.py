"""What the user says about the columns, checked against the table before anything is guessed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.roles.column_names import category, require_column, require_role
from waferwatch.read.table import Role

Columns = Hashable | Sequence[Hashable]  # one or several


@dataclass(frozen=True)
class Wishes:
    """Roles given by the user, and what follows from them for the other columns."""

    roles: dict[str, Role]
    group: tuple[str, ...] | None = None  # None: to be found
    only_features: bool = False  # the sensors were named, so no other column may become one
    clock: tuple[str, ...] = ()  # columns that were named as the clock, where they are several


def read_wishes(
    table: str,
    names: Sequence[str],
    *,
    features: Columns | None = None,
    time: Columns | None = None,
    group: Columns | None = None,
    label: Hashable | None = None,
    roles: Mapping[Any, str] | None = None,
) -> Wishes:
    """Check the options of a reading function.

    Args:
        names: of the table's columns, as text, which names that are not, such as numbers, become as well.

    Raises:
        NotFoundError: for a column or a role that does not exist, naming the closest.
        InputError: for a column that would have to be two things at once.
    """
    features = named(features)
    group = named(group)
    clock = named(time) or []
    wished: dict[str, Role] = {}
    for column, role, option in _each(features, clock, label, roles):
        require_column(table, names, column, option)
        if wished.setdefault(column, role) is not role:
            raise _twice(table, column, option, wished[column], role)
    for column in group or ():
        require_column(table, names, column, "group")
        if wished.setdefault(column, category(column) or Role.CONTEXT) in (Role.SENSOR, Role.TIME, Role.LABEL):
            raise _twice(table, column, "group", wished[column], Role.EQUIPMENT)
    if features is not None and not features:
        raise InputError("The list of features is empty.", hint="Name at least one column.", field="features")
    for role, option in ((Role.TIME, "time"), (Role.LABEL, "label")):
        both = [column for column, given in wished.items() if given is role]
        if len(both) > 1 and (role is not Role.TIME or set(both) != set(clock)):
            raise InputError(
                "{table}: the columns {columns} cannot all be the {role}.",
                hint="Name one column.",
                field=option,
                table=table,
                columns=", ".join(both),
                role=role.value,
            )
    groups = None if group is None else tuple(dict.fromkeys(group))
    return Wishes(wished, groups, features is not None, tuple(clock) if len(clock) > 1 else ())


def _each(
    features: Sequence[str] | None, clock: Sequence[str], label: Hashable | None, roles: Mapping[Any, str] | None
) -> Iterator[tuple[str, Role, str]]:
    for column, role in (roles or {}).items():
        yield str(column), require_role(role, str(column)), "roles"
    for column in features or ():
        yield column, Role.SENSOR, "features"
    for column in clock:
        yield column, Role.TIME, "time"
    if label is not None:
        yield str(label), Role.LABEL, "label"


def named(columns: Columns | None) -> list[str] | None:
    """One column or several, as text: the columns of a frame may be numbers."""
    if columns is None:
        return None
    if isinstance(columns, Sequence | pd.Index | np.ndarray) and not isinstance(columns, str):
        return [str(one) for one in columns]
    return [str(columns)]


def _twice(table: str, column: str, option: str, first: Role, second: Role) -> InputError:
    return InputError(
        "{table}: the column {column} cannot be both {first} and {second}.",
        hint="Name it once.",
        field=option,
        table=table,
        column=column,
        first=first.value,
        second=second.value,
    )
