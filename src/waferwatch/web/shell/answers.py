"""JSON as it leaves the server: numpy becomes plain numbers, and what is not finite becomes null."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import PurePath
from typing import Any

import numpy as np
from starlette.responses import JSONResponse


class JsonAnswer(JSONResponse):
    """A JSON answer that may hold numpy values and NaN."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def encoded(content: Any) -> bytes:
    """JSON in UTF-8 of what may hold numpy values and NaN."""
    text = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")  # a lone surrogate becomes its JSON escape


def plain(value: Any) -> Any:
    """The value as JSON types only. Shortens no number."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")
