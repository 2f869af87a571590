"""What a format of files is to the rest of the reader."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from waferwatch.errors import MissingExtraError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.form import Form
from waferwatch.read.limits import Limits
from waferwatch.read.text.source import GZIP_MAGIC, Opens, PackedFile


@dataclass(frozen=True)
class DataFile:
    """A file, or one inside an archive, that is to be read."""

    source: Path | Opens
    name: str  # in messages
    limits: Limits
    form: Form
    as_text: bool = False  # keep every cell as the text that stands in the file, where the format has such
    most_rows: int | None = None  # about this many rows are enough, where the format need not read the others

    def open(self) -> PackedFile:
        """Its bytes, unpacked and counted."""
        return PackedFile(self.source, self.name, self.limits)

    def head(self, rows: int) -> DataFile:
        """The same file, of which about this many rows are wanted."""
        return replace(self, most_rows=rows)

    def seekable(self) -> Path | io.BytesIO:
        """The file itself where it is a plain one, else what it unpacks to, in memory.

        Raises:
            TooLargeError: it unpacks to more than the limits allow.
        """
        if isinstance(self.source, Path):
            with self.source.open("rb") as raw:
                if raw.read(2) != GZIP_MAGIC:
                    return self.source
        unpacked = io.BytesIO()
        with self.open() as file:
            while chunk := file.read(1 << 20):
                unpacked.write(chunk)
                self.limits.check_memory(self.name, unpacked.tell())
        return unpacked


@dataclass(frozen=True)
class FileFormat:
    """One kind of file. Adding one takes a module of this package and a line in ``registry.FORMATS``."""

    name: str  # as it is said in help texts
    suffixes: tuple[str, ...]  # usual endings of its names, for file dialogs; what a file is, its bytes say
    matches: Callable[[bytes, DataFile], bool]  # by the first bytes, unpacked
    read: Callable[[DataFile], FileRows]


def binary_stream(data: Path | io.BytesIO) -> BinaryIO:
    """A stream of its own over a seekable file."""
    return data.open("rb") if isinstance(data, Path) else io.BytesIO(data.getbuffer())


def missing_extra(name: str, extra: str) -> MissingExtraError:
    return MissingExtraError(
        "{table} needs the extra {extra}, which is not installed.",
        hint="Install it with: pip install 'waferwatch[{extra}]'",
        table=name,
        extra=extra,
    )
