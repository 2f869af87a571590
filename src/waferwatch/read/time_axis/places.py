"""A place on the time axis as a person writes it: a time, or a number where the time column holds numbers."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.time_axis.zones import offset_of

# The year first, so that day and month are certain; a time of day alone, "now" or 03/04/2026 are not.
_DATED = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{8})"
    r"(?:[T ]\s*\d{1,2}:?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)

_DAY = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{8}", re.ASCII)


def end_of(text: str | None, dated: bool, field: str, zone: str | None = None) -> Any:
    """As :func:`place_of`, but a day without a time of day means its last moment: "to the 5th" includes it."""
    place = place_of(text, dated, field, zone)
    if dated and text is not None and _DAY.fullmatch(text.strip()):
        return (pd.Timestamp(place) + pd.Timedelta(days=1) - pd.Timedelta(nanoseconds=1)).to_datetime64()
    return place


def place_of(text: str | None, dated: bool, field: str, zone: str | None = None) -> Any:
    """The place as the time column has it: datetime64[ns] or float; None for an empty text.

    A time without an offset from UTC is one on the clock of the data; one with an offset is turned to that clock.

    Args:
        text: what was written.
        dated: whether the time column holds times, and no numbers.
        field: the field of the request, for the error.
        zone: that of the data, where it is known.

    Raises:
        InputError: when it is neither, when it does not say which day is meant, or has an offset and the data none.
    """
    if text is None or not text.strip():
        return None
    try:
        return _time(text.strip(), field, zone) if dated else _number(text)
    except (ValueError, OverflowError, TypeError):
        if dated:
            raise InputError(
                "'{value}' is not a time.",
                hint="Write it as 2026-01-31T08:30:00.",
                field=field,
                value=text[:60],
            ) from None
        raise InputError("'{value}' is not a number.", hint="Write it as 1250.", field=field, value=text[:60]) from None


def _time(text: str, field: str, zone: str | None) -> Any:
    moment = pd.Timestamp(text)
    if pd.isna(moment):
        raise ValueError(text)  # "NaT" and "nan" are read, but are no place
    if _DATED.fullmatch(text) is None:
        raise InputError(
            "'{value}' does not say for certain which day and time is meant.",
            hint="Write it as 2026-01-31T08:30:00.",
            field=field,
            value=text[:60],
        )
    if moment.tzinfo is not None:
        if zone is None:
            raise InputError(
                "'{value}' has an offset from UTC, but the times of the data have none.",
                hint="Write it without an offset, as the clock of the data shows it.",
                field=field,
                value=text[:60],
            )
        moment = moment.tz_convert("UTC").tz_localize(None) + offset_of(zone)
    return moment.as_unit("ns").to_datetime64()


def _number(text: str) -> float:
    number = float(text)
    if math.isnan(number):
        raise ValueError(text)
    return number
