"""A reference read with the sensors of the table that it stands for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.cells.values import is_numeric
from waferwatch.read.table import Role, Table


def check_sensors(table: str, names: Collection[str], features: Sequence[str], others: Collection[str] = ()) -> None:
    """Refuse columns that lack a sensor of a model.

    Args:
        table: what the message calls it.
        names: of its columns, or of its sensors where that is known.
        features: of the model.
        others: its columns that are no sensors.

    Raises:
        InputError: naming those that are missing, what they may be called now, and what to do.
    """
    missing = [name for name in features if name not in names]
    if not missing:
        return
    free = [name for name in (*names, *others) if name not in features]
    close = dict.fromkeys(match for name in missing for match in get_close_matches(name, free, n=1))
    raise InputError(
        "{table} has no sensor {columns}, which the model learnt from.",
        hint="Give these columns the role sensor."
        if not set(missing).isdisjoint(others)
        else "Did you mean {closest}? Give it the name that the model knows if it is the same sensor in the same unit."
        if close
        else "Give the sensor the name that the model knows; where it is gone, add an empty column of that name, and "
        "it is not judged.",
        field="features",
        table=table,
        columns=", ".join(missing[:10]) + (", ..." if len(missing) > 10 else ""),
        closest=", ".join(close),
    )


def with_sensors_of(reference: Table, table: Table) -> Table:
    """The reference with exactly the sensors of a table, in its order.

    Raises:
        NotFoundError: it lacks one of them.
        InputError: one is not a number.
    """
    features = table.columns(Role.SENSOR)
    missing = [name for name in features if name not in reference.frame.columns]
    if missing:
        raise NotFoundError(
            "The reference {table} lacks the columns {columns}.",
            hint="Give it the same sensor columns as the data.",
            field="reference",
            table=reference.name,
            columns=", ".join(missing[:10]),
        )
    for name in features:
        if not is_numeric(reference.frame[name]):
            raise InputError(
                "The column {column} of the reference {table} holds no numbers.",
                hint="Read it with the same features as the data.",
                field="reference",
                table=reference.name,
                column=name,
            )
    roles = {
        name: Role.SENSOR if name in features else Role.IGNORED if role is Role.SENSOR else role
        for name, role in reference.roles.items()
    }
    others = [name for name in reference.frame.columns if name not in features]
    return replace(reference, frame=reference.frame[[*features, *others]], roles=roles)
