"""Text in any usual form -> times: with a date, of the day, or since a start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.read.clock.dates import DAY_NS, NO_DAY, DateOrder, Days, outside_ages, read_days
from waferwatch.read.clock.fields import Fields, take_apart
from waferwatch.read.clock.patterns import DATED, FULL, MINUTES, OF_DAY_DOTS, UNDATED, Pattern
from waferwatch.read.clock.words import zone_seconds

_SAMPLE = 200
MOSTLY = 0.8  # of the sample that a pattern must match to be tried on the whole column
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class TextTimes:
    """What written times say, before anything is made of zones and doubts."""

    ns: NDArray[np.int64]  # (n,) since 1970, or since midnight without a date; the least int64 where nothing was read
    dated: bool
    order: Days | None  # how the dates were read
    outside: NDArray[np.bool_]  # (n,) dates of other ages
    offsets: NDArray[np.float64] | None  # (n,) seconds ahead of UTC; None where no cell names a zone that is known
    unzoned: NDArray[np.bool_]  # (n,) times without a zone in a column that has some
    unknown_zones: tuple[str, ...] = ()
    timed: bool = True  # whether there is any time of day
    sure: bool = True  # a year of four digits, a month's name or a time of day: no number of a version
    wraps: int = DAY_NS  # after which a time without a date begins anew, in nanoseconds


def read_text_times(text: pa.ChunkedArray, wish: DateOrder | None = None, least: float = MOSTLY) -> TextTimes | None:
    """Read trimmed texts (n,), null where missing; None where no usual form fits the share ``least`` of them."""
    pattern = find_pattern(text, least)
    if pattern is None:
        return None
    fields = take_apart(text, pattern)
    rest = pc.is_valid(text).to_numpy().astype(np.bool_) & ~fields.matched
    if not pattern.dated:
        return _undated(fields, pattern)
    days = read_days(fields, wish, dotted=_is_dotted(text))
    times = replace(_dated(fields, days), sure=_is_sure(fields) or _in_pairs(text))
    return _with_rest(times, text, rest, days.order or wish) if rest.any() else times


def find_pattern(text: pa.ChunkedArray, least: float = MOSTLY) -> Pattern | None:
    """The pattern that most of a sample of the texts is written in."""
    sample = _sample(text)
    if not len(sample):
        return None
    best, most = None, max(1.0, least * len(sample))
    for pattern in (*UNDATED, *DATED):
        fields = take_apart(sample, pattern)
        right = fields.matched
        if pattern.dated:
            right = right & (read_days(fields, None).days != NO_DAY) | outside_ages(fields)
        if right.sum() > most or (best is None and right.sum() >= most):
            best, most = pattern, right.sum()
    return FULL if best is OF_DAY_DOTS and _come_again(sample) and _are_dates(sample) else best


def _come_again(sample: pa.ChunkedArray) -> bool:
    """Whether texts come again and again, as dates do and times of day do not: 02.03.26 may be either."""
    return 2 * len(sample.unique()) <= len(sample)


def _are_dates(sample: pa.ChunkedArray) -> bool:
    return bool((read_days(take_apart(sample, FULL), None).days != NO_DAY).all())


def _sample(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts spread over the column: what is missing in its beginning may be written further on."""
    present = text.drop_null()
    every = max(1, len(present) // _SAMPLE)
    return present.take(pa.array(np.arange(0, len(present), every)[: 2 * _SAMPLE])) if every > 1 else present


def _undated(fields: Fields, pattern: Pattern) -> TextTimes:
    nothing = np.zeros(len(fields.matched), np.bool_)
    wraps = 3600 * 10**9 if pattern is MINUTES else DAY_NS
    return TextTimes(np.where(fields.matched, fields.of_day, _NAT), False, None, nothing, None, nothing, wraps=wraps)


def _dated(fields: Fields, days: Days) -> TextTimes:
    there = fields.matched & (days.days != NO_DAY) & (fields.of_day <= DAY_NS)
    ns = np.where(there, np.where(there, days.days, 0) * DAY_NS + fields.of_day, _NAT)
    offsets, unknown = _offsets(fields)
    unzoned = there & np.isnan(offsets) if offsets is not None else np.zeros(len(there), np.bool_)
    if offsets is not None:
        offsets = np.where(there, offsets, np.nan)
    return TextTimes(ns, True, days, outside_ages(fields), offsets, unzoned, unknown, fields.timed)


def _is_sure(fields: Fields) -> bool:
    return fields.timed or fields.month_at is not None or max(fields.widths, default=0) > 2


def _in_pairs(text: pa.ChunkedArray) -> bool:
    """Whether all dates are written as 02.03.26, unlike versions and other numbers with signs between them."""
    pairs = pc.match_substring_regex(_sample(text), r"^\d{2}[-/.]\d{2}[-/.]\d{2}$")
    return bool(pc.all(pairs).as_py())


def _is_dotted(text: pa.ChunkedArray) -> bool:
    """Whether dates are written as 31.12.2026, which puts the day first wherever it is used."""
    return bool(pc.any(pc.match_substring_regex(_sample(text), r"^\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}\b")).as_py())


def _offsets(fields: Fields) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    if not fields.zones:
        return None, ()
    ahead = [zone_seconds(word) for word in fields.zones]
    unknown = tuple(word for word, seconds in zip(fields.zones, ahead, strict=True) if seconds is None)
    if unknown:
        return None, unknown
    return np.array([*ahead, np.nan], dtype=np.float64)[fields.zone], ()


def _with_rest(times: TextTimes, text: pa.ChunkedArray, rest: NDArray[np.bool_], wish: DateOrder | None) -> TextTimes:
    """The cells of another form read as well, as where midnight is written as the date alone."""
    at = np.flatnonzero(rest)
    others = text.take(pa.array(at))
    for pattern in DATED:
        fields = take_apart(others, pattern)
        if not fields.matched.any():
            continue
        found = _dated(fields, read_days(fields, wish))
        times = _put(times, found, at[fields.matched], fields.matched)
        at, others = at[~fields.matched], others.filter(pa.array(~fields.matched))
        if not len(at):
            break
    return times


def _put(times: TextTimes, found: TextTimes, at: NDArray[np.intp], which: NDArray[np.bool_]) -> TextTimes:
    ns, outside, unzoned = times.ns.copy(), times.outside.copy(), times.unzoned.copy()
    ns[at], outside[at] = found.ns[which], found.outside[which]
    offsets = times.offsets
    if offsets is not None or found.offsets is not None:
        offsets = np.full(len(ns), np.nan) if offsets is None else offsets.copy()
        if times.offsets is None:
            unzoned = unzoned | (ns != _NAT)
        offsets[at] = np.nan if found.offsets is None else found.offsets[which]
        unzoned[at] = np.isnan(offsets[at]) & (ns[at] != _NAT)
    unknown = tuple(dict.fromkeys((*times.unknown_zones, *found.unknown_zones)))
    return replace(times, ns=ns, outside=outside, unzoned=unzoned, offsets=offsets, unknown_zones=unknown)


def as_arrow(column: pd.Series) -> pa.ChunkedArray:
    """A column of any text type as trimmed Arrow strings."""
    if isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow":
        cells = pa.chunked_array(column.array.__arrow_array__())
    else:
        cells = pa.chunked_array([pa.array(column.map(str, na_action="ignore"), type=pa.string(), from_pandas=True)])
    return pc.utf8_trim_whitespace(cells)
