"""What people marked on the time of a data set: maintenance, normal stretches, stretches to leave out."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from waferwatch.errors import NotFoundError
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import marks as rows


class MarkKind(StrEnum):
    """What a mark says."""

    PM = "pm"  # a maintenance; start and end may be the same
    CHANGE = "change"  # of a recipe or a set-point that was meant; start and end may be the same
    NORMAL = "normal"  # wafers that somebody knows to be normal
    LEFT_OUT = "left_out"  # wafers that are not to be learnt from


@dataclass(frozen=True)
class Mark:
    """A moment or a stretch of one equipment, as the clock of the data shows it."""

    id: str
    dataset: str
    equipment: str | None  # None: all
    kind: MarkKind
    start: str  # ISO 8601 text, or a number as text
    end: str
    wafers: tuple[str, ...]  # "LOT/WAFER" that it was drawn over; empty where nothing names wafers
    note: str
    user: str
    created: str  # ISO 8601, UTC

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self) | {"kind": self.kind.value, "wafers": list(self.wafers)}


class Marks:
    """The marks of one store. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        dataset: str,
        kind: MarkKind,
        start: str,
        end: str,
        user: str,
        *,
        equipment: str | None = None,
        wafers: Sequence[str] = (),
        note: str = "",
    ) -> Mark:
        """Keep a mark. The same one is kept once."""
        same = next((one for one in self.of(dataset) if _what(one) == (kind, equipment, start, end)), None)
        if same is not None and not note:
            return same
        made = Mark(secrets.token_hex(8), dataset, equipment, kind, start, end, tuple(wafers), note, user, now())
        with self._database.begin() as connection:
            connection.execute(rows.insert().values(**made.to_dict()))
        return made

    def of(self, dataset: str) -> list[Mark]:
        """Every mark of a data set, in order of their starts."""
        with self._database.read() as connection:
            found = connection.execute(select(rows).where(rows.c.dataset == dataset)).mappings()
            marks = [_mark(dict(row)) for row in found]
        return sorted(marks, key=lambda one: (_place(one.start), one.created))

    def remove(self, dataset: str, mark_id: str) -> None:
        """
        Raises:
            NotFoundError: when the data set has no such mark (any more).
        """
        with self._database.begin() as connection:
            gone = connection.execute(rows.delete().where(rows.c.dataset == dataset, rows.c.id == mark_id))
        if not gone.rowcount:
            raise NotFoundError("There is no mark {mark} here.", hint="It may have been removed.", mark=mark_id[:60])


def _what(one: Mark) -> tuple[MarkKind, str | None, str, str]:
    return one.kind, one.equipment, one.start, one.end


def _mark(row: dict[str, Any]) -> Mark:
    return Mark(**row | {"kind": MarkKind(row["kind"]), "wafers": tuple(row["wafers"])})


def _place(text: str) -> tuple[float, str]:
    """Numbers in their order, then times, which are text that sorts."""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text
