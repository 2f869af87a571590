"""Written times taken apart by a pattern: the parts of date and time as whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.read.clock.patterns import Pattern
from waferwatch.read.clock.words import is_afternoon, month_of

ABSENT = -1
_DAY = 86_400 * 10**9
_PLACES = 9  # of a fraction of a second: nanoseconds


@dataclass(frozen=True)
class Fields:
    """What a pattern found in n cells. ABSENT stands where a part is not written or the cell does not match."""

    matched: NDArray[np.bool_]  # (n,)
    date: tuple[NDArray[np.int64], ...]  # three of (n,): the parts of the date as written; empty without a date
    month_at: int | None  # which of them was a word
    widths: tuple[int, ...]  # most digits of each
    day_of_year: NDArray[np.int64] | None  # (n,) where that stands for month and day
    of_day: NDArray[np.int64]  # (n,) nanoseconds since midnight
    timed: bool  # whether any cell has a time of day
    zones: pa.ChunkedArray | None  # (n,) words of zones, null where there is none


def take_apart(text: pa.ChunkedArray, pattern: Pattern) -> Fields:
    """The parts of each text; ``text`` (n,) may hold nulls."""
    parts = pc.struct_field  # shorter lines below
    found = pa.chunked_array([pc.extract_regex(chunk, pattern.regex) for chunk in text.chunks] or [[]])
    names = {field.name for field in found.type} if pa.types.is_struct(found.type) else set()
    get: Callable[[str], pa.ChunkedArray] = lambda name: parts(found, name)  # noqa: E731
    matched = pc.is_valid(found).to_numpy().astype(np.bool_)
    date, month_at = _date([get(name) for name in "abc" if name in names])
    widths = tuple(_width(get(name)) for name in "abc" if name in names)
    of_day, wrong = _of_day(get, names, len(text))
    zones = get("z") if "z" in names else None
    if zones is not None:
        zones = pc.if_else(pc.equal(zones, ""), pa.scalar(None, zones.type), zones)
    return Fields(
        matched & ~wrong,
        date,
        month_at,
        widths,
        _number(get("j")) if "j" in names else None,
        of_day,
        "h" in names and bool(pc.any(pc.not_equal(get("h"), "")).as_py()),
        zones,
    )


def _date(columns: list[pa.ChunkedArray]) -> tuple[tuple[NDArray[np.int64], ...], int | None]:
    month_at, numbers = None, []
    for position, column in enumerate(columns):
        if pc.any(pc.match_substring_regex(column, r"\pL")).as_py():
            month_at = position
            numbers.append(_by_word(column, _month_or_number))
        else:
            numbers.append(_number(column))
    return tuple(numbers), month_at


def _month_or_number(word: str) -> int:
    return int(word) if word.isdigit() else month_of(word) or ABSENT


def _width(column: pa.ChunkedArray) -> int:
    return int(pc.max(pc.utf8_length(column)).as_py() or 0)


def _number(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """(n,) whole numbers, ABSENT where nothing is written."""
    filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    numbers: NDArray[np.int64] = pc.fill_null(filled.cast(pa.int64()), ABSENT).to_numpy()
    return numbers


def _by_word(column: pa.ChunkedArray, value: Callable[[str], int]) -> NDArray[np.int64]:
    """(n,) a number for each word, found once for each different one; ABSENT where there is no word."""
    coded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices, len(coded.dictionary)).to_numpy(zero_copy_only=False)
    values = [value(word) if word else ABSENT for word in coded.dictionary.to_pylist()]
    return np.array([*values, ABSENT], dtype=np.int64)[codes]


def _of_day(
    get: Callable[[str], pa.ChunkedArray], names: set[str], count: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n,) nanoseconds since midnight, and which cells (n,) hold an hour, minute or second that there is not."""
    nothing = np.zeros(count, dtype=np.int64)
    part = {name: np.maximum(_number(get(name)), 0) if name in names else nothing for name in "dhis"}
    hour = part["h"]
    halves = [_by_word(get(name), is_afternoon) for name in "pq" if name in names]
    half = np.max(halves, axis=0) if halves else np.full(count, ABSENT)
    wrong = (half != ABSENT) & ((hour > 12) & (half == 0) | (hour > 23))
    hour = np.where(half == ABSENT, hour, np.where(hour > 12, hour, hour % 12 + 12 * half))
    wrong |= (part["i"] > 59) & ("h" in names) | (part["s"] > 60)
    seconds = part["d"] * 86_400 + hour * 3600 + part["i"] * 60 + part["s"]
    fraction = _fraction(get("f")) if "f" in names else nothing
    return seconds * 10**9 + fraction, wrong


def _fraction(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """(n,) digits after the sign of a decimal fraction as nanoseconds."""
    if not pc.any(pc.not_equal(column, "")).as_py():
        return np.zeros(len(column), dtype=np.int64)
    return np.maximum(_number(pc.utf8_rpad(column, _PLACES, "0")), 0)
