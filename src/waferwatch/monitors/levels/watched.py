"""Series that a monitor's model is to be compared with, equipment by equipment, in time order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.models.fitted import key_of
from waferwatch.models.levels import UsualLevels
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.scoring.model import Model
from waferwatch.series.series import Series
from waferwatch.series.split import split


def watched_series(model: Model, table: Table) -> dict[str, list[Series]]:
    """Scope -> its series with the model's sensors, in time order, readings as before each maintenance.

    Args:
        table: as ``model.fits`` gives it.
    """
    parts = split(table, layout=model.layout)
    ordered = sorted((one.with_sensors(parts.features, model.features) for one in parts.series), key=_start)
    found: dict[str, list[Series]] = {}
    for one in model.as_before(ordered):
        found.setdefault(key_of(one.scope), []).append(one)
    return found


def levels_of(model: Model, scope: str) -> UsualLevels | None:
    """Usual levels of an equipment; None for one without a reference of its own.

    Raises:
        InputError: the model was learnt without them.
    """
    if not model.levels:
        raise InputError(
            "The model has no usual levels: it was learnt as a single model, not as a monitor.",
            hint="Learn a monitor from its golden rows.",
            field="monitor",
        )
    return model.levels.get(model.fitted.part_key(scope))


def equipment_text(scope: str) -> str:
    """A scope as a person writes it."""
    return scope.replace("\x1f", " / ")


def place_in(table: Table, text: str | None, field: str) -> Any:
    """A place on the time axis of a table; None for an empty text.

    Raises:
        InputError: it is no time, or the table has no time column.
    """
    if text is None or not text.strip():
        return None
    column = table.column(Role.TIME)
    if column is None:
        raise InputError(
            "{table} has no time column, so {name} cannot be found in it.",
            hint="Give a table that holds only the rows in question, or name its time column.",
            field=field,
            table=table.name,
            name=field,
        )
    dated = table.frame[column].to_numpy().dtype.kind == "M"
    return place_of(text, dated, field, table.zone)


def from_place(series: Iterable[Series], place: Any) -> list[Series]:
    """The points from a place on; of runs only those that begin there or later."""
    found = []
    for one in series:
        after = np.ones(len(one), np.bool_) if one.time is None else np.asarray(one.time >= place)
        if after.all():
            found.append(one)
        elif after.any() and not one.is_run:
            found.append(one.at(slice(int(np.argmax(after)), len(one))))
    return found


def without_bad(series: Iterable[Series], bad: NDArray[np.bool_] | None) -> list[Series]:
    """Series without points of bad rows; a run that has one is left out as a whole."""
    if bad is None:
        return list(series)
    found = []
    for one in series:
        wrong = bad[one.rows]
        if not wrong.any():
            found.append(one)
        elif not one.is_run:
            borders = [0, *(np.flatnonzero(np.diff(wrong)) + 1).tolist(), len(one)]
            pieces = (slice(a, b) for a, b in pairwise(borders) if not wrong[a])
            found += [one.at(piece) for piece in pieces]
    return found


def nanoseconds(place: Any) -> int | None:
    """A date as nanoseconds since 1970; None for what is no date."""
    if isinstance(place, np.datetime64):
        return int(place.astype("datetime64[ns]").astype(np.int64))
    return None


def _start(series: Series) -> tuple[int, int]:
    dated = series.time is not None and series.time.dtype.kind == "M"
    first = 0 if not dated or series.time is None else nanoseconds(series.time[0]) or 0
    return first, int(series.rows.min())
