"""The beginning of a text file -> how its table is written: delimiter, names, first row, decimal sign."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from waferwatch.errors import InputError
from waferwatch.read.cells.kinds import CellKind
from waferwatch.read.form import Form
from waferwatch.read.text.delimiters import LineSplit, declared_delimiter, find_delimiter, usual_width
from waferwatch.read.text.header import Header, find_header, header_at, with_units
from waferwatch.read.text.records import BLANKS, WIDE_BLANKS, Record, lines_of, records_of
from waferwatch.read.text.table_start import TableStart, find_start

SAMPLE_BYTES = 1 << 20
_MOST_LINES = 2_000
_SAMPLE_RECORDS = 500
_FEW_RECORDS = 80
_SHOWN_ROWS, _SHOWN_LINES, _LONGEST_SHOWN = 15, 200, 500
_COMMA_DECIMAL = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
_POINT_DECIMAL = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class TextForm:
    """How a text table is written."""

    encoding: str
    delimiter: str  # a single blank stands for any number of them, two for at least two
    decimal: str  # "." or ","
    header: Header
    columns: tuple[str, ...]  # names, all different, one for each column
    width: int  # fields of a line as written
    kinds: tuple[CellKind, ...]  # of these fields
    first_row: int  # line of the first row of data
    header_characters: int  # characters of the decoded text before that line
    header_lines: frozenset[str] = frozenset()  # the lines of the header as written, which may come again
    irregular: bool = False  # lines of the sample have more or fewer fields, or are none of the table
    errors: str = "strict"  # what is done with bytes that are not of the encoding
    nameless: tuple[str, ...] = field(default=())
    first_lines: tuple[str, ...] = field(default=())  # of the file, without line ends: those worth a look
    repeated: tuple[str, ...] = field(default=())

    @property
    def has_blanks(self) -> bool:
        """Whether fields are set apart by blanks, which the parser cannot split."""
        return self.delimiter in (BLANKS, WIDE_BLANKS)

    @property
    def units(self) -> dict[str, str]:
        """The units of the columns that have one."""
        units = self.header.units[1:] if self.header.joined_time else self.header.units
        return {name: unit for name, unit in zip(self.columns, units, strict=False) if unit}


def decode_sample(sample: bytes, encoding: str, errors: str = "strict") -> str:
    """The sample as text; a character cut off at its end is left out.

    Raises:
        UnicodeDecodeError: the bytes are of another encoding.
    """
    return codecs.getincrementaldecoder(encoding)(errors).decode(sample, final=False)


def find_text_form(text: str, encoding: str, name: str, form: Form, *, whole: bool, errors: str = "strict") -> TextForm:
    """Find the table in the beginning of a file.

    Args:
        text: the decoded beginning; its last line may be cut off unless it is the ``whole`` file.
        encoding, errors: what it was decoded with; only passed on.
        name: the file's name, for messages.
        form: what the user says of it.

    Raises:
        InputError: there is nothing in it, or no header where the user says there is one.
    """
    lines = lines_of(text)[:_MOST_LINES]
    if not whole and len(lines) > 1:
        lines.pop()
    if not any(line.strip("\ufeff \t\r\n\0") for line in lines):
        raise InputError("{table} is empty.", hint="Choose a file with a header line and rows of data.", table=name)
    declared = next(filter(None, map(declared_delimiter, lines[:3])), None)
    split = find_delimiter(lines, form.sign or declared)
    records = [_undeclared(record) for record in records_of(lines, split.delimiter)]
    start = _start(records, _width(records, split), form)
    header = _header(records, start, split.delimiter, form, name)
    return _text_form(lines, records, start, header, split.delimiter, encoding, errors)


def _undeclared(record: Record) -> Record:
    return Record(record.line, record.text, ()) if declared_delimiter(record.text) else record


def _width(records: Sequence[Record], split: LineSplit) -> int:
    """Fields of the rows, now that no line is taken for a record of its own."""
    filled = [record for record in records if len(record.fields) > 1 and record.filled]
    if split.width == 1 or not filled:
        return split.width
    quarter = len(filled) // 4 if len(filled) > _FEW_RECORDS else 0
    return usual_width(filled[quarter : len(filled) - quarter][:_SAMPLE_RECORDS])


def _start(records: Sequence[Record], width: int, form: Form) -> TableStart:
    start = find_start(records, width)
    if form.header_line:
        below = [at for at, record in enumerate(records) if record.line > form.header_line and record.fields]
        found = find_start(records[below[0] :], width) if below else start
        return TableStart(below[0] + found.position if below else len(records), start.width, start.kinds)
    if start.position < len(records):
        return start
    header = next((at for at, record in enumerate(records) if len(record.fields) == width), len(records) - 1)
    return TableStart(header + 1, start.width, start.kinds)


def _header(records: Sequence[Record], start: TableStart, delimiter: str, form: Form, name: str) -> Header:
    above = records[: start.position]
    if form.header_line == 0:
        return Header(("",) * start.width, left_out=tuple(record.line for record in above if record.fields))
    if form.header_line is not None:
        if not any(record.line == form.header_line and record.fields for record in above):
            raise InputError(
                "Line {line} of {table} cannot hold the names of the columns.",
                hint="Give the number of the line with the names, counted from 1 at the top of the file.",
                field="header_line",
                line=form.header_line,
                table=name,
            )
        return header_at(above, start, form.header_line, form.units_line)
    found = find_header(above, start, delimiter, records[start.position : start.position + _SAMPLE_RECORDS])
    return found if form.units_line is None else with_units(found, above, form.units_line, start.width)


def _text_form(
    lines: Sequence[str],
    records: Sequence[Record],
    start: TableStart,
    header: Header,
    delimiter: str,
    encoding: str,
    errors: str,
) -> TextForm:
    body = [record for record in records[start.position :] if record.fields]
    first = records[start.position].line if start.position < len(records) else len(lines) + 1
    first = header.data_line or first
    columns, nameless, repeated = _named(header)
    used = {header.names_line, header.units_line, header.group_line} - {None}
    return TextForm(
        encoding=encoding,
        delimiter=delimiter,
        decimal=_decimal(body[:_SAMPLE_RECORDS], delimiter, start.width),
        header=header,
        columns=columns,
        width=start.width,
        kinds=start.kinds,
        first_row=first,
        header_characters=sum(map(len, lines[: first - 1])),
        header_lines=frozenset(record.text.strip("\r\n") for record in records if record.line in used),
        irregular=any(len(record.fields) != start.width for record in body),
        errors=errors,
        nameless=nameless,
        first_lines=first_lines(lines, first),
        repeated=repeated,
    )


def first_lines(lines: Sequence[str], data_line: int = 20) -> tuple[str, ...]:
    """The lines above the data and some rows of it, each cut to what can be shown."""
    shown = lines[: min(data_line + _SHOWN_ROWS, _SHOWN_LINES)]
    return tuple(line.strip("\ufeff\r\n")[:_LONGEST_SHOWN] for line in shown)


def _named(header: Header) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Different names for all columns, which of them were made, and which stood there more than once."""
    written = [*header.names[:1], *header.names[2:]] if header.joined_time else list(header.names)
    counts: Counter[str] = Counter()
    names, nameless = [], []
    taken = set(written)
    for position, name in enumerate(written, 1):
        counts[name] += 1
        if not name:
            nameless.append(_free(f"column {position}", taken))
        elif counts[name] > 1:
            name = _free(f"{name} ({counts[name]})", taken)
        names.append(name or nameless[-1])
        taken.add(names[-1])
    repeated = tuple(name for name, count in counts.items() if name and count > 1)
    return tuple(names), tuple(nameless), repeated


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _decimal(body: Sequence[Record], delimiter: str, width: int) -> str:
    """A comma only where commas do not split the fields and no number of the sample is written with a point."""
    if delimiter == ",":
        return "."
    cells = [cell for record in body if len(record.fields) == width for cell in record.fields]
    commas = any(map(_COMMA_DECIMAL.fullmatch, cells))
    return "," if commas and not any(map(_POINT_DECIMAL.fullmatch, cells)) else "."
