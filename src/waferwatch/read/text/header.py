"""The names and units of the columns, from the lines above the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from waferwatch.read.cells.kinds import CellKind, cell_kind, column_kinds, is_value, leading_number
from waferwatch.read.roles.unit_names import is_processing, is_ruler, is_types, is_units, unit_of
from waferwatch.read.text.records import Record, fields_of
from waferwatch.read.text.table_start import TableStart, is_comment, without_comment_sign

_MOST_ROWS = 8  # above the data that may belong to the header
_MOSTLY = 0.5
_LOOKED_AT = 100  # rows of data


@dataclass(frozen=True)
class Header:
    """What the lines above the data say of the columns."""

    names: tuple[str, ...]  # one for each column, "" for a nameless one; all empty without a header
    names_line: int | None = None
    units_line: int | None = None
    group_line: int | None = None
    left_out: tuple[int, ...] = ()  # lines above the data that are neither, by number
    extra_names: tuple[str, ...] = ()  # names beyond the last column of the data
    joined_time: bool = False  # the first two columns are the date and time of one name
    units: tuple[str, ...] = field(default=())  # one for each column
    unsure: int = 0  # names where there is one column more and nothing shows which of them has none
    data_line: int | None = None  # line below the names that holds data although it does not look like it

    @property
    def found(self) -> bool:
        return self.names_line is not None


def find_header(records: Sequence[Record], start: TableStart, delimiter: str, data: Sequence[Record]) -> Header:
    """Find names and units.

    Args:
        records: all those above the first data row.
        start: where the data begin.
        delimiter: between the fields.
        data: some rows of data.
    """
    width = _filled_width(data, start.width)
    rows = _candidates(records, width, start.width, delimiter)
    names_at = _find_names(rows, records)
    if names_at is None:
        return Header(("",) * start.width, left_out=tuple(record.line for record in records if record.fields))
    return _lay_out(records, rows, names_at, start, data)


def header_at(records: Sequence[Record], start: TableStart, line: int, units_line: int | None) -> Header:
    """The header that stands in a line by the word of the file's owner."""
    names = next((record.fields for record in records if record.line == line), ())
    units = next((record.fields for record in records if record.line == units_line), ())
    left = tuple(record.line for record in records if record.fields and record.line not in (line, units_line))
    return Header(
        _to_width(_cleaned(names), start.width),
        names_line=line,
        units_line=units_line if units else None,
        left_out=left,
        extra_names=tuple(cell for cell in _cleaned(names)[start.width :] if cell),
        units=_to_width([unit_of(cell) for cell in units], start.width),
    )


def with_units(header: Header, records: Sequence[Record], line: int, width: int) -> Header:
    """The header with the units of a line by the word of the file's owner; of line 0 there are none."""
    cells = next((record.fields for record in records if record.line == line), ())
    left = tuple(one for one in header.left_out if one != line)
    units = _to_width([unit_of(cell) for cell in cells], width) if cells else ()
    return replace(header, units_line=line if cells else None, units=units, left_out=left)


@dataclass(frozen=True)
class _Row:
    """A line above the data that may belong to the header."""

    record: Record
    cells: tuple[str, ...]

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


def _filled_width(data: Sequence[Record], width: int) -> int:
    """Columns without those at the end that hold nothing in any row: lines that end in a delimiter."""
    kinds = column_kinds([record.fields for record in data[:_LOOKED_AT] if len(record.fields) == width], width)
    return max((at + 1 for at, kind in enumerate(kinds) if kind is not CellKind.EMPTY), default=width)


def _candidates(records: Sequence[Record], filled: int, width: int, delimiter: str) -> list[_Row]:
    """Lines just above the data with as many fields, the lowest first; comments are read without their sign."""
    rows: list[_Row] = []
    for record in reversed(records):
        if not record.fields:
            continue
        cells = _cleaned(record.fields)
        if not _may_be_header(cells, filled, width) and is_comment(record.text, delimiter):
            cells = _cleaned(fields_of(without_comment_sign(record.text), delimiter))
        if not _may_be_header(cells, filled, width):
            if rows and not is_comment(record.text, delimiter):
                break
            continue
        rows.append(_Row(record, cells))
        if len(rows) == _MOST_ROWS:
            break
    return rows


def _may_be_header(cells: Sequence[str], filled: int, width: int) -> bool:
    """One name less where the first one has none or stands for date and time; more where no cell stands below."""
    if width == 1:
        return len(cells) == 1
    return max(2, filled - 1) <= len(cells) <= width + 1 and (any(cells) or len(cells) == width)


def _cleaned(fields: Sequence[str]) -> tuple[str, ...]:
    cells = [cell.strip() for cell in fields]
    if cells and cells[0]:
        cells[0] = without_comment_sign(cells[0]) or cells[0]
    return tuple(cells)


def _find_names(rows: Sequence[_Row], records: Sequence[Record]) -> int | None:
    """The lowest row of names; a row that could be units is the names when nothing else can.

    A row above it with different names throughout wins over one of words that repeat, such as "Bad" in every cell.
    """
    names = [at for at, row in enumerate(rows) if _is_names(row) and not _is_aside(row)]
    names = [at for at in names if not _are_numbered(rows[at].filled)] or names
    if names:
        first_line = next((record.line for record in records if record.fields), None)
        if len(rows[names[0]].cells) == 1 and rows[names[-1]].record.line == first_line:
            return names[-1]
        full = (at for at in names if len(set(rows[at].filled)) == len(rows[at].cells))
        return next(full, names[0])
    possible = [at for at, row in enumerate(rows) if _is_names(row) and not is_ruler(row.cells)]
    if possible:
        return possible[-1]
    return 0 if rows and rows[0].filled and all(cell_kind(cell) is CellKind.TEXT for cell in rows[0].filled) else None


def _is_names(row: _Row) -> bool:
    """Whether most columns have a text that could be a name."""
    filled = row.filled
    if len(filled) < _MOSTLY * len(row.cells):
        return False
    texts = sum(cell_kind(cell) is CellKind.TEXT for cell in filled)
    return 2 * texts >= len(filled) or _are_numbered(filled) or bool(texts and _rise(filled))


def _are_numbered(cells: Sequence[str]) -> bool:
    return all(cell.isdecimal() for cell in cells) and len(set(cells)) == len(cells)


def _rise(cells: Sequence[str]) -> bool:
    """Whether the names are numbers or times that rise, as of the points of a run."""
    points = [cell for cell in cells if cell_kind(cell) is not CellKind.TEXT]
    try:
        numbers = [float(point) for point in points]
    except ValueError:
        numbers = [leading_number(point) for point in points]
        rising = all(one < other for one, other in pairwise(numbers))
        return len(points) > 2 and (rising or all(one < other for one, other in pairwise(points)))
    return len(points) > 2 and all(one < other for one, other in pairwise(numbers))


def _is_aside(row: _Row) -> bool:
    """Whether a row describes the columns but does not name them."""
    return any(check(row.cells) for check in (is_ruler, is_units, is_processing, is_types))


def _lay_out(
    records: Sequence[Record], rows: Sequence[_Row], at: int, start: TableStart, data: Sequence[Record]
) -> Header:
    names_row = rows[at]
    names = list(names_row.cells)
    group = _group_row(rows, at, names)
    if group is not None:
        names = _joined(group.cells, names)
    units_row = next((row for row in rows if row is not names_row and row is not group and _is_units(row)), None)
    joined_time, fitted = _fitted(names, start, data)
    unsure = len(names) if fitted is None else 0
    names = fitted or names
    units = [unit_of(cell) for cell in units_row.cells] if units_row else []
    used = {row.record.line for row in (names_row, group, units_row) if row}
    below = [row.record.line for row in rows[:at] if row is not units_row and not _is_aside(row)]
    below = [line for line in below if len(_fields_at(records, line)) == start.width]
    below += [record.line for record in records if record.line > names_row.record.line and _holds_values(record)]
    used |= set(below)
    return Header(
        _to_width(names, start.width),
        names_line=names_row.record.line,
        units_line=units_row.record.line if units_row else None,
        group_line=group.record.line if group else None,
        left_out=tuple(record.line for record in records if record.fields and record.line not in used),
        extra_names=tuple(name for name in names[start.width :] if name),
        joined_time=joined_time,
        units=_to_width(units, start.width),
        unsure=unsure,
        data_line=min(below, default=None),
    )


def _holds_values(record: Record) -> bool:
    """Whether most cells of a line are numbers and times: a short row before the first whole one."""
    filled = [cell_kind(cell) for cell in record.fields if cell.strip()]
    return 2 * sum(map(is_value, filled)) > len(filled)


def _fields_at(records: Sequence[Record], line: int) -> tuple[str, ...]:
    return next(record.fields for record in records if record.line == line)


def _is_units(row: _Row) -> bool:
    return is_units(row.cells) and not is_ruler(row.cells) and not is_processing(row.cells) and not is_types(row.cells)


def _group_row(rows: Sequence[_Row], at: int, names: Sequence[str]) -> _Row | None:
    """The row over the names that says which of several equal names is meant."""
    counts = Counter(filter(None, names))
    if at + 1 >= len(rows) or not counts or max(counts.values()) < 2:
        return None
    above = rows[at + 1]
    near = rows[at].record.line - above.record.line <= 2
    return above if near and above.filled and not _is_aside(above) else None


def _joined(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    """Group and name; a group reaches to the next one."""
    joined, group = [], ""
    for position, name in enumerate(names):
        group = (groups[position] if position < len(groups) else "") or group
        joined.append(f"{group} {name}".strip() if name != group else name)
    return joined


def _fitted(names: list[str], start: TableStart, data: Sequence[Record]) -> tuple[bool, list[str] | None]:
    """Names for as many columns as the data have, where one is missing; None where it is not clear which."""
    missing = start.width - len(names)
    if missing != 1 or not data:
        return False, names
    kinds = [cell_kind(cell) for cell in data[0].fields[:2]]
    if kinds[:2] == [CellKind.TIME, CellKind.TIME]:
        return True, [names[0], "", *names[1:]]
    if not data[0].fields or not data[0].fields[-1].strip():
        return False, [*names, ""]
    return False, ["", *names] if _number_rows([record.fields[0] for record in data if record.fields]) else None


def _number_rows(cells: Sequence[str]) -> bool:
    """Whether the first column is the number or the name of the row, over which some programs write nothing."""
    if all(cell_kind(cell) is CellKind.TEXT for cell in cells):
        return True
    return cells[0].strip() in ("0", "1") and all(
        cell.strip() == str(int(cells[0]) + at) for at, cell in enumerate(cells)
    )


def _to_width(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells[:width], *[""] * (width - len(cells)))
