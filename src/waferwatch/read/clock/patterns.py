"""Patterns of written times.

Groups: a, b, c the parts of the date as written; h, i, s, f the time; p, q halves of the day before and after the time;
z the zone; j the day of the year; d days before a time of day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from waferwatch.read.clock.words import HALVES, WEEKDAYS

_B = r"\s"
_WEEK = rf"(?:(?:{WEEKDAYS})\.?,?{_B}+)?"
_MONTH = r"[^\W\d_]{3,10}\.?"
_SEP = rf"(?:{_B}*[-/._,년年월月]{_B}*|\.?,?{_B}+)"
_DATE = rf"(?P<a>[0-9]{{1,4}}|{_MONTH}){_SEP}(?P<b>[0-9]{{1,2}}|{_MONTH}){_SEP}(?P<c>[0-9]{{1,4}})"
_WEEK_AFTER = rf"(?:{_B}*\((?:{WEEKDAYS}|[月火水木金土日一二三四五六])\))?"
_JOIN = rf"(?:{_B}*[일日]{_B}*|\.?{_WEEK_AFTER}(?:{_B}*[T_,;:\-]{_B}*|{_B}+(?:at{_B}+)?))"
_END = rf"{_B}*[일日]?\.?{_WEEK_AFTER}"
_BEFORE = rf"(?:(?P<p>{HALVES}){_B}*)?"
_AFTER = rf"(?:{_B}*(?P<q>{HALVES}))?"
_FRACTION = r"(?:[.,:;](?P<f>[0-9]{1,9}))?"
_SECONDS = rf"(?P<s>[0-9]{{1,2}}){_FRACTION}{_B}*[초秒s]?"
_MINUTES = rf"(?P<i>[0-9]{{1,2}})(?:{_B}*[:m분分.]{_B}*{_SECONDS}|{_B}*[분分])?"
_CLOCK = rf"(?P<h>[0-9]{{1,2}}){_B}*[:h시時时点.]{_B}*{_MINUTES}"
_CLOCK_OR_HOUR = rf"(?P<h>[0-9]{{1,2}})(?:{_B}*[:h시時时点.]{_B}*{_MINUTES}|{_B}*[시時时点])?"
_DIGITS = r"(?P<h>[0-9]{2})(?P<i>[0-9]{2})(?:(?P<s>[0-9]{2})(?:[.,:]?(?P<f>[0-9]{1,9}))?)?"
_OFFSET = r"(?:utc|gmt)?\s?[+-][0-9]{1,2}(?::?[0-9]{2})?"
_ZONE = (
    rf"(?:{_B}*(?P<z>\(?(?:{_OFFSET}|[^\W\d_][^\W\d]*(?:[/ ][^\W\d]+){{0,3}})\)?))?(?:{_B}*(?:\[[^\]]*\]|\([^)]*\)))?"
)

_UNTIL = r"(?:\s?/\s?[0-9][0-9T:.+Z\- ]{9,35})?"  # of an interval, whose beginning is read


@dataclass(frozen=True)
class Pattern:
    """One way in which times are written."""

    regex: str
    dated: bool = True

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.IGNORECASE)

    def has(self, group: str) -> bool:
        """Whether the pattern has a group of this name."""
        return f"(?P<{group}>" in self.regex


def _whole(inside: str) -> str:
    return f"(?:{inside})\\Z"


FULL = Pattern(_whole(rf"{_WEEK}{_DATE}(?:{_JOIN}{_BEFORE}{_CLOCK_OR_HOUR}{_AFTER}{_ZONE}{_UNTIL}|{_END})"))
_JOINED_DIGITS = Pattern(_whole(rf"{_WEEK}{_DATE}{_JOIN}{_DIGITS}{_ZONE}"))
_TIME_FIRST = Pattern(_whole(rf"{_BEFORE}{_CLOCK}{_AFTER}[,;]?{_B}+{_WEEK}{_DATE}{_END}"))
_YEAR_LAST = Pattern(
    _whole(rf"{_WEEK}(?P<a>{_MONTH}){_B}+(?P<b>[0-9]{{1,2}}){_B}+{_CLOCK}{_ZONE}{_B}+(?P<c>[0-9]{{4}})")
)
_COMPACT = Pattern(
    _whole(
        rf"(?P<a>[0-9]{{4}})(?P<b>[0-9]{{2}})(?P<c>[0-9]{{2}})(?:{_B}*[T_:\-]?{_B}*(?P<h>[0-9]{{2}}):?(?P<i>[0-9]{{2}})"
        rf"(?::?(?P<s>[0-9]{{2}})(?:[.,:]?(?P<f>[0-9]{{1,9}}))?)?)?{_ZONE}"
    )
)
_NO_COLONS = Pattern(
    _whole(
        r"(?P<a>[0-9]{4})[-_.](?P<b>[0-9]{1,2})[-_.](?P<c>[0-9]{1,2})[-_.T\s](?P<h>[0-9]{2})[-_](?P<i>[0-9]{2})"
        r"(?:[-_](?P<s>[0-9]{2})(?:[-_.,](?P<f>[0-9]{1,9}))?)?"
    )
)
_NO_SIGNS = Pattern(
    _whole(rf"(?P<a>[0-9]{{1,2}})(?P<b>[^\W\d_]{{3}})(?P<c>[0-9]{{2,4}})(?:[:\s_]{_CLOCK}{_AFTER}{_ZONE})?")
)
_DAY_OF_YEAR = Pattern(_whole(rf"(?P<a>[0-9]{{4}})[-/.]?(?P<j>[0-9]{{3}})(?:[T\s_:\-]+{_CLOCK}{_ZONE})?"))
_DAYS = rf"(?:(?P<d>[0-9]{{1,5}})(?:{_B}*(?:days?|d|일|日|天)?,?{_B}+|\.))?"
_COLON_SECONDS = rf"(?P<s>[0-9]{{1,2}}){_FRACTION}{_B}*[초秒s]?"
_COLON_MINUTES = rf"(?P<i>[0-9]{{1,2}})(?:{_B}*[:m분分]{_B}*{_COLON_SECONDS}|{_B}*[분分])?"
_COLONS = rf"(?P<h>[0-9]{{1,5}}){_B}*[:h시時时点]{_B}*{_COLON_MINUTES}"
_DOTS = r"(?P<h>[0-9]{1,2})\.(?P<i>[0-9]{2})\.(?P<s>[0-9]{2})(?:[.,:](?P<f>[0-9]{1,9}))?"
OF_DAY = Pattern(_whole(rf"{_DAYS}{_BEFORE}{_COLONS}{_AFTER}"), dated=False)
OF_DAY_DOTS = Pattern(_whole(rf"{_BEFORE}{_DOTS}{_AFTER}"), dated=False)
MINUTES = Pattern(_whole(r"(?P<i>[0-9]{1,3}):(?P<s>[0-9]{2})[.,](?P<f>[0-9]{1,9})"), dated=False)
DATED = (FULL, _COMPACT, _YEAR_LAST, _TIME_FIRST, _JOINED_DIGITS, _NO_COLONS, _NO_SIGNS, _DAY_OF_YEAR)
UNDATED = (OF_DAY, OF_DAY_DOTS, MINUTES)
