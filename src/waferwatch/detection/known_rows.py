"""The known-normal series of a file that holds little else."""

from __future__ import annotations

from collections import defaultdict

from waferwatch.detection.run import reference_of
from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.series.split import split


def known_normal(table: Table, reference_rows: int | None = None) -> list[list[Series]]:
    """The known-normal series of each scope (equipment).

    Args:
        table: the rows.
        reference_rows: only the first so many rows of each scope are normal; None: all are.

    Raises:
        InputError: no row has a time, or the number of rows is below 1.
    """
    by_scope: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for one in split(table, reference_rows=reference_rows).series:
        by_scope[one.scope].append(one)
    return [reference_of(scope, mine, ()) for scope, mine in by_scope.items()]
