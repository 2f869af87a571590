"""A Parquet file -> frame, batch by batch, so that what it takes is measured and not believed."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.frames import duplicate_names
from waferwatch.read.limits import Limits
from waferwatch.read.memory import Meter, is_text
from waferwatch.read.parquet_pages import largest_pages

PARQUET_MAGIC = b"PAR1"
_BATCH_CELLS = 1_000_000
_BUFFER_BYTES = 1 << 20
_FOOTER_BYTES = 64 << 20
_STRING_BYTES = 32 << 20  # of one name or other text in its footer; Arrow keeps its whole schema in one of them


def read_parquet(source: Path | io.BytesIO, name: str, limits: Limits, most_rows: int | None = None) -> FileRows:
    """Read a Parquet file, or what was unpacked to one. Pandas metadata would make columns the index: left aside.

    Args:
        most_rows: this many are enough.

    Raises:
        InputError: the file is damaged, or its columns' names cannot be used.
        TooLargeError: it holds more than the limits allow.
    """
    try:
        _check_footer(source, name)
        with _open(source, []) as file:
            _check(file, name, limits)
            _check_pages(source, file, name, limits)
            texts = [field.name for field in file.schema_arrow if is_text(field.type)]
        with _open(source, texts) as file:
            frame: pd.DataFrame = _read(file, name, limits, most_rows).to_pandas(
                split_blocks=True, self_destruct=True, ignore_metadata=True
            )
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name) from error
    return FileRows(frame, first_row=1)


def _open(source: Path | io.BytesIO, texts: list[str]) -> parquet.ParquetFile:
    """Text columns are read as dictionaries: a text that comes a million times is held once."""
    return parquet.ParquetFile(
        pa.BufferReader(source.getbuffer()) if isinstance(source, io.BytesIO) else source,
        read_dictionary=texts,
        buffer_size=_BUFFER_BYTES,
        thrift_string_size_limit=_STRING_BYTES,
    )


def _read(file: parquet.ParquetFile, name: str, limits: Limits, most_rows: int | None) -> pa.Table:
    meter = Meter(name, limits, first_row=1)
    batches: list[pa.RecordBatch] = []
    rows = most_rows or max(1, _BATCH_CELLS // max(1, len(file.schema_arrow.names)))
    for batch in file.iter_batches(batch_size=rows, use_threads=False):
        meter.add(batch)
        batches.append(_written_out(batch))
        if most_rows is not None:
            break
    return pa.Table.from_batches(batches, batches[0].schema if batches else file.schema_arrow)


def _written_out(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with the texts of its dictionaries in each cell."""
    columns = [
        cells.dictionary_decode() if pa.types.is_dictionary(cells.type) and is_text(cells.type.value_type) else cells
        for cells in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _check(file: parquet.ParquetFile, name: str, limits: Limits) -> None:
    """What the file says of itself; the rest is measured while reading."""
    columns = file.schema_arrow.names
    rows = file.metadata.num_rows
    limits.check_columns(name, len(columns))
    limits.check_names(name, columns)
    limits.check_rows(name, rows)
    limits.check_cells(name, rows, len(columns))
    told = sum(file.metadata.row_group(at).total_byte_size for at in range(file.num_row_groups))
    limits.check_bytes(name, told)
    limits.check_memory(name, told)
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated:
        raise duplicate_names(name, repeated)


def _check_footer(source: Path | io.BytesIO, name: str) -> None:
    """The footer is read whole, before anything is known of the file, so its length is checked first."""
    with _raw(source) as raw:
        raw.seek(max(0, raw.seek(0, io.SEEK_END) - 8))
        length = int.from_bytes(raw.read(4), "little")
    if length > _FOOTER_BYTES:
        raise _damaged(name)


def _check_pages(source: Path | io.BytesIO, file: parquet.ParquetFile, name: str, limits: Limits) -> None:
    try:
        with _raw(source) as raw:
            largest = largest_pages(raw, file.metadata)
    except ValueError as error:
        raise _damaged(name) from error
    limits.check_parsed(name, largest)


def _raw(source: Path | io.BytesIO) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source.getbuffer())


def _damaged(name: str) -> InputError:
    return InputError(
        "{table} is damaged: it cannot be read as Parquet.",
        hint="Copy or export the file again.",
        table=name,
    )
