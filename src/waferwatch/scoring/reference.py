"""Which series a model learns from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.fitted import Fitted
from waferwatch.read.table import Note, Role, Table
from waferwatch.series.series import Series
from waferwatch.series.split import split

_MANY_RUNS = 8
_MOST_NAMED = 10  # runs in a note

CONTEXT = (Role.RECIPE, Role.STEP, Role.LOT, Role.WAFER)  # what says where in its recipe a row lies

Scope = tuple[str, ...]


def normal_series(series: Sequence[Series]) -> dict[Scope, list[Series]]:
    """The known-normal series of each scope, in order; where nothing is known to be normal, every series, unmarked."""
    by_scope: dict[Scope, list[Series]] = defaultdict(list)
    for one in known_parts(series) or [replace(one, reference=None) for one in series]:
        by_scope[one.scope].append(one)
    return dict(by_scope)


def known_parts(series: Sequence[Series]) -> list[Series]:
    """The points that are known to be normal, of each series that has any.

    Where many runs are known as wholes, one that is known in part is left out: half a run is no normal run.
    """
    known = [(one, one.reference) for one in series if one.reference is not None and one.reference.any()]
    wholes = [(one, mask) for one, mask in known if one.is_run and mask.all()]
    chosen = wholes if len(wholes) >= _MANY_RUNS else known
    return [one.at(mask) for one, mask in chosen]


def known_normal(table: Table, reference_rows: int | None = None) -> list[list[Series]]:
    """The known-normal series of each scope (equipment) of a table that holds little else.

    Args:
        table: the rows.
        reference_rows: how many of the first rows of each scope are normal; None: all.

    Raises:
        InputError: no row has a time, or the number of rows is below 1.
    """
    return list(normal_series(split(table, reference_rows=reference_rows).series).values())


def like(reference: Table, table: Table) -> Table:
    """A reference without the recipe, step, lot and wafer columns that the other table lacks: what only one of them
    has cannot be compared.
    """
    unknown = [role for role in CONTEXT if table.column(role) is None]
    groups = tuple(name for name in reference.groups if reference.roles[name] not in unknown)
    return without_context(replace(reference, groups=groups), unknown)


def without_context(table: Table, unknown: Sequence[Role]) -> Table:
    """A table whose columns of these roles count no more, but for those that split it into series."""
    roles = {
        name: Role.CONTEXT if role in unknown and name not in table.groups else role
        for name, role in table.roles.items()
    }
    return replace(table, roles=roles)


def set_aside_notes(fitted: Fitted, normal: Mapping[Scope, Sequence[Series]]) -> list[Note]:
    """Runs of the reference that are unlike the others, by name."""
    pieces = zip(fitted.reference, (one for mine in normal.values() for one in mine), strict=True)
    names = [" ".join(filter(None, (*one.key, *one.run))) for piece, one in pieces if piece.set_aside]
    if not names:
        return []
    return [
        Note(
            "{count} of {runs} reference runs are unlike the others and were not learnt from: {names}. Check them; if "
            "they are normal, give more like them.",
            {
                "count": len(names),
                "runs": len(fitted.reference),
                "names": ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else ""),
            },
        )
    ]


def standing_out_notes(fitted: Fitted, normal: Mapping[Scope, Sequence[Series]], first_row: int) -> list[Note]:
    """How many rows that were learnt from are above the threshold all the same; runs that are set aside are named.

    Args:
        first_row: number of the first row of the table in messages.
    """
    pieces = zip(fitted.reference, (one for mine in normal.values() for one in mine), strict=True)
    kept = [(piece.left_out, one) for piece, one in pieces if not piece.set_aside]
    taken = [left_out for left_out, one in kept if not one.is_known_normal]
    known = [(left_out, one) for left_out, one in kept if one.is_known_normal and not one.run]
    return [*_taken_notes(fitted, taken), *_known_notes(fitted, known, first_row)]


def _taken_notes(fitted: Fitted, taken: Sequence[NDArray[np.float32]]) -> list[Note]:
    count = sum(int(_above(fitted, one).sum()) for one in taken)
    if not count:
        return []
    return [
        Note(
            "{count} of the {rows} rows that were taken to be normal stand out from the others and do not count as "
            "normal. If they are, say that they are known to be normal.",
            {"count": f"{count:,}", "rows": f"{sum(len(one) for one in taken):,}"},
        )
    ]


def _known_notes(fitted: Fitted, known: Sequence[tuple[NDArray[np.float32], Series]], first_row: int) -> list[Note]:
    above = [one.rows[_above(fitted, left_out)] for left_out, one in known]
    count = sum(map(len, above))
    if not count:
        return []
    return [
        Note(
            "{count} of the {rows} rows known to be normal lie above the threshold, far off the others, the first in "
            "row {row}. Check them; if they are normal, give more like them.",
            {
                "count": f"{count:,}",
                "rows": f"{sum(len(one) for _, one in known):,}",
                "row": f"{min(int(one.min()) for one in above if len(one)) + first_row:,}",
            },
        )
    ]


def _above(fitted: Fitted, left_out: NDArray[np.float32]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = fitted.rarity.of(left_out.astype(np.float64)) > fitted.threshold
    return found
