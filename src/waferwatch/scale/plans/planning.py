"""From a place full of files to a plan of units."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.scale.plans.contents import UNIT_NS, Contents, FileColumns, contents_of
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.storage import FoundFile, Storage

_READERS = 16  # files looked at side by side: most of the time is waiting for the storage
_AT_ONCE = 1024


@dataclass
class _Held:
    """What the files hold, in columns: some bytes for each equipment, unit and file."""

    names: list[tuple[str, ...]] = field(default_factory=list)
    codes: dict[tuple[str, ...], int] = field(default_factory=dict)
    equipment: array[int] = field(default_factory=lambda: array("q"))
    begin: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))
    file: array[int] = field(default_factory=lambda: array("q"))

    def add(self, contents: Contents, file: int) -> None:
        for (equipment, begin), rows in contents.items():
            code = self.codes.setdefault(equipment, len(self.codes))
            if code == len(self.names):
                self.names.append(equipment)
            for column, value in ((self.equipment, code), (self.begin, begin), (self.rows, rows), (self.file, file)):
                column.append(value)


@dataclass(frozen=True)
class _Stretch:
    """What is held of an equipment in one unit of time."""

    begin: int
    rows: int
    files: tuple[int, ...]


def make_plan(wish: ScalePlan, only: str | None = None) -> ScalePlan:
    """Look at every file and write the plan with its units.

    Args:
        wish: the plan without a count of its units.
        only: the name of the one file of its source that is meant; None: all of them.

    Raises:
        InputError: no file can be read, or none holds a row.
        NotFoundError: there is no file.
    """
    source = Storage(wish.source)
    columns = FileColumns(wish.time, wish.equipment, wish.unit, wish.options)
    files, held, errors = _looked_at(list(source.files(only)), source, columns)
    if not held.rows:
        first = next(iter(errors.values()), None)
        raise InputError(
            "No file of {path} holds rows that can be planned. {reason}",
            hint="Check the path, and the columns of time and equipment.",
            field="source",
            path=wish.source,
            reason=first or "",
        )
    if wish.reference is not None:
        _check_period(wish, wish.reference, held)
    count = {
        "equipment": len(held.names),
        "units": len(set(zip(held.equipment, held.begin, strict=True))),
        "rows": int(sum(held.rows)),
        "files": len(files),
        "bytes": sum(one.size for one in files),
        "unreadable": len(errors),
    }
    plan = replace(wish, count=count)
    plan.save(_units(plan, files, held, errors))
    return plan


def _check_period(wish: ScalePlan, period: tuple[int, int], held: _Held) -> None:
    """Refuse a reference in which there is no row, as a year that was typed wrong gives.

    Raises:
        InputError: no unit of time of any equipment touches it.
    """
    begins = np.frombuffer(held.begin, np.int64)
    if ((begins <= period[1]) & (begins + UNIT_NS[wish.unit] > period[0])).any():
        return
    first, last = (str(np.datetime64(int(each), "ns").astype("datetime64[D]")) for each in (begins.min(), begins.max()))
    raise InputError(
        "No row of {path} lies in the reference period.",
        hint="Give a period of the days from {first} to {last}.",
        field="reference",
        path=wish.source,
        first=first,
        last=last,
    )


def _looked_at(
    files: list[FoundFile], source: Storage, columns: FileColumns
) -> tuple[list[FoundFile], _Held, dict[int, str]]:
    """The files, what they hold, and the sentence on each that cannot be read."""
    held, errors = _Held(), {}
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(files), _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, len(files)))
            for number, found in zip(some, pool.map(lambda at: _read(source, files[at], columns), some), strict=True):
                if isinstance(found, str):
                    errors[number] = found
                else:
                    held.add(found, number)
    return files, held, errors


def _read(source: Storage, file: FoundFile, columns: FileColumns) -> Contents | str:
    try:
        return contents_of(source, file.name, columns)
    except WaferwatchError as error:
        return str(error)


def _units(plan: ScalePlan, files: Sequence[FoundFile], held: _Held, errors: dict[int, str]) -> Iterator[WorkUnit]:
    for number, sentence in errors.items():
        name, size = files[number].name, files[number].size
        yield WorkUnit((), 0, 0, 0, 0, 0, (name,), (size,), sentence)
    for code, stretches in _stretches(held):
        yield from _of_equipment(plan, held.names[code], stretches, files)


def _stretches(held: _Held) -> Iterator[tuple[int, list[_Stretch]]]:
    """Of each equipment, in order of its name, what is held of it, in order of time."""
    columns = [np.frombuffer(one, np.int64) for one in (held.equipment, held.begin, held.rows, held.file)]
    rank = np.empty(len(held.names), np.int64)
    rank[sorted(range(len(held.names)), key=lambda code: held.names[code])] = np.arange(len(held.names))
    order = np.lexsort((columns[3], columns[1], rank[columns[0]]))
    rows: Iterator[Any] = zip(*(column[order].tolist() for column in columns), strict=True)
    for code, mine in groupby(rows, key=lambda one: one[0]):
        found = []
        for begin, same in groupby(mine, key=lambda one: one[1]):
            parts = list(same)
            found.append(_Stretch(begin, sum(one[2] for one in parts), tuple(one[3] for one in parts)))
        yield code, found


def _of_equipment(
    plan: ScalePlan, equipment: tuple[str, ...], stretches: Sequence[_Stretch], files: Sequence[FoundFile]
) -> Iterator[WorkUnit]:
    first_row = 0
    for at, one in enumerate(stretches):
        near = stretches[
            _reach(stretches, at, plan.neighbourhood, -1) : _reach(stretches, at, plan.neighbourhood, 1) + 1
        ]
        numbers = sorted({number for each in near for number in each.files})
        yield WorkUnit(
            equipment,
            one.begin,
            one.rows,
            first_row,
            near[0].begin,
            near[-1].begin + UNIT_NS[plan.unit],
            tuple(files[number].name for number in numbers),
            tuple(files[number].size for number in numbers),
        )
        first_row += one.rows


def _reach(stretches: Sequence[_Stretch], at: int, rows: int, way: int) -> int:
    """The farthest stretch of a neighbourhood of this many rows."""
    found = at
    while rows > 0 and 0 <= found + way < len(stretches):
        found += way
        rows -= stretches[found].rows
    return found
