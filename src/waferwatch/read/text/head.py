"""The head of a text file: enough to show how it is written, whatever its size."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.form import Form
from waferwatch.read.limits import Limits
from waferwatch.read.text.delimited import read_delimited
from waferwatch.read.text.encodings import collect_evidence, decide, is_binary, marked_encoding
from waferwatch.read.text.records import lines_of
from waferwatch.read.text.source import Opens, PackedFile, binary_file
from waferwatch.read.text.text_form import SAMPLE_BYTES, TextForm, decode_sample, find_text_form

_MOST_HEADER = 200  # lines above the data that a head holds in any case


@dataclass(frozen=True)
class TextHead:
    """The decoded beginning of a text file."""

    text: str  # whole lines, unless the file is one line only
    encoding: str
    whole: bool  # there is nothing behind it
    name: str
    limits: Limits
    form: Form

    def lines(self) -> list[str]:
        """Its lines, with their ends."""
        return lines_of(self.text)

    def text_form(self) -> TextForm:
        """How the table is written.

        Raises:
            InputError: there is nothing in it, or not what the form says.
        """
        return find_text_form(self.text, self.encoding, self.name, self.form, whole=self.whole)

    def read(self, rows: int, *, as_text: bool) -> FileRows:
        """About this many rows of it.

        Raises:
            InputError, TooLargeError: as ``read_delimited``.
        """
        lines = self.lines()
        most = _MOST_HEADER + (self.form.header_line or 0) + rows
        content = "".join(lines[:most]).encode()
        form = replace(self.form, encoding="utf-8")
        if not self.whole and form.shape is None:
            form = replace(form, shape="wide")  # what lies on its side is turned only where all of it is known
        found = read_delimited(lambda: io.BytesIO(content), self.name, self.limits, form, as_text=as_text)
        written = None if found.written is None else replace(found.written, encoding=self.encoding)
        return replace(found, written=written)


def head_of(source: Path | Opens, name: str, limits: Limits, form: Form) -> TextHead:
    """The head of a text file.

    Raises:
        InputError: the file is empty, binary or damaged, or of an encoding that cannot be found.
    """
    with PackedFile(source, name, limits) as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample:
        raise InputError("{table} is empty.", hint="Choose a file with a header line and rows of data.", table=name)
    whole = len(sample) < SAMPLE_BYTES
    encoding = form.encoding or marked_encoding(sample)
    if encoding is None and is_binary(sample):
        raise binary_file(name)
    text, encoding = _decoded(sample, encoding, name)
    text = text.replace("\0", "")
    cut = text.rfind("\n") + 1
    return TextHead(text if whole or not cut else text[:cut], encoding, whole, name, limits, form)


def _decoded(sample: bytes, encoding: str | None, name: str) -> tuple[str, str]:
    try:
        return decode_sample(sample, encoding or "utf-8"), encoding or "utf-8"
    except UnicodeDecodeError:
        found = encoding or decide(collect_evidence(io.BytesIO(sample).read))
    if found is None:
        raise InputError(
            "{table} is written in an unknown encoding.",
            hint="Name its encoding, such as cp1252, or save it as UTF-8.",
            field="encoding",
            table=name,
        )
    return decode_sample(sample, found, "replace"), found
