"""What the user says about the cells of a table, whatever column they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waferwatch.errors import InputError
from waferwatch.read.clock.dates import DateOrder
from waferwatch.read.time_axis.zones import check_zone

BAD_CELLS = 0.05  # share of a column's filled cells that may hold neither a number nor a word for no value


@dataclass(frozen=True)
class CellRules:
    """How cells are read where their own look does not settle it."""

    no_value: tuple[str, ...] = ()  # words and numbers that stand for no value, in addition to the known ones
    bad_cells: float = BAD_CELLS
    date_order: DateOrder | None = None  # None: found by how time runs
    keep_values: bool = False  # filler numbers such as -9999 are measurements
    leave_out_rows: tuple[tuple[str, str], ...] = ()  # column, value: rows that are not judged
    time_zone: str | None = None  # in which the times are shown, such as Asia/Seoul or UTC+09:00

    @classmethod
    def of(
        cls,
        *,
        no_value: Sequence[str] = (),
        bad_cells: float | None = None,
        date_order: str | None = None,
        time_zone: str | None = None,
        keep_values: bool = False,
        leave_out_rows: Sequence[tuple[str, str]] = (),
    ) -> CellRules:
        """Checked rules; None stands for what is usual.

        Raises:
            InputError: ``bad_cells`` is no share, ``date_order`` no order or ``time_zone`` no zone.
        """
        share = BAD_CELLS if bad_cells is None else bad_cells
        if not 0 <= share <= 1:
            raise InputError(
                "{value} is not a share of cells.", hint="Give a number from 0 to 1.", field="bad_cells", value=share
            )
        if date_order is not None and date_order not in list(DateOrder):
            raise InputError(
                "{value} is not an order of day, month and year.",
                hint="Choose one of: {orders}.",
                field="date_order",
                value=date_order,
                orders=", ".join(DateOrder),
            )
        if time_zone is not None:
            check_zone(time_zone)
        order = None if date_order is None else DateOrder(date_order)
        words = tuple(word.strip() for word in ([no_value] if isinstance(no_value, str) else no_value))
        rows = tuple((column, value) for column, value in leave_out_rows)
        return cls(words, share, order, keep_values, rows, time_zone)


USUAL = CellRules()
