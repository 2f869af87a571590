"""Rows sent to a server elsewhere."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from waferwatch.errors import InputError, StorageFullError, TooManyError, WaferwatchError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.writer import Accepted

_TIMEOUT_S = 60.0
_AGAIN_S = 5


class RemoteTaker:
    """The log of a server, over HTTP.

    Args:
        url: such as http://127.0.0.1:5000.
        token: that the server asks for; empty: none.
        monitor: that scores the source; None: as the server has it.
    """

    def __init__(self, url: str, token: str = "", monitor: str | None = None) -> None:
        self._url = _checked(url)
        self._token = token
        self._query = f"?monitor={quote(monitor)}" if monitor else ""

    def accept(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Accepted:
        """As :meth:`RowLog.accept`. A server that cannot be reached counts as one that takes no rows for a while.

        Raises:
            WaferwatchError: as the server says.
        """
        body = gzip.compress(b"\n".join(orjson.dumps(_record(row)) for row in rows), compresslevel=1)
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        path = f"/live/{quote(source, safe='')}/rows{self._query}"
        return Accepted(**_posted(self._url, path, body, headers, self._token))


def mark_maintenance(url: str, token: str, equipment: str, note: str, *, ended: bool) -> dict[str, Any]:
    """Begin or end a maintenance on a server.

    Returns:
        What the server says of it.

    Raises:
        WaferwatchError: as the server says, or it cannot be reached.
    """
    body = orjson.dumps({"ended": ended, "note": note})
    path = f"/live/{quote(equipment, safe='')}/maintenance"
    return _posted(_checked(url), path, body, {"Content-Type": "application/json"}, token)


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InputError(
            "{url} is not the address of a server.",
            hint="Give one like http://127.0.0.1:5000.",
            field="to",
            url=url,
        )
    return url.rstrip("/")


def _posted(url: str, path: str, body: bytes, headers: dict[str, str], token: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{url}{path}", body, headers)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except OSError as error:
        raise TooManyError(
            "The server at {url} cannot be reached: {reason}.",
            hint="Start it, or give its address with --to.",
            field="to",
            seconds=_AGAIN_S,
            url=url,
            reason=str(getattr(error, "reason", error)),
        ) from error


def _record(row: LiveRow) -> dict[str, Any]:
    names = {name: getattr(row, name) for name in ("equipment", "lot", "wafer", "recipe", "step", "state", "run")}
    sent: dict[str, Any] = {name: value for name, value in names.items() if value}
    if row.sequence is not None:
        sent["sequence"] = row.sequence
    return sent | {"time": row.time, "sensors": dict(row.readings)}


def _refusal(error: urllib.error.HTTPError) -> WaferwatchError:
    try:
        said = json.load(error)["error"]
        message, hint = str(said["message"]), str(said["hint"])
    except (ValueError, KeyError, TypeError):
        message, hint = f"The server answered {error.code}.", ""
    values = {"message": message, "remedy": hint}
    text = "The server refuses the rows: {message}"
    if error.code == TooManyError.status or (error.code >= 500 and error.code != StorageFullError.status):
        wait = error.headers.get("Retry-After", "")
        return TooManyError(text, hint="{remedy}", seconds=int(wait) if wait.isdigit() else _AGAIN_S, **values)
    if error.code == StorageFullError.status:
        return StorageFullError(text, hint="{remedy}", **values)
    return InputError(text, hint="{remedy}", **values)
