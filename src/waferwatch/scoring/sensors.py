"""A reference read with the sensors of the table that it stands for."""

from __future__ import annotations

from dataclasses import replace

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.cells.values import is_numeric
from waferwatch.read.table import Role, Table


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
