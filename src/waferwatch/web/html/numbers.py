"""Numbers and moments as a reader writes them, for pages that have no script."""

from __future__ import annotations

import math

from babel.numbers import format_decimal, format_percent

NONE = "–"


class Numbers:
    """In one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def whole(self, value: float) -> str:
        return str(format_decimal(round(value), locale=self._language))

    def short(self, value: float | None) -> str:
        """Four significant digits."""
        if value is None or not math.isfinite(value):
            return NONE
        digits = 3 - math.floor(math.log10(abs(value))) if value else 0
        pattern = "#,##0." + "#" * min(digits, 9) if digits > 0 else "#,##0"
        return str(format_decimal(value, format=pattern, locale=self._language))

    def share(self, value: float | None, digits: int = 2) -> str:
        if value is None or not math.isfinite(value):
            return NONE
        return str(format_percent(value, format=f"#,##0.{'0' * digits}%", locale=self._language))

    def minute(self, text: str) -> str:
        """A moment of the store, short enough for a list to choose from."""
        return f"{text[:16].replace('T', ' ')} UTC"

    def moment(self, text: str | None) -> str:
        """A moment of the store, which is in UTC, by the 24-hour clock."""
        return f"{text[:19].replace('T', ' ')} UTC" if text else NONE


def until(first: object, last: object) -> str:
    """The end of a stretch of time, without the day where that is the day of its beginning."""
    start, end = place(first), place(last)
    return end[11:] if len(end) > 11 and end[:11] == start[:11] else end


def place(value: object) -> str:
    """A place on the time axis of the data, as it stands there."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text.replace("T", " ", 1) if text[:4].isdigit() and text[4:5] == "-" else text
