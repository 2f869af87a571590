"""An Arrow table as CSV: a few rows at a time, and without holding Python's lock while cells are turned to text."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from waferwatch.export.formulas import neutral

_BATCH_ROWS = 20_000
_TEXT = pa.large_string()
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def write_csv(table: pa.Table, file: BinaryIO, *, neutralise: bool = True) -> None:
    """UTF-8, commas, quotes only where they are needed, empty cells for what is missing.

    A byte order mark comes first when there is more than ASCII in it, since Excel would else misread it.

    Args:
        neutralise: make texts harmless that a spreadsheet would run as a formula, in headers too. Numbers stay numbers.
    """
    header = pa.array(table.column_names, _TEXT)
    if not (_is_ascii(header) and all(_is_ascii(column) for column in table.columns)):
        file.write(_BYTE_ORDER_MARK)
    named = _quoted(neutral(header) if neutralise else header)
    file.write(",".join(named.to_pylist()).encode() + b"\n")
    for batch in table.to_batches(_BATCH_ROWS):
        file.write(_lines(batch, neutralise))


def _is_ascii(cells: pa.Array | pa.ChunkedArray) -> bool:
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return True
    return pc.all(pc.string_is_ascii(cells)).as_py() is not False


def _lines(batch: pa.RecordBatch, neutralise: bool) -> memoryview:
    """The rows as they stand in the file."""
    cells = [_cells(column, neutralise) for column in batch.columns]
    ends = pa.scalar("\n", _TEXT)
    cells[-1] = pc.binary_join_element_wise(
        cells[-1], ends, pa.scalar("", _TEXT), null_handling="replace", null_replacement=""
    )
    lines = pc.binary_join_element_wise(*cells, pa.scalar(",", _TEXT), null_handling="replace", null_replacement="")
    bytes_used = pc.sum(pc.binary_length(lines)).as_py() or 0
    return memoryview(lines.buffers()[2] or b"")[:bytes_used]  # the texts stand one after the other in memory


def _cells(column: pa.Array, neutralise: bool) -> pa.Array:
    texts = as_text(column)
    if neutralise and holds_text(column.type):
        texts = neutral(texts)
    return _quoted(texts)


def holds_text(kind: pa.DataType) -> bool:
    """Whether the cells are free text: numbers, times and truth values never are a formula."""
    if pa.types.is_dictionary(kind):
        return holds_text(kind.value_type)
    return not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_temporal(kind)
    )


def as_text(column: pa.Array) -> pa.Array:
    """Each cell as text; NaN is missing, as everywhere in a table."""
    kind = column.type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, pa.scalar("True", _TEXT), pa.scalar("False", _TEXT))
    if pa.types.is_timestamp(kind):
        return pc.replace_substring_regex(pc.cast(column, _TEXT), r"\.0+(Z?)$", r"\1")
    try:
        return pc.cast(column, _TEXT)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, structures, bytes that are no text
        return pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], _TEXT)


def _quoted(cells: pa.Array) -> pa.Array:
    needed = pc.match_substring_regex(cells, r'[",\r\n]')
    if not pc.any(needed).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    mark = pa.scalar('"', _TEXT)
    return pc.if_else(needed, pc.binary_join_element_wise(mark, doubled, mark, pa.scalar("", _TEXT)), cells)
