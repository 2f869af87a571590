"""Answers that take long to make, kept as the bytes that are sent, and what they depend on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Hashable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.store.recent import Recent
from waferwatch.web.shell.answers import encoded

_BYTES = 64 * 2**20  # compressed: some hundred results, or thousands of plots
_LEVEL = 5


class KeptAnswers:
    """The answers sent last. Safe to use from several threads."""

    def __init__(self) -> None:
        self._packed: Recent[Hashable, bytes] = Recent(_BYTES, len)

    def find(self, key: Hashable) -> bytes | None:
        """The compressed answer for this key; None when it has to be made."""
        return self._packed.find(key)

    def make(self, key_of: Callable[[], Hashable], make: Callable[[], Any]) -> bytes:
        """The compressed answer, made now unless another thread did so meanwhile.

        Args:
            key_of: everything that the answer depends on, as it is now.
            make: the answer, from which JSON is made. What it raises keeps nothing.
        """
        key = key_of()
        packed = self.find(key)
        if packed is None:
            packed = pack(encoded(make()))
            if key_of() == key:  # else something was changed while it was made: nobody knows which state it shows
                self._packed.put(key, packed)
        return packed


def pack(content: bytes) -> bytes:
    """Compressed, as it is kept."""
    return gzip.compress(content, _LEVEL, mtime=0)


def packed_answer(
    request: Request, packed: bytes, media_type: str = "application/json", status_code: int = 200
) -> Response:
    """Send what is compressed to whoever takes it so, and plain to the others."""
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, status_code, headers | {"Content-Encoding": "gzip"}, media_type)
    return Response(gzip.decompress(packed), status_code, headers, media_type)


def as_key(value: Any) -> str:
    """JSON types as a part of a key."""
    return json.dumps(value, sort_keys=True, default=str)
