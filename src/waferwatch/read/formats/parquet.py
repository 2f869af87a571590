"""Parquet files."""

from __future__ import annotations

from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile, FileFormat
from waferwatch.read.parquet.file import PARQUET_MAGIC, read_parquet


def _read(file: DataFile) -> FileRows:
    return read_parquet(file.seekable(), file.name, file.limits, file.most_rows)


PARQUET = FileFormat("Parquet", (".parquet",), lambda head, _file: head.startswith(PARQUET_MAGIC), _read)
