"""Patterns (RE2) of written times.

Groups: a, b, c the parts of the date as written; h, i, s, f the time; p, q halves of the day before and after the time;
z the zone; j the day of the year; d days before a time of day.
"""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.read.clock.words import HALVES, WEEKDAYS

_B = r"[\s\x{a0}\x{202f}\x{3000}]"
_WEEK = rf"(?:(?:{WEEKDAYS})\.?,?{_B}+)?"
_MONTH = r"\pL{3,10}\.?"
_SEP = rf"(?:{_B}*[-/._,년年월月]{_B}*|\.?,?{_B}+)"
_DATE = rf"(?P<a>\d{{1,4}}|{_MONTH}){_SEP}(?P<b>\d{{1,2}}|{_MONTH}){_SEP}(?P<c>\d{{1,4}})"
_WEEK_AFTER = rf"(?:{_B}*\((?:{WEEKDAYS}|[月火水木金土日一二三四五六])\))?"
_JOIN = rf"(?:{_B}*[일日]{_B}*|\.?{_WEEK_AFTER}(?:{_B}*[T_,;:\-]{_B}*|{_B}+(?:at{_B}+)?))"
_END = rf"{_B}*[일日]?\.?{_WEEK_AFTER}"
_BEFORE = rf"(?:(?P<p>{HALVES}){_B}*)?"
_AFTER = rf"(?:{_B}*(?P<q>{HALVES}))?"
_FRACTION = r"(?:[.,:;](?P<f>\d{1,9}))?"
_SECONDS = rf"(?P<s>\d{{1,2}}){_FRACTION}{_B}*[초秒s]?"
_MINUTES = rf"(?P<i>\d{{1,2}})(?:{_B}*[:m분分.]{_B}*{_SECONDS}|{_B}*[분分])?"
_CLOCK = rf"(?P<h>\d{{1,2}}){_B}*[:h시時时点.]{_B}*{_MINUTES}"
_CLOCK_OR_HOUR = rf"(?P<h>\d{{1,2}})(?:{_B}*[:h시時时点.]{_B}*{_MINUTES}|{_B}*[시時时点])?"
_DIGITS = r"(?P<h>\d{2})(?P<i>\d{2})(?:(?P<s>\d{2})(?:[.,:]?(?P<f>\d{1,9}))?)?"
_OFFSET = r"(?:utc|gmt)?\s?[+-]\d{1,2}(?::?\d{2})?"
_ZONE = rf"(?:{_B}*(?P<z>\(?(?:{_OFFSET}|\pL[\pL_]*(?:[/ ][\pL_]+){{0,3}})\)?))?(?:{_B}*(?:\[[^\]]*\]|\([^)]*\)))?"


@dataclass(frozen=True)
class Pattern:
    """One way in which times are written."""

    regex: str
    dated: bool = True


def _whole(inside: str) -> str:
    return f"(?i)^(?:{inside})$"


FULL = Pattern(_whole(rf"{_WEEK}{_DATE}(?:{_JOIN}{_BEFORE}{_CLOCK_OR_HOUR}{_AFTER}{_ZONE}|{_END})"))
_JOINED_DIGITS = Pattern(_whole(rf"{_WEEK}{_DATE}{_JOIN}{_DIGITS}{_ZONE}"))
_TIME_FIRST = Pattern(_whole(rf"{_BEFORE}{_CLOCK}{_AFTER}[,;]?{_B}+{_WEEK}{_DATE}{_END}"))
_YEAR_LAST = Pattern(_whole(rf"{_WEEK}(?P<a>{_MONTH}){_B}+(?P<b>\d{{1,2}}){_B}+{_CLOCK}{_ZONE}{_B}+(?P<c>\d{{4}})"))
_COMPACT = Pattern(
    _whole(
        rf"(?P<a>\d{{4}})(?P<b>\d{{2}})(?P<c>\d{{2}})(?:{_B}*[T_\-]?{_B}*(?P<h>\d{{2}}):?(?P<i>\d{{2}})"
        rf"(?::?(?P<s>\d{{2}})(?:[.,:]?(?P<f>\d{{1,9}}))?)?)?{_ZONE}"
    )
)
_NO_SIGNS = Pattern(_whole(rf"(?P<a>\d{{1,2}})(?P<b>\pL{{3}})(?P<c>\d{{2,4}})(?:[:\s_]{_CLOCK}{_AFTER}{_ZONE})?"))
_DAY_OF_YEAR = Pattern(_whole(rf"(?P<a>\d{{4}})[-/.]?(?P<j>\d{{3}})(?:[T\s_:\-]+{_CLOCK}{_ZONE})?"))
_DAYS = rf"(?:(?P<d>\d{{1,5}})(?:{_B}*(?:days?|d|일|日|天)?,?{_B}+|\.))?"
_COLON_SECONDS = rf"(?P<s>\d{{1,2}}){_FRACTION}{_B}*[초秒s]?"
_COLON_MINUTES = rf"(?P<i>\d{{1,2}})(?:{_B}*[:m분分]{_B}*{_COLON_SECONDS}|{_B}*[분分])?"
_COLONS = rf"(?P<h>\d{{1,5}}){_B}*[:h시時时点]{_B}*{_COLON_MINUTES}"
_DOTS = r"(?P<h>\d{1,2})\.(?P<i>\d{2})\.(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?"
OF_DAY = Pattern(_whole(rf"{_DAYS}{_BEFORE}{_COLONS}{_AFTER}"), dated=False)
_OF_DAY_DOTS = Pattern(_whole(rf"{_BEFORE}{_DOTS}{_AFTER}"), dated=False)
MINUTES = Pattern(_whole(r"(?P<i>\d{1,3}):(?P<s>\d{2})[.,](?P<f>\d{1,9})"), dated=False)
DATED = (FULL, _COMPACT, _YEAR_LAST, _TIME_FIRST, _JOINED_DIGITS, _NO_SIGNS, _DAY_OF_YEAR)
UNDATED = (OF_DAY, _OF_DAY_DOTS, MINUTES)
