"""CSV text -> frame, by Arrow's parser."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from waferwatch.errors import InputError
from waferwatch.read.frames import duplicate_names
from waferwatch.read.limits import Limits
from waferwatch.read.memory import Meter, measured_pool
from waferwatch.read.names import category
from waferwatch.read.source import PackedFile, TextSource, binary_file
from waferwatch.read.table import Note
from waferwatch.read.text import SAMPLE_BYTES, Layout, decode_sample, encodings, find_layout
from waferwatch.read.values import MISSING

_BLOCK_BYTES = 4 << 20
_NULLS = sorted({form for word in MISSING for form in (word, word.upper(), word.title(), word.replace("nan", "NaN"))})
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?")
_DATE = re.compile(r"\d{2,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?|\d{1,2}:\d{2}.*")
_COMMA_NUMBER = r"^\s*[+-]?\d*(?:,\d+)?(?:[eE][+-]?\d+)?\s*$"
_WHOLE_NUMBER = r"^(?:0|-?[1-9]\d{0,17})$"


@dataclass(frozen=True)
class Rows:
    """What a file holds, before anything is known about its columns."""

    frame: pd.DataFrame
    first_row: int  # number of the first data row in messages
    notes: tuple[Note, ...] = ()


def read_delimited(path: Path, name: str, limits: Limits, *, as_text: bool = False) -> Rows:
    """Read a CSV file, plain or gzip, whatever its encoding and delimiter.

    Args:
        path, name, limits: as in ``read_table``.
        as_text: keep every cell as the text that stands in the file.

    Raises:
        InputError: the file is binary, empty, of another encoding, or its lines do not fit the header.
        TooLargeError: it holds more than the limits allow.
    """
    with PackedFile(path, name, limits) as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample:
        raise InputError("{table} is empty.", hint="Choose a file with a header line and rows of data.", table=name)
    for encoding in encodings(sample):
        try:
            layout = find_layout(_sample_text(sample, encoding, name), encoding, name)
            return _read_as(path, name, limits, layout, as_text=as_text)
        except UnicodeDecodeError:
            continue
    raise InputError(
        "{table} is written in an unknown encoding.",
        hint="Save it as UTF-8 or CP949.",
        table=name,
    )


def _sample_text(sample: bytes, encoding: str, name: str) -> str:
    text = decode_sample(sample, encoding)
    if "\0" in text:
        raise binary_file(name)
    if encoding == "cp949" and not _holds_korean(text):
        raise UnicodeDecodeError(encoding, sample, 0, len(sample), "no Korean text")
    return text


def _holds_korean(text: str) -> bool:
    """Tell CP949 from Western encodings, whose signs (°C, µm) decode to its rarest syllables but to no usual one.

    The usual syllables are those of EUC-KR (KS X 1001), which CP949 extends.
    """
    foreign = {character for character in text if not character.isascii()}
    # Python's codec spells the syllables that EUC-KR lacks with eight bytes.
    return not foreign or any(len(character.encode("euc_kr", "ignore")) == 2 for character in foreign)


def _read_as(
    path: Path, name: str, limits: Limits, layout: Layout, *, as_text: bool, texts: tuple[str, ...] = ()
) -> Rows:
    limits.check_columns(name, len(layout.header))
    limits.check_names(name, layout.header)
    columns, notes = _column_names(layout, name)
    first_row = layout.header_lines + 1
    with measured_pool() as pool, PackedFile(path, name, limits) as file:
        source = TextSource(file, layout, name, limits, pool)
        convert = _text_options(columns) if as_text else _convert_options(layout, columns, texts)
        table = _parse(source, path, name, limits, layout, columns, convert, pool)
        if not as_text and layout.delimiter != "," and layout.decimal == "." and _hides_commas(table):
            del table
            return _read_as(path, name, limits, replace(layout, decimal=","), as_text=False)
        # Arrow turns times with an offset to UTC; as text they tell the zone of the data.
        zoned = () if as_text or texts else _with_zone(table)
        if zoned:
            del table
            return _read_as(path, name, limits, layout, as_text=False, texts=zoned)
    limits.check_rows(name, table.num_rows)
    if source.quotes % 2 and _ends_in_several_lines(table):
        raise InputError(
            "Row {row} of {table} has a quotation mark that is never closed.",
            hint="Close it, or remove it.",
            row=first_row + table.num_rows - 1,
            table=name,
        )
    if source.has_blank_lines and len(columns) > 1:
        text = "{table} has blank lines; they were skipped, and row numbers count without them."
        notes.append(Note(text, {"table": name}))
    if layout.decimal == ",":
        notes.append(Note("{table} was read with decimal commas.", {"table": name}))
    table = table if as_text else _converted(table, columns)
    meter = Meter(name, limits, first_row)
    for batch in table.to_batches():
        meter.add(batch)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return Rows(frame, first_row, tuple(notes))


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


def _column_names(layout: Layout, name: str) -> tuple[list[str], list[Note]]:
    """The header's names; a nameless column is called by its position."""
    names = [text.strip() for text in layout.header]
    if all(_is_data(text) for text in names):
        raise InputError(
            "{table} has no header line: its first line holds data.",
            hint="Put a line with the names of the columns on top.",
            table=name,
        )
    nameless = [position for position, text in enumerate(names) if not text]
    for position in nameless:
        names[position] = f"column {position + 1}"
    repeated = [text for text, count in Counter(names).items() if count > 1]
    if repeated:
        raise duplicate_names(name, repeated)
    template = "{table} has columns without a name; they are called by their position: {columns}."
    listed = ", ".join(names[position] for position in nameless[:10])
    return names, [Note(template, {"table": name, "columns": listed})] if nameless else []


def _is_data(text: str) -> bool:
    """Whether a cell of the first line is a number or a time, which no column is called."""
    return _NUMBER.fullmatch(text) is not None or _DATE.fullmatch(text) is not None


def _parse(
    source: TextSource,
    path: Path,
    name: str,
    limits: Limits,
    layout: Layout,
    columns: list[str],
    convert: arrow_csv.ConvertOptions,
    pool: pa.MemoryPool,
) -> pa.Table:
    bad: list[arrow_csv.InvalidRow] = []
    try:
        table = arrow_csv.read_csv(
            pa.PythonFile(source, mode="r"),
            read_options=arrow_csv.ReadOptions(column_names=columns, block_size=_BLOCK_BYTES),
            parse_options=_parse_options(layout, columns, bad),
            convert_options=convert,
            memory_pool=pool,
        )
        source.check()
        return table
    except pa.ArrowInvalid as error:
        source.check()  # where the data ended early, Arrow's complaint about the last line says nothing
        if bad:
            raise _ragged(path, name, limits, layout, columns) from error
        raise _unreadable(error, name) from error


def _parse_options(layout: Layout, columns: list[str], bad: list[arrow_csv.InvalidRow]) -> arrow_csv.ParseOptions:
    def keep(row: arrow_csv.InvalidRow) -> str:
        bad.append(row)
        return "error"

    return arrow_csv.ParseOptions(
        delimiter=layout.delimiter,
        newlines_in_values=True,
        ignore_empty_lines=len(columns) > 1,  # in a single column an empty line is an empty cell
        invalid_row_handler=keep,
    )


def _with_zone(table: pa.Table) -> tuple[str, ...]:
    return tuple(field.name for field in table.schema if pa.types.is_timestamp(field.type) and field.type.tz)


def _convert_options(layout: Layout, columns: list[str], texts: tuple[str, ...]) -> arrow_csv.ConvertOptions:
    """Text for the columns whose names say they name something, since 007 is not 7 there, and for ``texts``."""
    return arrow_csv.ConvertOptions(
        check_utf8=False,
        column_types={column: pa.string() for column in columns if column in texts or category(column) is not None},
        null_values=_NULLS,
        true_values=[],
        false_values=[],
        decimal_point=layout.decimal,
    )


def _text_options(columns: list[str]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(column_types={column: pa.string() for column in columns}, check_utf8=False)


def _ragged(path: Path, name: str, limits: Limits, layout: Layout, columns: list[str]) -> InputError:
    """Read once more, in one thread, for the number of the first line that does not fit."""
    bad: list[arrow_csv.InvalidRow] = []
    try:
        with measured_pool() as pool, PackedFile(path, name, limits) as file:
            reader = arrow_csv.open_csv(
                pa.PythonFile(TextSource(file, layout, name, limits, pool), mode="r"),
                read_options=arrow_csv.ReadOptions(column_names=columns, block_size=_BLOCK_BYTES, use_threads=False),
                parse_options=_parse_options(layout, columns, bad),
                convert_options=_text_options(columns),
                memory_pool=pool,
            )
            for _ in reader:
                pass
    except pa.ArrowInvalid:
        pass  # this is the error that is being told
    row = bad[0]
    return InputError(
        "Row {row} of {table} has {found} fields; the header has {expected}.",
        hint="Give every row as many fields as the header, and put text with a delimiter in it into quotation marks.",
        row=layout.header_lines + row.number,
        table=name,
        found=row.actual_columns,
        expected=row.expected_columns,
    )


def _unreadable(error: pa.ArrowInvalid, name: str) -> InputError:
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
