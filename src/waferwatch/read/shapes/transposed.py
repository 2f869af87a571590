"""Tables that lie on their side: a line for each sensor, a field for each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from waferwatch.read.cells.kinds import CellKind, cell_kind, is_value
from waferwatch.read.text.records import Record

_SIGNS = ",;\t| "  # one of which stands between any two fields
_FEWEST_FIELDS = 12
_WIDER = 2  # times as many fields as lines
_MOSTLY = 0.9
_LOOKED_AT = 200  # fields of a line
_APART = 0.3  # spread within a line to that between lines, where each line is a sensor


def has_room_on_its_side(lines: Sequence[str]) -> bool:
    """Whether any line can have as many more fields than there are lines as ``lies_on_its_side`` asks for."""
    filled = sum(bool(line.strip()) for line in lines)
    most = max((line.count(sign) for line in lines for sign in _SIGNS), default=0)
    return most + 1 >= max(_FEWEST_FIELDS, _WIDER * filled)


def lies_on_its_side(records: Sequence[Record]) -> bool:
    """Whether each line is a sensor.

    Args:
        records: all those of the file.
    """
    filled = [record.fields for record in records if record.fields]
    width = max((len(fields) for fields in filled), default=0)
    rows = [fields for fields in filled if len(fields) == width]
    if len(rows) < 2 or len(rows) < _MOSTLY * len(filled) or width < max(_FEWEST_FIELDS, _WIDER * len(rows)):
        return False
    kinds = [[cell_kind(cell) for cell in fields[:_LOOKED_AT]] for fields in rows]
    if _has_names(rows, kinds):
        return _first_line_is_clock(rows, kinds) or _differ_in_size(rows, first=1)
    return len(rows) > 2 and _all_values(kinds, first=0) and _differ_in_size(rows, first=0)


def turned(records: Sequence[Record]) -> list[list[str]]:
    """The fields with lines and columns exchanged."""
    rows = [record.fields for record in records if record.fields]
    width = max(map(len, rows))
    return [[row[at] if at < len(row) else "" for row in rows] for at in range(width)]


def _has_names(rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[CellKind]]) -> bool:
    """Whether each line begins with a name of its own, and values follow."""
    names = [fields[0].strip() for fields in rows]
    texts = [line[0] is CellKind.TEXT or (at == 0 and not names[0]) for at, line in enumerate(kinds)]
    return all(texts) and len(set(names)) == len(names) and _all_values(kinds, first=1)


def _all_values(kinds: Sequence[Sequence[CellKind]], first: int) -> bool:
    found = [kind for line in kinds for kind in line[first:] if kind is not CellKind.EMPTY]
    return bool(found) and sum(map(is_value, found)) >= _MOSTLY * len(found)


def _first_line_is_clock(rows: Sequence[Sequence[str]], kinds: Sequence[Sequence[CellKind]]) -> bool:
    """Times, or numbers that rise throughout, on the first line alone."""
    times = [sum(kind is CellKind.TIME for kind in line[1:]) >= _MOSTLY * (len(line) - 1) for line in kinds]
    if any(times):
        return times[0] and sum(times) == 1
    rising = [_rises(fields[1:]) for fields in rows]
    return rising[0] and sum(rising) == 1


def _rises(cells: Sequence[str]) -> bool:
    numbers = _numbers(cells)
    return len(numbers) == len(cells) and bool((np.diff(numbers) > 0).all())


def _differ_in_size(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Whether the lines lie on levels of their own, as sensors do and runs do not."""
    lines = [_numbers(fields[first:]) for fields in rows]
    lines = [line for line in lines if len(line) > 1]
    if len(lines) < 2:
        return False
    within = float(np.median([np.std(line) for line in lines]))
    between = float(np.std([np.median(line) for line in lines]))
    return within < _APART * between


def _numbers(cells: Sequence[str]) -> np.ndarray:
    found = []
    for cell in cells:
        try:
            found.append(float(cell.strip().replace(",", ".")))
        except ValueError:
            continue
    return np.array(found)
