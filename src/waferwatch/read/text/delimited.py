"""CSV text -> frame, by Arrow's parser. Lines that the parser cannot take go through ``LineRepair`` first."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from waferwatch.errors import InputError
from waferwatch.read.cells.values import MISSING
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.form import Form
from waferwatch.read.limits import Limits
from waferwatch.read.memory import Meter, measured_pool
from waferwatch.read.roles.column_names import category
from waferwatch.read.shapes.transposed import has_room_on_its_side, lies_on_its_side, turned
from waferwatch.read.text.delimiters import find_delimiter
from waferwatch.read.text.encodings import collect_evidence, decide, is_binary, marked_encoding
from waferwatch.read.text.foreign_rows import without_foreign_rows
from waferwatch.read.text.line_findings import find_form, find_lines, find_replaced
from waferwatch.read.text.line_repair import LineRepair
from waferwatch.read.text.records import lines_of, records_of
from waferwatch.read.text.source import Opens, PackedFile, TextSource, ZeroBytesError, binary_file
from waferwatch.read.text.text_form import SAMPLE_BYTES, TextForm, decode_sample, find_text_form

_BLOCK_BYTES = 4 << 20
_NULLS = sorted({form for word in MISSING for form in (word, word.upper(), word.title(), word.replace("nan", "NaN"))})
_COMMA_NUMBER = r"^\s*[+-]?\d*(?:,\d+)?(?:[eE][+-]?\d+)?\s*$"
_WHOLE_NUMBER = r"^(?:0|-?[1-9]\d{0,17})$"
_MOSTLY = 0.5


class _RaggedError(Exception):
    """Not every line has as many fields as the table has columns."""


@dataclass(frozen=True)
class _Text:
    """A text file that is being read."""

    source: Path | Opens
    name: str
    limits: Limits
    form: Form
    as_text: bool

    def open(self) -> PackedFile:
        return PackedFile(self.source, self.name, self.limits)


def read_delimited(
    source: Path | Opens, name: str, limits: Limits, form: Form | None = None, *, as_text: bool = False
) -> FileRows:
    """Read a text table, plain or gzip, whatever its encoding and delimiter and whatever stands around it.

    Args:
        source: the file, or what opens it.
        name, limits, form: as in ``read_table``.
        as_text: keep every cell as the text that stands in the file.

    Raises:
        InputError: the file is binary, empty, or of an encoding that cannot be found.
        TooLargeError: it holds more than the limits allow.
    """
    text = _Text(source, name, limits, form or Form(), as_text)
    with text.open() as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample:
        raise InputError("{table} is empty.", hint="Choose a file with a header line and rows of data.", table=name)
    encoding = text.form.encoding or marked_encoding(sample)
    if encoding is None and is_binary(sample):
        raise binary_file(name)
    try:
        return _read_as(text, sample, encoding or "utf-8", "strict")
    except UnicodeDecodeError:
        return _read_as(text, sample, encoding or _decided(text), "replace")


def _decided(text: _Text) -> str:
    with text.open() as file:
        encoding = decide(collect_evidence(file.read))
    if encoding is None:
        raise InputError(
            "{table} is written in an unknown encoding.",
            hint="Name its encoding, such as cp1252, or save it as UTF-8.",
            field="encoding",
            table=text.name,
        )
    return encoding


def _read_as(text: _Text, sample: bytes, encoding: str, errors: str) -> FileRows:
    """Read with one encoding; through the repair where the lines are not all as the parser needs them."""
    written = decode_sample(sample, encoding, errors)
    if text.form.shape in (None, "transposed"):
        upright = _upright(text, written, whole=len(sample) < SAMPLE_BYTES)
        if upright is not None:
            return upright
    found = find_text_form(
        written,
        encoding,
        text.name,
        text.form,
        whole=len(sample) < SAMPLE_BYTES,
        errors=errors,
    )
    text.limits.check_columns(text.name, len(found.columns))
    text.limits.check_names(text.name, found.columns)
    repair = found.irregular or found.has_blanks or found.header.joined_time or bool(found.header.data_line)
    if not repair:
        try:
            return _read_rows(text, found, None)
        except (_RaggedError, ZeroBytesError):
            pass
    try:
        return _read_rows(text, found, LineRepair(found, padded_by_zeros=_pads_by_zeros(sample)))
    except _RaggedError as error:  # quotation marks that the repair and the parser take for different things
        raise _unreadable(error, text.name) from error


def _upright(text: _Text, written: str, *, whole: bool) -> FileRows | None:
    """The rows of a table that lies on its side; None where it does not. Only what fits into the sample is turned."""
    lines = lines_of(written) if whole else []
    if not 1 < sum(bool(line.strip()) for line in lines) <= text.limits.columns:
        return None
    if text.form.shape is None and not has_room_on_its_side(lines):
        return None  # most tables, before anything is looked at cell by cell
    delimiter = find_delimiter(lines, text.form.sign).delimiter
    records = records_of(lines, delimiter)
    if text.form.shape is None and not lies_on_its_side(records):
        return None
    upright = io.StringIO()
    csv.writer(upright, delimiter="\t", lineterminator="\n").writerows(turned(records))
    content = upright.getvalue().encode()
    form = Form(encoding="utf-8", delimiter="tab", shape="wide")
    rows = read_delimited(lambda: io.BytesIO(content), text.name, text.limits, form, as_text=text.as_text)
    findings = Findings()
    findings.repaired(
        "transposed",
        "{table} lies on its side: each of its {count} lines is a sensor. Lines and columns were exchanged.",
        {"table": text.name, "count": len(rows.frame.columns)},
        count=len(rows.frame.columns),
        remedy="Say that each line is a row if this is wrong.",
        option="--shape wide",
        field="shape",
    )
    findings.extend(rows.notes)
    return replace(rows, notes=findings.everything)


def _pads_by_zeros(sample: bytes) -> bool:
    """Whether most lines hold NUL bytes, as of texts of fixed length."""
    lines = sample.split(b"\n")
    return sum(b"\0" in line for line in lines) > _MOSTLY * len(lines)


def _read_rows(text: _Text, form: TextForm, repair: LineRepair | None, zoned: tuple[str, ...] = ()) -> FileRows:
    again = LineRepair(form, padded_by_zeros=repair.padded_by_zeros) if repair else None
    with measured_pool() as pool, text.open() as file:
        source = TextSource(file, form, text.name, text.limits, pool, repair)
        columns = list(form.columns)
        convert = _text_options(columns) if text.as_text else _convert_options(form, columns, zoned)
        table = _parse(source, text, form, repair, convert, pool)
        if not text.as_text and form.delimiter != "," and form.decimal == "." and _hides_commas(table):
            del table
            return _read_rows(text, replace(form, decimal=","), again)
        # Arrow turns times with an offset to UTC; as text they tell the zone of the data.
        found_zoned = () if text.as_text or zoned else _with_zone(table)
        if found_zoned:
            del table
            return _read_rows(text, form, again, found_zoned)
    return _finished(text, form, source, repair, table)


def _finished(text: _Text, form: TextForm, source: TextSource, repair: LineRepair | None, table: pa.Table) -> FileRows:
    name, first_row = text.name, form.first_row
    text.limits.check_rows(name, table.num_rows)
    if repair is None and source.quotes % 2 and _ends_in_several_lines(table):
        raise InputError(
            "Row {row} of {table} has a quotation mark that is never closed.",
            hint="Close it, or remove it.",
            row=first_row + table.num_rows - 1,
            table=name,
        )
    findings = Findings()
    find_form(form, name, findings)
    table = without_foreign_rows(table, form, name, findings)
    if source.has_blank_lines and len(form.columns) > 1:
        find_lines({"blank": 0}, {}, table.num_rows, name, findings)
    if repair is not None:
        find_lines(repair.found.counts, repair.found.lines, table.num_rows, name, findings)
    find_replaced(source.replaced, source.replaced_lines, name, findings)
    table = table if text.as_text else _converted(table, list(form.columns))
    meter = Meter(name, text.limits, first_row)
    for batch in table.to_batches():
        meter.add(batch)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return FileRows(frame, first_row, findings.everything, form.units, form)


def _ends_in_several_lines(table: pa.Table) -> bool:
    """Whether a cell of the last row holds line ends: the rest of the file, where a quotation mark is left open."""
    last = table.slice(table.num_rows - 1).to_pylist()
    return any(isinstance(cell, str) and re.search(r"[\r\n]", cell) for row in last for cell in row.values())


def _hides_commas(table: pa.Table) -> bool:
    """Whether decimal commas begin only after the sample: numbers with commas, and none with a point in any column."""
    if any(pa.types.is_floating(cells.type) for cells in table.columns):
        return False
    for cells in table.columns:
        if pa.types.is_string(cells.type):
            distinct = pc.unique(cells)
            numbers = pc.match_substring_regex(distinct, _COMMA_NUMBER)
            empty = pc.is_in(distinct, value_set=pa.array(_NULLS))
            if pc.any(numbers).as_py() and pc.all(pc.or_(numbers, empty)).as_py():
                return True
    return False


def _parse(
    source: TextSource,
    text: _Text,
    form: TextForm,
    repair: LineRepair | None,
    convert: arrow_csv.ConvertOptions,
    pool: pa.MemoryPool,
) -> pa.Table:
    bad: list[arrow_csv.InvalidRow] = []
    columns = list(form.columns)
    delimiter = repair.delimiter.decode() if repair else form.delimiter
    try:
        table = arrow_csv.read_csv(
            pa.PythonFile(source, mode="r"),
            read_options=arrow_csv.ReadOptions(column_names=columns, block_size=_BLOCK_BYTES),
            parse_options=_parse_options(delimiter, columns, bad),
            convert_options=convert,
            memory_pool=pool,
        )
        source.check()
        return table
    except pa.ArrowInvalid as error:
        source.check()  # where the data ended early, Arrow's complaint about the last line says nothing
        if bad:
            raise _RaggedError(str(error)) from error
        raise _unreadable(error, text.name) from error


def _parse_options(delimiter: str, columns: list[str], bad: list[arrow_csv.InvalidRow]) -> arrow_csv.ParseOptions:
    def keep(row: arrow_csv.InvalidRow) -> str:
        bad.append(row)
        return "error"

    return arrow_csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        ignore_empty_lines=len(columns) > 1,  # in a single column an empty line is an empty cell
        invalid_row_handler=keep,
    )


def _with_zone(table: pa.Table) -> tuple[str, ...]:
    return tuple(field.name for field in table.schema if pa.types.is_timestamp(field.type) and field.type.tz)


def _convert_options(form: TextForm, columns: list[str], texts: tuple[str, ...]) -> arrow_csv.ConvertOptions:
    """Text for the columns whose names say they name something, since 007 is not 7 there, and for ``texts``."""
    return arrow_csv.ConvertOptions(
        check_utf8=False,
        column_types={column: pa.string() for column in columns if column in texts or category(column) is not None},
        null_values=_NULLS,
        true_values=[],
        false_values=[],
        decimal_point=form.decimal,
    )


def _text_options(columns: list[str]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(column_types={column: pa.string() for column in columns}, check_utf8=False)


def _unreadable(error: Exception, name: str) -> InputError:
    if "Empty CSV" in str(error):
        return InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=name)
    if "straddling" in str(error):
        return InputError(
            "{table} has a line that is too long, or a quotation mark that is never closed.",
            hint="Check the quotation marks, and that each row is on a line of its own.",
            table=name,
        )
    return InputError(
        "{table} cannot be read as CSV: {reason}.",
        hint="Open it in a text editor and check its lines, or export it again.",
        table=name,
        reason=re.sub(r"\s+", " ", str(error)).removeprefix("CSV parse error: ")[:200].rstrip("."),
    )


def _converted(table: pa.Table, columns: list[str]) -> pa.Table:
    """Days as times, times of day as text, and numbers of things as numbers."""
    for position, (column, kind) in enumerate(zip(columns, table.schema.types, strict=True)):
        if pa.types.is_date(kind):
            table = table.set_column(position, column, table.column(position).cast(pa.timestamp("s")))
        elif pa.types.is_time(kind):
            table = table.set_column(position, column, table.column(position).cast(pa.string()))
        elif pa.types.is_string(kind) and category(column) is not None:
            table = table.set_column(position, column, _whole_numbers(table.column(position)))
    return table


def _whole_numbers(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers of things as numbers, where nothing of the text (a leading zero) is lost by that."""
    distinct = pc.unique(cells)
    if len(distinct) and pc.all(pc.match_substring_regex(distinct, _WHOLE_NUMBER)).as_py():
        return cells.cast(pa.int64())
    return cells
