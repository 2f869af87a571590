"""Run options, and the rows and sensors of the table that they select."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib import metadata
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.grouping.groups import group_columns, part
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.jobs.monitors.detecting import watched_rows
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import end_of, place_of
from waferwatch.scoring.question import Question
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds
from waferwatch.store.datasets import Dataset


@dataclass(frozen=True)
class Options(Question):
    """A question with the data that it is asked of. Equal options on the same data give the same result."""

    dataset: str
    features: tuple[str, ...] | None = None  # None: every sensor
    reference_start: str | None = None  # the rows of this period, both ends included, are known to be normal
    reference_end: str | None = None
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()  # column -> the values whose rows are judged
    detectors: tuple[str, ...] | None = None  # of a comparison; None: all
    version: int | None = None  # of the data set: the roles that its columns had; set when the run is queued
    monitor: str | None = None  # NAME@VERSION that scores, so that nothing is learnt
    monitor_id: str | None = None  # of that version; set when the run is queued
    model_digest: str | None = None  # of its model
    equipment: tuple[str, ...] | None = None  # that it watches: only its rows are scored
    limits: tuple[TypedLimit, ...] = ()  # of indicators of wafers, that a person has set
    faults: bool | None = None  # of a comparison: test with injected faults too; None: where there are no labels

    def __post_init__(self) -> None:
        """
        Raises:
            InputError: for more than one way to a threshold, or what a monitor has settled.
        """
        super().__post_init__()
        if self.monitor is not None:
            _check_settled(self)

    @property
    def is_automatic(self) -> bool:
        """Whether no other way to a threshold was asked for."""
        return self.thresholds == Thresholds()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the automatic threshold is null."""
        return asdict(self) | {
            "threshold": None if self.threshold == AUTO else self.threshold,
            "filters": {column: list(values) for column, values in self.filters},
            "limits": [asdict(one) for one in self.limits],
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The options that ``to_dict`` wrote; of a later version's fields those that are known.

        Before 0.4.0 a contamination was always written, also where a number of false alarms stood in its place.
        """
        known = {field.name: plain[field.name] for field in fields(cls) if field.name in plain}
        if known.get("false_alarms") is not None:
            known["contamination"] = None
        if known.get("threshold") is None:
            known["threshold"] = AUTO
        for name in ("features", "detectors", "equipment"):
            known[name] = None if known.get(name) is None else tuple(known[name])
        known["limits"] = tuple(TypedLimit(**one) for one in known.get("limits") or ())
        known["filters"] = tuple((column, tuple(values)) for column, values in (known.get("filters") or {}).items())
        return cls(**known)

    def fingerprint(self, kind: str, dataset: Dataset) -> str:
        """The same for runs that must give the same result. It changes when the checkpoint of a name is replaced."""
        created = dataset.created if not dataset.builtin else ""
        parts = [_version(), kind, dataset.version, created, _weights(self.checkpoint), self.to_dict()]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


_SETTLED = (
    "features",
    "checkpoint",
    "reference_rows",
    "reference_start",
    "reference_end",
    "detectors",
    "faults",
)


def _check_settled(options: Options) -> None:
    given = [name for name in _SETTLED if getattr(options, name) is not None]
    if options.detector != Options.detector:
        given.insert(0, "detector")
    if given:
        raise InputError(
            "This cannot be chosen for a monitor: it was settled when the monitor was learnt.",
            hint="Leave it out, or leave the monitor out.",
            field=given[0],
        )


@cache
def _version() -> str:
    return metadata.version("waferwatch")


def _weights(checkpoint: str | None) -> tuple[str, str | None] | None:
    """SHA-256 of the weights that this name means now; None when there are none: the run itself says why."""
    try:
        found = checkpoints.find(checkpoint)
    except WaferwatchError:
        return None
    return found.sha256, found.weights_sha256


def check_sensor(table: Table, column: str, field: str) -> None:
    """
    Raises:
        NotFoundError: when the table has no such column.
        InputError: when the column is no sensor.
    """
    if column not in table.roles:
        raise NotFoundError(
            "{table} has no column {column}.",
            hint="Sensors: {known}.",
            field=field,
            table=table.name,
            column=column[:100],
            known=", ".join(table.columns(Role.SENSOR)[:20]),
        )
    if table.roles[column] is not Role.SENSOR:
        raise InputError(
            "{column} is not a sensor: its role is {role}.",
            hint="Sensors: {known}.",
            field=field,
            column=column[:100],
            role=table.roles[column].value,
            known=", ".join(table.columns(Role.SENSOR)[:20]),
        )


def with_features(table: Table, features: Sequence[str] | None) -> Table:
    """The same rows with only these sensors; the other sensors are ignored.

    Raises:
        NotFoundError, InputError: for a column that does not exist or is no sensor.
    """
    if features is None:
        return table
    for column in features:
        check_sensor(table, column, "features")
    unused = set(table.columns(Role.SENSOR)) - set(features)
    roles = {column: Role.IGNORED if column in unused else role for column, role in table.roles.items()}
    return replace(table, roles=roles)


def chosen_rows(table: Table, options: Options) -> NDArray[np.int64] | None:
    """Positions of the rows that the filters leave, of the equipment that a monitor watches, ascending; None for all.

    Raises:
        NotFoundError: for a column that does not exist.
        InputError: for a column that cannot be filtered by, or when no row is left.
    """
    filtered = _filtered_rows(table, options) if options.filters else None
    if options.monitor is None:
        return filtered
    return watched_rows(table, options.equipment, options.monitor, filtered)


def _filtered_rows(table: Table, options: Options) -> NDArray[np.int64]:
    kept = np.ones(len(table.frame), dtype=np.bool_)
    for column, values in options.filters:
        known = group_columns(table)
        if column not in known:
            raise NotFoundError(
                "Rows cannot be filtered by {column}.",
                hint="Columns to filter by: {known}.",
                field="filters",
                column=column[:100],
                known=", ".join(known),
            )
        groups, wanted = part(table, column), set(values)
        kept &= np.array([value in wanted for value in groups.values])[groups.codes]
    if not kept.any():
        raise InputError(
            "No row has the chosen values of {columns}.",
            hint="Choose other values, or leave the filter out.",
            field="filters",
            columns=", ".join(column for column, _ in options.filters)[:200],
        )
    return np.flatnonzero(kept)


def reference_period(table: Table, options: Options) -> Table | None:
    """The rows of the period that is known to be normal and that the filters leave; None when no period is given.

    Raises:
        NotFoundError, InputError: as ``reference_mask``.
    """
    inside = reference_mask(table, options)
    return None if inside is None else replace(table, frame=table.frame[inside].reset_index(drop=True))


def reference_mask(table: Table, options: Options) -> NDArray[np.bool_] | None:
    """(rows of the table,) True where a detector learns from the reference period; None when no period is given.

    Rows that the filters leave out are no reference either: what is normal for another recipe or equipment is not
    normal for the rows that are judged.

    Raises:
        NotFoundError: for a filter on a column that does not exist.
        InputError: when the table has no time, an end is none, or no row that the filters leave lies between them.
    """
    start, end = options.reference_start, options.reference_end
    if start is None and end is None:
        return None
    column = table.column(Role.TIME)
    if column is None:
        raise InputError(
            "A reference period needs a time column.", hint="Give reference_rows instead.", field="reference_start"
        )
    time = table.frame[column].to_numpy()
    inside = _between(time, start, end, table.zone)
    rows = chosen_rows(table, options)
    if rows is not None:
        chosen = np.zeros(len(time), dtype=np.bool_)
        chosen[rows] = True
        if inside.any() and not (inside & chosen).any():
            raise _none_chosen_inside(options, time[chosen])
        inside &= chosen
    if not inside.any():
        raise InputError(
            "No row lies in the reference period.",
            hint="The data go from {first} to {last}.",
            field="reference_start",
            first=pd.Series(time).min(),
            last=pd.Series(time).max(),
        )
    return inside


def _between(time: NDArray[Any], start: str | None, end: str | None, zone: str | None) -> NDArray[np.bool_]:
    """True from start to end, both included; an end that is None is open."""
    dated = time.dtype.kind == "M"
    low = place_of(start, dated, "reference_start", zone)
    high = end_of(end, dated, "reference_end", zone)
    inside = np.ones(len(time), dtype=np.bool_)
    if low is not None:
        inside &= time >= low
    if high is not None:
        inside &= time <= high
    return inside


def _none_chosen_inside(options: Options, time: NDArray[Any]) -> InputError:
    return InputError(
        "No row with the chosen values of {columns} lies in the reference period.",
        hint="These rows go from {first} to {last}. Choose another period, or leave the filter out.",
        field="reference_start",
        columns=", ".join(column for column, _ in options.filters)[:200],
        first=pd.Series(time).min(),
        last=pd.Series(time).max(),
    )
