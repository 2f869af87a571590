"""Where a row stands among the rows of its equipment: in time order, or late.

A row before the newest one of its equipment is late: it is kept, counted and not scored. Where that many come in a row
that the clock must have been set back, the next one begins a new series. All of it depends on the log's order alone.
"""

from __future__ import annotations

from dataclasses import dataclass

SET_BACK = 32  # late rows in a row after which the clock is taken to have been set back


@dataclass
class EquipmentClock:
    """Of one equipment."""

    newest: int | None = None  # nanoseconds since 1970
    series: int = 1
    late_in_a_row: int = 0

    def series_of(self, time: int, *, begins: bool = False) -> int | None:
        """The series that a row at this time belongs to, None for a late one. Nothing is changed by it.

        Args:
            begins: a row that is not late begins a new series.
        """
        if self.newest is None or time >= self.newest:
            return self.series + 1 if begins and self.newest is not None else self.series
        return self.series + 1 if self.late_in_a_row >= SET_BACK else None

    def take(self, time: int, series: int | None) -> None:
        """Go on behind a row that was kept."""
        if series is None:
            self.late_in_a_row += 1
        else:
            self.newest, self.series, self.late_in_a_row = time, series, 0

    def end_series(self) -> None:
        """The next row begins a new series."""
        if self.newest is not None:
            self.series += 1
