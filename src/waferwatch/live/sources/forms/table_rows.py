"""The rows of a table that was read from a file or an upload, as live rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.live.equipment_states import state_of
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.forms.texts import part_named
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table

_CONTEXT = (Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP)
_SECOND_NS = 1_000_000_000


def live_rows(table: Table, equipment: str, ends_at: int) -> Iterator[LiveRow]:
    """Rows in time order; those without a time are left out.

    Args:
        equipment: of rows whose table names none.
        ends_at: nanoseconds since 1970 at which the last row was, where the table has no dates.
    """
    times = _times(table, ends_at)
    order = np.argsort(times, kind="stable")
    order = order[times[order] != _NO_TIME]
    names = {role.value: _texts(table.frame, table.columns(role)) for role in _CONTEXT}
    machines = _texts(table.frame, table.columns(Role.EQUIPMENT))
    states = _states(table)
    sensors = table.columns(Role.SENSOR)
    values = table.frame[sensors].to_numpy(np.float64)
    again = _again(pd.DataFrame({"time": times, "equipment": machines, **names}))
    for at in order.tolist():
        yield LiveRow(
            equipment=machines[at] or equipment,
            time=int(times[at]),
            readings=dict(zip(sensors, values[at].tolist(), strict=True)),
            state=states[at],
            sequence=int(again[at]) or None,
            **{role: texts[at] for role, texts in names.items()},
        )


_NO_TIME = np.iinfo(np.int64).min


def _times(table: Table, ends_at: int) -> NDArray[np.int64]:
    """Nanoseconds since 1970; the least int64 where a row has none."""
    column = table.column(Role.TIME)
    if column is None:
        count = len(table.frame)
        return ends_at - _SECOND_NS * np.arange(count - 1, -1, -1, dtype=np.int64)
    time: NDArray[Any] = table.frame[column].to_numpy()
    if time.dtype.kind == "M":
        return time.astype("datetime64[ns]").view(np.int64)
    known = ~np.isnan(time)
    found = np.full(len(time), _NO_TIME, np.int64)
    if known.any():
        found[known] = ends_at + np.rint((time[known] - time[known].max()) * _SECOND_NS).astype(np.int64)
    return found


def _texts(frame: pd.DataFrame, columns: list[str]) -> list[str]:
    codes, keys = group_codes(frame, columns)
    texts = [" ".join(filter(None, key)) for key in keys]
    return [texts[code] for code in codes.tolist()]


def _states(table: Table) -> list[str]:
    """Of a column that says in which state of SEMI E10 the equipment is."""
    for name in table.frame.columns:
        if table.roles[name] in (Role.CONTEXT, Role.STATUS, Role.IGNORED) and part_named(name) == "state":
            texts = _texts(table.frame, [name])
            if any(state_of(text) is not None for text in set(texts)):
                return texts
    return [""] * len(table.frame)


def _again(rows: pd.DataFrame) -> NDArray[np.int64]:
    """(n,) how many rows with the same time, equipment and context come before each."""
    return rows.groupby(list(rows.columns), sort=False, dropna=False).cumcount().to_numpy().astype(np.int64)
