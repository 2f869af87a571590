"""Axes: where a value lies on the picture, and which values are written next to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.export.svg.words import plain

_SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)  # seconds
_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60


@dataclass(frozen=True)
class AxisScale:
    """One axis of one picture."""

    low: float  # value at ``start``: seconds since 1970 for times, a power of ten for logarithms
    high: float
    start: float  # pixel
    end: float
    kind: str  # "linear", "date" or "log"
    layout: dict[str, Any]

    def numbers(self, values: Iterable[Any]) -> NDArray[np.float64]:
        """(n,) The values as numbers on this axis; NaN where there is none."""
        return as_numbers(values, self.kind)

    def pixels(self, values: Iterable[Any]) -> NDArray[np.float64]:
        """(n,) Where the values lie; NaN where there is none."""
        part = (self.numbers(values) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + part * (self.end - self.start)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Pixel and label of each mark, about ``most`` of them."""
        if "tickvals" in self.layout:
            labels = self.layout.get("ticktext", self.layout["tickvals"])
            places = self.pixels(self.layout["tickvals"]).tolist()
            return [(place, plain(str(label))) for place, label in zip(places, labels, strict=True)]
        low, high = sorted((self.low, self.high))
        if self.kind == "date":
            marks = date_ticks(low, high, most)
        elif self.kind == "log":
            marks = [(power, f"{10.0**power:g}") for power in range(math.ceil(low), math.floor(high) + 1)]
        else:
            marks = linear_ticks(low, high, most, str(self.layout.get("tickformat", "")))
        span = (self.high - self.low) or 1.0
        return [(self.start + (value - self.low) / span * (self.end - self.start), label) for value, label in marks]


def as_numbers(values: Iterable[Any], kind: str) -> NDArray[np.float64]:
    """(n,) Values of an axis as numbers, NaN where there is none."""
    cells = list(values)
    if kind == "date":
        moments = np.array([cell or "NaT" for cell in cells], dtype="datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    numbers = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    if kind == "log":
        return np.where(numbers > 0, np.log10(np.where(numbers > 0, numbers, 1)), np.nan)
    return numbers


def make_scale(layout: dict[str, Any], values: Sequence[NDArray[np.float64]], start: float, end: float) -> AxisScale:
    """An axis over the range that its layout names, or else over all ``values``, with a little room at both ends."""
    kind = str(layout.get("type", "linear"))
    low, high = _range(layout, kind, values)
    if layout.get("autorange") == "reversed":
        low, high = high, low
    return AxisScale(low, high, start, end, kind, layout)


def _range(layout: dict[str, Any], kind: str, values: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    if "range" in layout:
        ends = [float(end) for end in layout["range"]] if kind == "log" else as_numbers(layout["range"], kind).tolist()
        return ends[0], ends[1]
    whole = np.concatenate([*values, np.empty(0)])
    whole = whole[np.isfinite(whole)]
    if not len(whole):
        return 0.0, 1.0
    low, high = float(whole.min()), float(whole.max())
    if layout.get("rangemode") == "tozero":
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return (low if layout.get("rangemode") == "tozero" and low == 0 else low - room), high + room


def linear_ticks(low: float, high: float, most: int, form: str = "") -> list[tuple[float, str]]:
    """Round values between ``low`` and ``high``."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return []
    raw = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    if form == ",d":
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    values = [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [(value, number_label(value, step, form)) for value in values]


def number_label(value: float, step: float, form: str = "") -> str:
    """The number with as many digits as the step between two marks needs."""
    if form.endswith("%"):
        digits = max(0, -math.floor(math.log10(step * 100) + 1e-9))
        return f"{value * 100:.{digits}f}%"
    if value and (abs(value) >= 1e7 or abs(value) < 1e-4):
        return f"{value:.3g}"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{value:,.{min(digits, 9)}f}"
    return "0" if float(text.replace(",", "")) == 0 else text


def date_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round moments between ``low`` and ``high``, in seconds since 1970."""
    raw = (high - low) / max(1, most)
    if raw <= 0:
        return []
    if raw < 1:
        return [(value, f"{_moment(value, 'ms')[11:]}") for value, _ in linear_ticks(low, high, most)]
    step = next((span for span in _SPANS if span >= raw), None) or math.ceil(raw / _DAY_S) * _DAY_S
    values = [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [(value, _date_label(value, step)) for value in values]


def _date_label(value: float, step: int) -> str:
    text = _moment(value, "s")
    if step >= _DAY_S:
        return text[:10]
    if value % _DAY_S == 0:
        return text[5:10]
    return text[11:16] if step >= _MINUTE_S else text[11:19]


def _moment(value: float, unit: str) -> str:
    return str(np.datetime64(round(value * 1e6), "us").astype(f"datetime64[{unit}]"))
