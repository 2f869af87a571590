"""A multipart upload, streamed to disk as it comes and cut off at the limit."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from anyio import fail_after, to_thread
from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from waferwatch.errors import InputError, StorageFullError, TooLargeError
from waferwatch.store.disk.files import storage_errors
from waferwatch.web.shell.faults import MalformedError, MediaTypeError

MB = 1_000_000
_WRITE_BYTES = 1 << 20
_OVERHEAD_BYTES = 64 * 1024  # part headers and boundaries around the file
_LONGEST_NAME = 200
_FIELD_BYTES = 1_000_000
_ENCODED_NAME = re.compile(rb"filename\*\s*=\s*utf-8''([^;\s]+)", re.IGNORECASE)  # RFC 5987; the parser leaves it out
# A client that gets "too large" while it still sends would see a broken connection instead of the sentence.
_DRAIN_BYTES, _DRAIN_S, _DRAIN_SILENCE_S = 256 * MB, 10.0, 1.0


@dataclass
class _File:
    """The one file part of the body, as the parser meets it."""

    name: str | None = None
    ended: bool = False
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True)
class Received:
    """What came with an upload."""

    name: str  # of the file, for people
    fields: dict[str, str]  # form fields next to it


class _Parts:
    """Callbacks of the parser.

    Args:
        fields: form fields that may stand next to the file.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.file = _File()
        self.fields: dict[str, bytearray] = {}
        self._known = fields
        self._field: str | None = None
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._in_file = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._in_file = False
        self._field = None

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        encoded = _ENCODED_NAME.search(self._headers.get(b"content-disposition", b""))
        if encoded:
            options[b"filename"] = unquote_to_bytes(encoded[1])
        if b"filename" not in options:
            name = options.get(b"name", b"").decode("utf-8", "replace")
            if name in self._known and name not in self.fields:
                self._field, self.fields[name] = name, bytearray()
                return
            raise InputError(
                "There is no field {name} here.", hint="Send one file, and nothing else.", field=name, name=name
            )
        if self.file.name is not None:
            raise InputError("More than one file was sent.", hint="Upload them one by one.", field="file")
        self.file.name = shown_name(options[b"filename"])
        self._in_file = True

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self.fields[self._field] += data[start:end]
            if len(self.fields[self._field]) > _FIELD_BYTES:
                raise InputError(
                    "{name} is longer than {limit} letters.",
                    hint="Shorten it.",
                    field=self._field,
                    name=self._field,
                    limit=_FIELD_BYTES,
                )
            return
        self.file.chunks.append(data[start:end])
        self.file.size += end - start

    def _end(self) -> None:
        self.file.ended = self.file.ended or self._in_file


def shown_name(raw: bytes) -> str:
    """The file name as text for people: without folders, control characters and excess length. Never used as a path."""
    text = raw.decode("utf-8", "replace").replace("\\", "/")
    name = "".join(letter for letter in PurePosixPath(text).name if letter.isprintable()).strip()
    return name[:_LONGEST_NAME] or "upload"


async def receive_file(request: Request, target: Path, limit_mb: int) -> str:
    """Write the file of a multipart body, which holds nothing else, to ``target``; errors as ``receive_upload``.

    Returns:
        Its name, for people.
    """
    return (await receive_upload(request, target, limit_mb)).name


async def receive_upload(request: Request, target: Path, limit_mb: int, fields: Sequence[str] = ()) -> Received:
    """Write the file of a multipart body to ``target``.

    Args:
        fields: names of form fields that may stand next to it.

    Returns:
        Its name, and the text of the fields.

    Raises:
        MediaTypeError: when the body is not multipart.
        MalformedError: when it cannot be parsed, or ended too early.
        TooLargeError: when the file is larger than ``limit_mb`` megabytes (of 1,000,000 bytes).
        InputError: when it holds no file, an empty one, or something else too.
        StorageFullError: when the disk is full or cannot be written.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise MediaTypeError(
            "The upload is not multipart/form-data.", hint="With curl: curl -F file=@data.csv .../datasets"
        )
    stream = request.stream()
    try:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit_mb * MB + _OVERHEAD_BYTES:
            raise _too_large(limit_mb)
        with storage_errors():
            return await _write_parts(stream, options[b"boundary"], target, limit_mb, fields)
    except (TooLargeError, InputError, StorageFullError):
        await _drain(stream)
        raise
    except MultipartParseError as error:
        await _drain(stream)
        raise _broken() from error
    except ClientDisconnect as error:
        raise _broken() from error


async def _write_parts(
    stream: AsyncGenerator[bytes, None], boundary: bytes, target: Path, limit_mb: int, fields: Sequence[str]
) -> Received:
    parts = _Parts(fields)
    parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
    with target.open("wb") as file:
        waiting = 0
        async for chunk in stream:
            parser.write(chunk)
            if parts.file.size > limit_mb * MB:
                raise _too_large(limit_mb)
            waiting += len(chunk)
            if waiting >= _WRITE_BYTES:
                await to_thread.run_sync(_flush, parts.file, file)
                waiting = 0
        parser.finalize()
        await to_thread.run_sync(_flush, parts.file, file)
    if parts.file.name is None:
        raise InputError("No file was sent.", hint="Send one file as the form field file.", field="file")
    if not parts.file.ended:
        raise _broken()
    if not parts.file.size:
        raise InputError("{name} is empty.", hint="Choose a file with data.", field="file", name=parts.file.name)
    return Received(
        parts.file.name, {name: bytes(value).decode("utf-8", "replace") for name, value in parts.fields.items()}
    )


def _flush(found: _File, file: BinaryIO) -> None:
    for chunk in found.chunks:
        file.write(chunk)
    found.chunks.clear()


async def _drain(stream: AsyncGenerator[bytes, None]) -> None:
    """Read on and throw away, until the client waits for its answer or has sent too much for too long."""
    until, left = time.monotonic() + _DRAIN_S, _DRAIN_BYTES
    try:
        while left > 0 and time.monotonic() < until:
            with fail_after(_DRAIN_SILENCE_S):
                left -= len(await anext(stream))
    except (TimeoutError, StopAsyncIteration, ClientDisconnect, RuntimeError):
        return  # silent, at its end, gone, or read to its end before


def _too_large(limit_mb: int) -> TooLargeError:
    return TooLargeError(
        "The file is larger than {limit} MB.",
        hint="Split it, or raise WAFERWATCH_MAX_UPLOAD_MB.",
        field="file",
        limit=limit_mb,
    )


def _broken() -> MalformedError:
    return MalformedError("The upload is incomplete or damaged.", hint="Send it again.", field="file")
