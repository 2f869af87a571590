"""Colours that figures name as the page does, such as ``var(--chamber-1)``, as they are on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LIGHT: Mapping[str, str] = {
    "--chamber-1": "#0072b2",
    "--chamber-2": "#2a9d8f",
    "--chamber-3": "#481860",
    "--chamber-4": "#8a5a44",
    "--chamber-5": "#3b4550",
    "--chart-grey": "#8a94a0",
    "--chart-abnormal": "#d55e00",
    "--chart-band": "rgba(138, 148, 160, 0.25)",
    "--chart-wash": "rgba(213, 94, 0, 0.07)",
    "--ink": "#1d2733",
    "--ink-soft": "#566271",
}
_NAMED = re.compile(r"var\((--[\w-]+)\)")


def on_paper(part: Any) -> Any:
    """A part of a figure with every named colour as the light theme has it."""
    if isinstance(part, str):
        found = _NAMED.fullmatch(part)
        return part if found is None else LIGHT[found.group(1)]
    if isinstance(part, dict):
        return {name: on_paper(one) for name, one in part.items()}
    if isinstance(part, list) and part and isinstance(part[0], dict | str):
        return [on_paper(one) for one in part]
    return part
