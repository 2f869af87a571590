"""JSON as it leaves the server: numpy becomes plain numbers, and what is not finite becomes null."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np
import orjson
from starlette.responses import JSONResponse

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
_MOST = 2**63  # a larger whole number has no place in 64 bits


class JsonAnswer(JSONResponse):
    """A JSON answer that may hold numpy values and NaN."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def encoded(content: Any, *, indent: bool = False) -> bytes:
    """JSON in UTF-8 of what may hold numpy values and NaN.

    Half a surrogate pair, which is no text, becomes its escape as text; a whole number beyond 64 bits a float.

    Raises:
        TypeError: for what is no JSON type.
    """
    options = _OPTIONS | (orjson.OPT_INDENT_2 if indent else 0)
    try:
        return orjson.dumps(content, _other, options)
    except orjson.JSONEncodeError:
        return orjson.dumps(_mended(content), _other, options)


def _other(value: Any) -> Any:
    """What orjson does not know."""
    if isinstance(value, np.ndarray | np.generic):  # not contiguous, or of Python objects
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        return float(value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value
