"""The files of hostile_requests.py."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

SCRIPT = "<script>alert(1)</script>"
MARKS = "a" + "\u0315" * 60_000 + "\u0300" * 60_000
File = tuple[str, str, str, bytes]  # what it is, the allowed statuses, its name, its content


def good(rows: int) -> bytes:
    return b"time,equipment,a\n" + b"".join(
        b"2026-01-01 00:%02d:%02d,E%d,%d\n" % (at // 60 % 60, at % 60, at % 2, 9 if at == 99 else at % 7)
        for at in range(rows)
    )


def files() -> Iterator[File]:
    """One by one, for some are large."""
    yield from _sizes()
    yield from _contents()
    yield from _names()
    yield from _bombs()


def _sizes() -> Iterator[File]:
    table = good(100)
    yield "an empty file", "4", "empty.csv", b""
    yield "a file beyond the limit", "4", "large.csv", b"a,b\n" + b"1,2\n" * 1_500_000
    yield "a gzip bomb of 3 GB of rows", "4", "bomb.csv.gz", _packed(b"a,b\n", b"1,2\n" * 250_000, 3000)
    yield "a gzip bomb that is one line of 3 GB", "4", "line.csv.gz", _packed(b"", b"1" * 1_000_000, 3000)
    yield "a gzip bomb of 3 GB of line breaks", "4", "void.csv.gz", _packed(b"a,b\n1,2\n", b"\n" * 1_000_000, 3000)
    yield "gzip in gzip in gzip", "4", "deep.csv.gz", gzip.compress(gzip.compress(gzip.compress(table)))
    yield (
        "1,000,000 columns",
        "4",
        "wide.csv.gz",
        gzip.compress(b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1"),
    )
    yield "1,001 columns", "4", "wide.csv", _wide(1001)
    yield "one line of 3 MB", "4", "line.csv", b"x" * 3_000_000
    yield "one cell of 3 MB", "24", "cell.csv", b'time,a\n1,2\n2,"' + b"x" * 3_000_000 + b'"\n'
    yield "a Parquet file that says it has 2^40 rows", "4", "rows.parquet", _lying_parquet()
    yield "a Parquet file of 1,000,000 equal rows in 2 KB", "4", "same.parquet", _parquet([1.0] * 1_000_000)

    yield "a Parquet file of 4 KB whose text stands for 1.2 GB", "4", "text.parquet", _one_text(40_000, 30_000)
    yield "a Parquet file whose text stands for 2 GB in one column", "4", "text.parquet", _one_text(20_000, 100_000)
    yield (
        "a quotation mark before 3 GB of rows",
        "4",
        "quote.csv.gz",
        _packed(b'a,b\n"1",2\n', b"1,2\n" * 250_000, 3000),
    )
    yield "a column name of 120,000 combining marks", "4", "marks.csv", b"time," + MARKS.encode() + b"\n1,2\n3,4\n"
    yield "the same in Parquet", "4", "marks.parquet", _parquet([1.0, 2.0], MARKS)


def _contents() -> Iterator[File]:
    table = good(100)
    yield "NUL bytes", "4", "nul.csv", table.replace(b"E1", b"E\0")
    yield "broken UTF-8", "4", "broken.csv", table.replace(b"E1", b"\xff\xfe\xfd")
    yield "UTF-16 with a byte order mark", "2", "utf16.csv", table.decode().encode("utf-16")
    yield "UTF-16 without one", "4", "utf16.csv", table.decode().encode("utf-16-le")
    yield "UTF-32", "4", "utf32.csv", table.decode().encode("utf-32")
    yield "half a surrogate pair in UTF-8", "4", "surrogate.csv", table.replace(b"E1", b"\xed\xa0\x80")
    yield "a letter that turns the text around", "2", "turned.csv", table.replace(b"E1", "E‮1".encode())
    yield "script as a column", "2", "script.csv", table.replace(b",a\n", b"," + SCRIPT.encode() + b"\n")
    yield "script as a cell", "2", "cell.csv", table.replace(b"E1", SCRIPT.encode())
    yield (
        "__proto__ and constructor as columns",
        "2",
        "proto.csv",
        table.replace(b"equipment,a", b"__proto__,constructor"),
    )
    yield "a column of 100,000 letters", "24", "long.csv", table.replace(b",a\n", b"," + b"n" * 100_000 + b"\n")
    yield "a column called ../../etc/passwd", "2", "path.csv", table.replace(b",a\n", b",../../etc/passwd\n")
    yield "a template as a column", "2", "braces.csv", table.replace(b",a\n", b",{0.__class__}{{7*7}}\n")
    yield "a template in a cell that is refused", "4", "braces.csv", table.replace(b",9\n", b",{boom}\n")
    yield (
        "1e308, -1e308 and 1e999 in a sensor",
        "2",
        "huge.csv",
        table.replace(b",3\n", b",1e308\n,")
        .replace(b"\n,2026", b"\n2026")
        .replace(b",4\n", b",-1e308\n")
        .replace(b",5\n", b",1e999\n"),
    )
    yield "a number of 10,000 digits", "24", "digits.csv", table.replace(b",9\n", b"," + b"9" * 10_000 + b"\n")
    yield "the null date 9999-12-31", "4", "null.csv", table.replace(b"2026-01-01 00:00:07", b"9999-12-31")
    yield "a time in year 99999", "4", "year.csv", table.replace(b"2026-01-01 00:00:07", b"99999-01-01 00:00:07")
    yield "50,000 quotation marks", "4", "quotes.csv", b"a,b\n" + b'"' * 49_999 + b"\n"
    yield "a pickle", "4", "a.pkl", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."
    yield "a zip archive", "4", "a.csv", b"PK\x03\x04" + b"\0" * 100
    yield "XML with an entity bomb", "4", "a.csv", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'


def _names() -> Iterator[File]:
    table = good(100)
    yield "a path as the file's name", "2", "../../../etc/passwd", table
    yield "a Windows path as the file's name", "2", "..\\..\\windows\\win.ini", table
    yield "dots as the file's name", "2", "..", table
    yield "script as the file's name", "2", '<img src=x onerror="alert(1)">.csv', table
    yield "line breaks and escape codes in the file's name", "2", "a\r\nSet-Cookie: a=b\x1b[31m.csv", table
    yield "a name of 5,000 letters", "4", "긴" * 5000, table
    yield "a name of 500 letters", "2", "긴" * 500, table
    yield "a formula as the file's name", "2", "=HYPERLINK(1).csv", table


def _bombs() -> Iterator[File]:
    """Small files that cost a careless server minutes or gigabytes."""
    marks = "a" + "\u0315" * 60_000 + "\u0300" * 60_000
    rows = b"".join(b"%d,%d\n" % (at, at % 7) for at in range(50))
    yield "a column of 120,000 combining marks", "4", "marks.csv", f"time,{marks}\n".encode() + rows
    yield "the same in Parquet", "4", "marks.parquet", _table({"time": range(50), marks: range(50)})
    yield "a Parquet column whose name has 1,000,000 letters", "4", "name.parquet", _table({"n" * 1_000_000: range(50)})
    lot = pa.DictionaryArray.from_arrays(pa.array([0] * 40_000, pa.int32()), pa.array(["x" * 50_000]))
    written = {"time": range(40_000), "lot": lot, "a": [1.0] * 40_000}
    yield "a Parquet file of some KB that unpacks to 2 GB of text", "4", "text.parquet", _table(written)
    cell = pa.DictionaryArray.from_arrays(pa.array([0] * 50, pa.int32()), pa.array(["x" * 20_000_000]))
    yield "a Parquet file with a cell of 20 MB", "4", "cell.parquet", _table({"time": range(50), "lot": cell})
    line = b"1," * 99 + b"1\n"
    head = b",".join(b"c%d" % n for n in range(100)) + b"\n" + b'"1",' + b"1," * 98 + b"1\n"
    yield "400 MB of rows behind one quotation mark, in gzip", "4", "quote.csv.gz", _packed(head, line * 20_000, 100)
    yield (
        "rows of empty quotes, 1 GB in gzip",
        "4",
        "empty.csv.gz",
        _packed(b'a,b\n"1",2\n', b'"",""\n' * 150_000, 1000),
    )
    null_date = good(100).replace(b"2026-01-01 00:00:07", b"9999-12-31 00:00:00")
    yield "the null date 9999-12-31 in the time column", "24", "null.csv", null_date
    yield "the same in Parquet", "24", "null.parquet", _dates()


def _table(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    made = {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}
    parquet.write_table(pa.table(made), file, compression="zstd", store_schema=False)
    return file.getvalue()


def _dates() -> bytes:
    days = [datetime(2026, 1, 1, 0, 0, second) for second in range(50)] + [datetime(9999, 12, 31)]
    return _table({"time": pa.array(days, pa.timestamp("us")), "a": [float(n % 5) for n in range(51)]})


def _packed(head: bytes, block: bytes, times: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as file:
        file.write(head)
    once = gzip.compress(block, 9, mtime=0)  # members of a gzip file may follow one another
    return packed.getvalue() + once * times


def _wide(columns: int) -> bytes:
    return b",".join(b"c%d" % n for n in range(columns)) + b"\n" + b",".join([b"1"] * columns) + b"\n"


def _parquet(values: list[float], name: str = "a") -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({name: values}), file, compression="zstd")
    return file.getvalue()


def _one_text(rows: int, letters: int) -> bytes:
    """A text that stands in the file once and in the table in each row."""
    file = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * letters]))
    parquet.write_table(pa.table({"lot": texts, "a": [1.0] * rows}), file, store_schema=False)
    return file.getvalue()


def _lying_parquet() -> bytes:
    """The number of rows in the footer is made larger; the data are those of 64 rows."""
    content = _parquet([1.0] * 64)
    # Thrift's compact protocol writes 64 as a zigzag varint: 0x80 0x01. The last one is the file's number of rows.
    at = content.rindex(b"\x16\x80\x01")
    return content[: at + 1] + b"\xfe\xff" + content[at + 3 :]
