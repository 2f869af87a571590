"""Written times, readings and names of single rows."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

from waferwatch.errors import InputError
from waferwatch.read.clock.epochs import EPOCHS
from waferwatch.read.roles.column_names import category, time_rank
from waferwatch.read.table import Role

_ZONE = re.compile(r"(?<=\d)\s*(?:Z|UTC|[+-]\d{2}:?\d{2})$")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_FOUR_EPOCHS = EPOCHS[:4]  # since 1970
_RUN, _SEQUENCE, _STATE = "run", "sequence", "state"
_OWN = {
    "run": _RUN,
    "runid": _RUN,
    "sequence": _SEQUENCE,
    "seq": _SEQUENCE,
    "state": _STATE,
    "equipmentstate": _STATE,
    "e10state": _STATE,
    "host": "equipment",
}


@lru_cache(maxsize=20_000)
def part_named(key: str) -> str | None:
    """The part of a row that a name stands for: time, a role, state, run or sequence; None for a sensor."""
    plain = re.sub(r"[\W_]+", "", key).casefold()
    if plain in _OWN:
        return _OWN[plain]
    role = category(key)
    if role is not None:
        return role.value
    return Role.TIME.value if time_rank(key) is not None else None


def time_of(value: object, row: int) -> int:
    """Nanoseconds since 1970, as the clock of the data shows it: a zone behind it is left aside.

    Args:
        value: ISO 8601 text, or seconds, milliseconds, microseconds or nanoseconds since 1970.
        row: number of the row, for the message.

    Raises:
        InputError: it is none.
    """
    if isinstance(value, str) and (written := written_time(value)) is not None:
        return written
    number = number_of(value)
    if number is not None and math.isfinite(number):
        epoch = next((one for one in _FOUR_EPOCHS if one.low <= number <= one.high), None)
        if epoch is not None:
            exact = value if isinstance(value, int) else number
            return round(exact * int(epoch.unit)) if isinstance(exact, int) else round(exact * epoch.unit)
    raise InputError(
        "The time of row {row} cannot be read: {value}.",
        hint="Give it as ISO 8601 text, or as seconds since 1970.",
        field="time",
        row=row,
        value=str(value)[:60],
    )


def written_time(text: str) -> int | None:
    """Nanoseconds since 1970 of ISO 8601 text, without the zone behind it; None for what is none, or too far off."""
    if not _DATED.match(text):
        return None
    try:
        moment = np.datetime64(_ZONE.sub("", text.strip()).replace(" ", "T"))
    except ValueError:
        return None
    exact = moment.astype("datetime64[ns]")
    return int(exact.astype(np.int64)) if exact.astype(moment.dtype) == moment else None


def number_of(value: object) -> float | None:
    """A number, also one written as text; None for what is none."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def reading_of(value: object, sensor: str, row: int) -> float:
    """A reading; NaN where it is missing or infinite.

    Raises:
        InputError: it is not a number.
    """
    if value is None or value == "":
        return math.nan
    number = number_of(value)
    if number is None:
        raise InputError(
            "The reading of {sensor} in row {row} is not a number: {value}.",
            hint="Send a number, or null where there is none.",
            field="sensors",
            sensor=sensor[:60],
            row=row,
            value=str(value)[:60],
        )
    return number if math.isfinite(number) else math.nan


def text_of(value: object) -> str:
    """A name: whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
