"""Where the series of an equipment begin, over all its units.

Windows lie on a grid that is counted from where a series begins. With a clock that is not quite even, a unit scored by
itself would count otherwise, so it is given the place where the series that it lies in began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.scale.plans.contents import UNIT_NS, is_parquet
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.units.rows import Wanted, moments, read_unit_rows
from waferwatch.scoring.model import Model
from waferwatch.series.layout import offset_of
from waferwatch.series.series import Series


@dataclass(frozen=True)
class SeriesStarts:
    """First rows of the series of an equipment; none where their places are known without."""

    rows: list[int]  # numbers among all rows of the equipment, ascending
    moments: list[int]  # nanoseconds since 1970


NO_STARTS = SeriesStarts([], [])


def series_starts(plan: ScalePlan, equipment: tuple[str, ...], units: Sequence[WorkUnit], model: Model) -> SeriesStarts:
    """Read nothing but the clock of an equipment, unit by unit.

    A unit that cannot be read is left out, and the series behind it begins anew. Files that can only be read as a whole
    are not read for it: the place of their rows is taken from their time alone.
    """
    gap = model.layout.gap(equipment)
    if gap is None or not all(is_parquet(name) for one in units for name in one.files):
        return NO_STARTS
    rows: list[int] = []
    found: list[int] = []
    last: int | None = None
    for one in units:
        at = _clock(plan, one)
        if at is None:
            last = None
            continue
        steps = np.diff(at, prepend=at[:1] if last is None else [last])
        begins = np.flatnonzero(steps > gap)
        begins = np.union1d(begins, [0]) if last is None else begins
        rows += (one.first_row + begins).tolist()
        found += at[begins].tolist()
        last = int(at[-1]) if len(at) else last
    return SeriesStarts(rows, found)


def _clock(plan: ScalePlan, unit: WorkUnit) -> NDArray[np.int64] | None:
    """The times of a unit's rows; None where they cannot be read."""
    end = unit.begin + UNIT_NS[plan.unit]
    columns = [plan.time, *plan.equipment]
    try:
        frame = read_unit_rows(plan, Wanted(unit.equipment, unit.begin, end, unit.files, unit.sizes, columns))
    except InputError:
        return None
    return moments(frame, plan.time)


def placed(
    series: Sequence[Series], number: NDArray[np.int64], starts: SeriesStarts, interval: float | None
) -> list[Series]:
    """Series with the places that their rows have in the undivided ones.

    Args:
        number: (rows,) number of each row of the table among all rows of the equipment.
        interval: usual step of time, in nanoseconds.
    """
    if not starts.rows or len({one.key for one in series}) > 1 or any(one.is_run for one in series):
        return list(series)
    found = []
    for one in series:
        first = int(number[one.rows[0]])
        at = int(np.searchsorted(starts.rows, first, side="right")) - 1
        if at < 0:
            found.append(one)
            continue
        begun = offset_of(float(starts.moments[at]), interval)
        found.append(replace(one, offset=begun + first - starts.rows[at]))
    return found
