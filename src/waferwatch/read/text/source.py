"""The bytes of a file, unpacked, counted and turned to UTF-8 while they are read."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from waferwatch.errors import InputError
from waferwatch.read.limits import Limits
from waferwatch.read.text.line_repair import LineRepair
from waferwatch.read.text.text_form import TextForm

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
_MOST_LINES = 10
_REPLACED = "\ufffd".encode()
Opens = Callable[[], IO[bytes]]  # gives the bytes of a file from its beginning, each time anew


class ZeroBytesError(Exception):
    """There are NUL bytes in a text, so that it cannot be given to the parser as it is."""


class PackedFile:
    """A plain or gzip file, opened for reading its unpacked bytes. A context manager.

    Raises:
        TooLargeError: while reading, as soon as more is unpacked than the limits allow.
        InputError: while reading, when the gzip data are damaged.
    """

    def __init__(self, source: Path | Opens, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._bytes = 0
        self._raw: IO[bytes] = source.open("rb") if isinstance(source, Path) else source()
        packed = self._raw.read(2) == GZIP_MAGIC
        self._raw.seek(0)
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=self._raw) if packed else self._raw  # type: ignore[assignment]

    def __enter__(self) -> PackedFile:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()
        self._raw.close()

    def read(self, size: int) -> bytes:
        """At most ``size`` unpacked bytes; none at the end of the file."""
        try:
            chunk = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(
                "{table} is damaged: its gzip data cannot be unpacked to the end.",
                hint="Copy or export the file again.",
                table=self._name,
            ) from error
        self._bytes += len(chunk)
        self._limits.check_bytes(self._name, self._bytes)
        return chunk


class TextSource(io.RawIOBase):
    """The data lines of a text table as UTF-8, without the header and without blank lines at the end.

    Reading raises nothing: a Python exception that passes through Arrow's threads can lock up the interpreter when it
    ends. A fault ends the data instead, and ``check`` raises it when Arrow is done.

    Args:
        repair: makes every line fit the table; without it the lines are passed on as they are.
    """

    def __init__(
        self,
        file: PackedFile,
        form: TextForm,
        name: str,
        limits: Limits,
        pool: pa.MemoryPool,
        repair: LineRepair | None = None,
    ) -> None:
        super().__init__()
        self.replaced = 0  # bytes or characters that were not of the encoding
        self.replaced_lines: list[int] = []
        self._repair = repair
        self._first_row = form.first_row
        self._pool = pool
        self.has_blank_lines = False
        self.quotes = 0
        self._file = file
        self._name = name
        self._limits = limits
        self._columns = len(form.columns)
        self._transcode = form.encoding not in ("utf-8", "utf-8-sig") or form.errors != "strict"
        self._decoder = codecs.getincrementaldecoder(form.encoding)(form.errors)
        self._skip = form.header_characters
        self._lines = 0
        self._held = b""  # line ends that are passed on only when a line follows
        self._last = b"\n"
        self._ended = False
        self._fault: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        """The next stretch of data; empty at the end and after a fault only."""
        while not self._ended:
            try:
                chunk = self._next()
            except Exception as error:  # whatever it is, check() raises it
                self._fault, self._ended = error, True
                break
            if chunk:
                return chunk
        return b""

    def check(self) -> None:
        """
        Raises:
            UnicodeDecodeError: the bytes are not of the form's encoding and that is to be noticed.
            ZeroBytesError: there are NUL bytes and nothing that repairs them.
            InputError: the file is damaged.
            TooLargeError: there are more lines than the limits allow, or the parser has taken more memory for them.
        """
        if self._fault is not None:
            raise self._fault

    def _next(self) -> bytes:
        raw = self._file.read(_CHUNK_BYTES)
        self._ended = not raw
        text = self._decoder.decode(raw, final=self._ended)
        chunk = self._after_header(raw, text)
        if self._transcode:
            self._note_replaced(chunk)
        self._count(chunk)
        if self._repair is not None:
            chunk = self._repair.feed(chunk, final=self._ended)
        elif b"\0" in chunk:
            raise ZeroBytesError
        return self._without_last_line_ends(chunk)

    def _note_replaced(self, chunk: bytes) -> None:
        found = chunk.count(_REPLACED)
        if not found:
            return
        self.replaced += found
        for number, line in enumerate(chunk.split(b"\n"), self._first_row + self._lines):
            if len(self.replaced_lines) < _MOST_LINES and _REPLACED in line:
                self.replaced_lines.append(number)

    def _after_header(self, raw: bytes, text: str) -> bytes:
        if not self._skip:
            return text.encode() if self._transcode else raw
        skipped, self._skip = self._skip, max(0, self._skip - len(text))
        cut_off = b"" if self._transcode else self._decoder.getstate()[0]  # the first bytes of a character
        return text[skipped:].encode() + (b"" if self._skip else cut_off)

    def _count(self, chunk: bytes) -> None:
        """Stop at too many lines; line ends between quotation marks end none."""
        quotes = chunk.count(b'"')
        self._lines += _line_ends(chunk, self.quotes) if quotes or self.quotes % 2 else chunk.count(b"\n")
        self.quotes += quotes
        self._limits.check_rows(self._name, self._lines - 1)
        self._limits.check_cells(self._name, self._lines - 1, self._columns)
        self._limits.check_parsed(self._name, self._pool.bytes_allocated())

    def _without_last_line_ends(self, chunk: bytes) -> bytes:
        seen = self._held + chunk
        kept = seen.rstrip(b"\r\n")
        self._held = seen[len(kept) :]
        if not kept:
            return b""
        around = self._last + kept
        self.has_blank_lines = self.has_blank_lines or b"\n\n" in around or b"\n\r\n" in around
        self._last = kept[-1:]
        return kept


def _line_ends(chunk: bytes, quotes: int) -> int:
    """Line ends with an even number of quotation marks before them; there were ``quotes`` before the chunk."""
    letters = np.frombuffer(chunk, np.uint8)
    before = np.cumsum(letters == ord('"'), dtype=np.uint8)  # an overflow keeps whether it is even
    return int(np.count_nonzero((letters == ord("\n")) & ((before + np.uint8(quotes % 2)) % 2 == 0)))


def binary_file(name: str) -> InputError:
    return InputError(
        "{table} is not a text table: it holds binary data.",
        hint="Save the data as CSV, Parquet or an Excel workbook.",
        table=name,
    )
