"""The rows of one equipment between two moments, out of the files that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.dataset as dataset
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.roles.groups import group_codes
from waferwatch.scale.plans.contents import (
    FileColumns,
    clock_in,
    clock_of,
    damaged,
    has_clock,
    is_parquet,
    path_keys,
    whole_file,
    with_keys,
)
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.storage import Storage

_HOUR = 3_600_000_000_000


@dataclass(frozen=True)
class Wanted:
    """Which rows are read. Times are nanoseconds since 1970, by the clock of the data."""

    equipment: tuple[str, ...]
    since: int
    until: int  # not part of it
    files: Sequence[str]
    sizes: Sequence[int]  # as the plan found them
    columns: Sequence[str] | None  # None: all


def read_unit_rows(plan: ScalePlan, wanted: Wanted) -> pd.DataFrame:
    """The rows in time order, those of one moment in the order of their files.

    Raises:
        InputError: a file is missing, damaged, or has changed since it was planned.
    """
    source = Storage(plan.source)
    parts = []
    for name, size in zip(wanted.files, wanted.sizes, strict=True):
        _check_size(source, name, size)
        parts.append(_part(plan, source, name, wanted))
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    order = np.argsort(moments(frame, plan.time), kind="stable")
    if (np.diff(order) == 1).all():
        return frame
    return frame.iloc[order].reset_index(drop=True)


def moments(frame: pd.DataFrame, time: str) -> NDArray[np.int64]:
    """(rows,) nanoseconds since 1970."""
    return frame[time].to_numpy().astype("datetime64[ns]").view(np.int64)


def _check_size(source: Storage, name: str, size: int) -> None:
    found = source.child(name).size()
    if found is None:
        raise damaged(name, FileNotFoundError())
    if found != size:
        raise InputError(
            "{table} has changed since the plan was made.",
            hint="Make the plan again. Units whose files have not changed are not scored again.",
            field="file",
            table=name,
        )


def _part(plan: ScalePlan, source: Storage, name: str, wanted: Wanted) -> pd.DataFrame:
    if is_parquet(name):
        try:
            found = _by_filter(plan, source, name, wanted)
        except (pa.ArrowException, OSError) as error:
            raise damaged(name, error) from error
        if found is not None:
            return _mine(plan, found, wanted)
    frame = whole_file(source, name, plan.options)
    columns = FileColumns(plan.time, plan.equipment, plan.unit, plan.options)
    return _mine(plan, frame.assign(**{plan.time: clock_in(frame, name, columns)}), wanted)


def _by_filter(plan: ScalePlan, source: Storage, name: str, wanted: Wanted) -> pd.DataFrame | None:
    """Rows of a Parquet file, of which only the row groups in question are read; None where its clock is text."""
    keys = path_keys(name)
    data = dataset.dataset(source.child(name).path, filesystem=source.system, format="parquet", partitioning=None)
    if not has_clock(data.schema, plan.time, plan.options):
        return None
    rule = _between(plan.time, data.schema.field(plan.time).type, wanted)
    for column, value in zip(plan.equipment, wanted.equipment, strict=True):
        if column in data.schema.names and pa.types.is_string(data.schema.field(column).type):
            rule &= compute.field(column) == value
    wished = data.schema.names if wanted.columns is None else wanted.columns
    table = data.to_table(columns=[one for one in wished if one in data.schema.names], filter=rule, use_threads=False)
    at = table.schema.get_field_index(plan.time)
    table = table.set_column(at, plan.time, clock_of(table[plan.time]))
    frame = table.to_pandas(ignore_metadata=True, split_blocks=True, self_destruct=True)
    asked = keys if wanted.columns is None else {key: keys[key] for key in keys if key in wanted.columns}
    return with_keys(frame, asked)


def _between(time: str, kind: pa.DataType, wanted: Wanted) -> compute.Expression:
    """Wider by some hours where the clock has a zone: its own days are cut exactly afterwards."""
    more = 0 if kind.tz is None else 26 * _HOUR
    bounds = [
        pa.scalar(at, pa.timestamp("ns")).cast(pa.timestamp("ns", kind.tz)).cast(kind, safe=False)
        for at in (wanted.since - more, wanted.until + more)
    ]
    return (compute.field(time) >= bounds[0]) & (compute.field(time) < bounds[1])


def _mine(plan: ScalePlan, frame: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """Exactly the rows of the equipment between the moments."""
    at = moments(frame, plan.time)
    codes, names = group_codes(frame, plan.equipment)
    mine = (at >= wanted.since) & (at < wanted.until)
    mine &= np.isin(codes, [code for code, name in enumerate(names) if name == wanted.equipment])
    return frame if mine.all() else frame[mine].reset_index(drop=True)
