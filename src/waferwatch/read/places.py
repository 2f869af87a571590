"""A place on the time axis as a person writes it: a time, or a number where the time column holds numbers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from waferwatch.errors import InputError


def place_of(text: str | None, dated: bool, field: str) -> Any:
    """The place as the time column has it: datetime64[ns] or float; None for an empty text.

    Args:
        text: what was written.
        dated: whether the time column holds times, and no numbers.
        field: the field of the request, for the error.

    Raises:
        InputError: when it is neither.
    """
    if text is None or not text.strip():
        return None
    try:
        return _time(text) if dated else _number(text)
    except (ValueError, OverflowError, TypeError):
        if dated:
            raise InputError(
                "{name} is no time: {value}.",
                hint="Write it as 2026-01-31T08:30:00.",
                field=field,
                name=field,
                value=text[:60],
            ) from None
        raise InputError(
            "{name} is no number: {value}.", hint="Write it as 1250.", field=field, name=field, value=text[:60]
        ) from None


def _time(text: str) -> Any:
    moment = pd.Timestamp(text)
    if pd.isna(moment):
        raise ValueError(text)  # "NaT" and "nan" are read, but are no place
    moment = moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo else moment
    return moment.as_unit("ns").to_datetime64()


def _number(text: str) -> float:
    number = float(text)
    if math.isnan(number):
        raise ValueError(text)
    return number
