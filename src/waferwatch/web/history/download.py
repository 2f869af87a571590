"""A file made for one download: written to disk in a thread, then sent in pieces, and gone afterwards."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from waferwatch.store.database import StoreError
from waferwatch.web.context import Parts

_PIECE_BYTES = 1 << 16
_LONGEST_STEM = 80
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')  # what Windows, the strictest of all, keeps out of file names


async def download(app: Parts, write: Callable[[BinaryIO], None], name: str, media_type: str) -> Response:
    """The answer that sends what ``write`` writes as the file ``name``.

    The file has no name on disk, so that a killed server leaves nothing. What ``write`` raises is raised here.

    Raises:
        StoreError: when the disk is full.
    """
    file = await app.work.export(_written, app.settings.data_dir, write)
    size = file.tell()
    file.seek(0)
    headers = {"Content-Disposition": disposition(name), "Content-Length": str(size)}
    return _FileAnswer(app, file, headers, media_type)


def _written(folder: Path, write: Callable[[BinaryIO], None]) -> BinaryIO:
    try:
        file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when it has been sent
        try:
            write(file)
            file.flush()
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise StoreError(
            "The file cannot be made: {reason}.",
            hint="Free some space on the server's disk, then try again.",
            reason=error.strerror or type(error).__name__,
        ) from error
    return file


class _FileAnswer(StreamingResponse):
    """Closes its file when it has been sent, or when the visitor went away."""

    def __init__(self, app: Parts, file: BinaryIO, headers: dict[str, str], media_type: str) -> None:
        self._file = file
        super().__init__(_pieces(app, file), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _pieces(app: Parts, file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await app.work.read(file.read, _PIECE_BYTES):
        yield piece


def file_name(title: str, ending: str) -> str:
    """A name that every system takes: the title of the data without what is not allowed in one, and the ending."""
    stem = re.sub(r"\.(csv|parquet|txt|tsv|gz)", "", _UNSAFE.sub("_", title), flags=re.IGNORECASE)
    stem = "".join(letter for letter in stem if letter.isprintable()).strip(" ._")[:_LONGEST_STEM]
    return f"{stem or 'waferwatch'}-{ending}"


def disposition(name: str) -> str:
    """The header Content-Disposition: the name in UTF-8 (RFC 6266 and RFC 8187), and an ASCII one for old programs."""
    plain = re.sub(r"[^A-Za-z0-9._() -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
