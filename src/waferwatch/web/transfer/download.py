"""A file made for one download: written to disk in a thread, then sent in pieces, and gone afterwards.

Files of visitors who do not read hold the disk, so their number, their size and the time for one are bounded.
"""

from __future__ import annotations

import logging
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from anyio import fail_after
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from waferwatch.errors import TooManyError
from waferwatch.store.disk.files import storage_errors
from waferwatch.web.shell.context import Parts

TABLE_MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE_BYTES = 1 << 16
_MOST_FILES = 32  # on their way at once
_MOST_BYTES = 4_000_000_000  # of them; the file that passes it is still sent
_RETRY_S = 30
_SILENCE_S = 60.0  # for a visitor to take one piece
_LEAST_BYTES_S = 20_000  # the whole download must be so fast, after its first minute
_LONGEST_STEM = 80
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')  # what Windows, the strictest of all, keeps out of file names
_log = logging.getLogger("waferwatch.web")


class DownloadsBusyError(TooManyError):
    """Too many files are being downloaded."""

    status, code = 503, "downloads_busy"


class Held:
    """The files that are on their way. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files = 0
        self._bytes = 0

    def open(self) -> None:
        """Count a file that is about to be written.

        Raises:
            DownloadsBusyError: when there are too many, or too large ones.
        """
        with self._lock:
            if self._files >= _MOST_FILES or self._bytes >= _MOST_BYTES:
                raise DownloadsBusyError(
                    "Too many files are being downloaded.",
                    hint="Try again when the other downloads have ended.",
                    seconds=_RETRY_S,
                )
            self._files += 1

    def grow(self, size: int) -> None:
        with self._lock:
            self._bytes += size

    def close(self, size: int) -> None:
        """Count a file no longer, of which ``size`` bytes were counted."""
        with self._lock:
            self._files -= 1
            self._bytes -= size


_held = Held()


async def download(app: Parts, write: Callable[[BinaryIO], None], name: str, media_type: str) -> Response:
    """The answer that sends what ``write`` writes as the file ``name``.

    The file has no name on disk, so that a killed server leaves nothing. What ``write`` raises is raised here.

    Raises:
        StorageFullError: when the disk is full.
        DownloadsBusyError: when too many files are on their way.
    """
    _held.open()
    try:
        file = await app.work.export(_written, app.settings.data_dir, write)
    except BaseException:
        _held.close(0)
        raise
    size = file.tell()
    _held.grow(size)
    file.seek(0)
    headers = {"Content-Disposition": disposition(name), "Content-Length": str(size)}
    return _FileAnswer(app, file, size, headers, media_type)


def _written(folder: Path, write: Callable[[BinaryIO], None]) -> BinaryIO:
    with storage_errors():
        file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when it has been sent
        try:
            write(file)
            file.flush()
        except BaseException:
            file.close()
            raise
    return file


class _FileAnswer(StreamingResponse):
    """Closes its file when it has been sent, when the visitor went away, or when the visitor takes too long."""

    def __init__(self, app: Parts, file: BinaryIO, size: int, headers: dict[str, str], media_type: str) -> None:
        self._file = file
        self._size = size
        super().__init__(_pieces(app, file), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_soon(message: Message) -> None:
            with fail_after(_SILENCE_S):
                await send(message)

        try:
            with fail_after(_SILENCE_S + self._size / _LEAST_BYTES_S):
                await super().__call__(scope, receive, send_soon)
        except TimeoutError:  # the server closes the connection of an answer that is not complete
            _log.warning("a download was ended: its visitor reads too slowly or not at all")
        finally:
            self._file.close()
            _held.close(self._size)


async def _pieces(app: Parts, file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await app.work.read(file.read, _PIECE_BYTES):
        yield piece


def file_name(title: str, ending: str) -> str:
    """A name that every system takes: the title of the data without what is not allowed in one, and the ending."""
    stem = re.sub(r"\.(csv|parquet|txt|tsv|gz)", "", _UNSAFE.sub("_", title), flags=re.IGNORECASE)
    stem = "".join(letter for letter in stem if letter.isprintable()).strip(" ._")[:_LONGEST_STEM]
    return f"{stem or 'waferwatch'}-{_UNSAFE.sub('_', ending)}"


def disposition(name: str) -> str:
    """The header Content-Disposition: the name in UTF-8 (RFC 6266 and RFC 8187), and an ASCII one for old programs."""
    plain = re.sub(r"[^A-Za-z0-9._() -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
