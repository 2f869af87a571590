"""The series: one contiguous stretch of one equipment's rows in time order, or one run's trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.steps import Steps, whole


@dataclass(frozen=True)
class Series:
    """One stretch that no window may leave."""

    values: NDArray[np.float64]  # (n, sensors), NaN = missing; finite otherwise
    rows: NDArray[np.int64]  # (n,) position of each point in the table, so that results go back in input order
    time: NDArray[Any] | None  # (n,) datetime64[ns] or float64, ascending; None when the table has no time column
    key: tuple[str, ...] = ()  # values of the group columns, as text
    scope: tuple[str, ...] = ()  # series with the same scope share one fit: same equipment, whichever run or stretch
    reference: NDArray[np.bool_] | None = None  # (n,) True where known to be normal; None when nothing is known
    steps: Steps | None = None  # None when nothing says which step a point belongs to
    run: tuple[str, ...] = ()  # lot and wafer, where each pass of a wafer is a series
    vouched: bool = False  # whether an engineer said that it is normal: learnt from even where it is unlike the others
    offset: int = 0  # absolute number of its first point: windows lie on a grid of these, wherever a file begins

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, chosen: slice | NDArray[np.bool_]) -> Series:
        """Some of its points, the first of which keeps its absolute number."""
        if isinstance(chosen, slice) and chosen.indices(len(self)) == (0, len(self), 1):
            return self
        first = chosen.indices(len(self))[0] if isinstance(chosen, slice) else int(np.argmax(chosen))
        return replace(
            self,
            offset=self.offset + first,
            values=self.values[chosen],
            rows=self.rows[chosen],
            time=None if self.time is None else self.time[chosen],
            reference=None if self.reference is None else self.reference[chosen],
            steps=None if self.steps is None else self.steps.at(chosen),
        )

    def with_sensors(self, columns: Sequence[str], wanted: Sequence[str]) -> Series:
        """The series with some sensors, in the order wanted; ``columns`` names those that it has."""
        if list(columns) == list(wanted):
            return self
        return replace(self, values=self.values[:, [columns.index(name) for name in wanted]])

    @property
    def is_run(self) -> bool:
        """Whether it is one of many runs that share a scope."""
        return self.key != self.scope or bool(self.run)

    @property
    def is_known_normal(self) -> bool:
        """Whether somebody said so of all of it, once it is cut to its reference; else it may be taken to be."""
        return self.reference is not None or self.vouched

    @property
    def sensors(self) -> int:
        return int(self.values.shape[1])


def steps_of(series: Series) -> Steps:
    """Steps of a series; one without steps is a single step."""
    return series.steps if series.steps is not None else whole(len(series))
