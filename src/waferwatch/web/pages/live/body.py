"""The rows in the body of a request: JSON lines, a JSON array, Telegraf's JSON, or CSV; also in gzip."""

from __future__ import annotations

import tempfile
import time
import zlib
from pathlib import Path

from starlette.requests import Request

from waferwatch.errors import InputError, TooLargeError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.forms.json_rows import rows_of_json
from waferwatch.live.sources.forms.table_rows import live_rows
from waferwatch.read.files import read_table
from waferwatch.web.shell.faults import MalformedError, MediaTypeError

MOST_BYTES = 32_000_000  # of a body, unpacked
_GZIP = 16 + zlib.MAX_WBITS
_CSV = ("text/csv", "text/tab-separated-values", "text/plain")


async def read_bytes(request: Request) -> bytes:
    """The body, unpacked.

    Raises:
        TooLargeError: it is larger than may be.
        MalformedError, MediaTypeError: it is damaged, or packed in another way than gzip.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise MediaTypeError("The body is packed in a way that is not known here.", hint="Send it plain, or in gzip.")
    unpacker = _Gzip() if packing == "gzip" else None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk if unpacker is None else unpacker.unpacked(chunk, MOST_BYTES + 1 - len(body))
        if len(body) > MOST_BYTES:
            raise TooLargeError(
                "The body is larger than {limit} MB.", hint="Send fewer rows at once.", limit=MOST_BYTES // 1_000_000
            )
    if unpacker is not None and not unpacker.whole:
        raise _no_whole_gzip()
    return bytes(body)


class _Gzip:
    """Unpacks gzip bit by bit. It may consist of several members, one behind the other (RFC 1952, 2.2)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self.whole = False  # whether it may end here

    def unpacked(self, chunk: bytes, most: int) -> bytes:
        """
        Args:
            most: bytes that are unpacked; more are left out.

        Raises:
            MalformedError: it is damaged.
        """
        found = bytearray()
        try:
            while chunk and len(found) < most:
                found += self._member.decompress(chunk, most - len(found))
                self.whole, chunk = self._member.eof, self._member.unused_data
                if self.whole:
                    self._member = zlib.decompressobj(_GZIP)
        except zlib.error as error:
            raise _no_whole_gzip() from error
        return bytes(found)


def _no_whole_gzip() -> MalformedError:
    return MalformedError("The body is not a complete gzip file.", hint="Send it again.")


def rows_of_body(body: bytes, kind: str, source: str) -> list[LiveRow]:
    """
    Args:
        kind: media type of the body.
        source: equipment of rows of CSV that name none.

    Raises:
        InputError: something cannot be read; the message names the row.
    """
    if not body.strip():
        raise InputError("No row was sent.", hint="Send at least one row.", field="rows")
    plain = kind.partition(";")[0].strip().lower()
    if plain in _CSV or (not plain.endswith("json") and body.lstrip()[:1] not in b"[{"):
        return _rows_of_csv(body, source)
    return rows_of_json(body)


def _rows_of_csv(body: bytes, source: str) -> list[LiveRow]:
    with tempfile.TemporaryDirectory(prefix="waferwatch-") as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(body)
        table = read_table(path, name="the rows")
    return list(live_rows(table, source, time.time_ns()))
