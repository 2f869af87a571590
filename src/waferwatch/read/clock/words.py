"""Words in written times: months, halves of the day, days of the week, time zones."""

from __future__ import annotations

import re

_MONTHS = (
    "jan january januar janv janvier ene enero gen gennaio",
    "feb february februar fev fevr fevrier febrero febbraio",
    "mar march mär märz maerz mrz mars marzo",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio",
    "jun june juni juin junio giu giugno",
    "jul july juli juil juillet julio lug luglio",
    "aug august aout août ago agosto",
    "sep sept september septembre septiembre set settembre",
    "oct october okt oktober octobre octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december dez dezember déc décembre decembre dic diciembre dicembre",
)
_NUMBER_OF = {
    word.translate(str.maketrans("éû", "eu")): at for at, words in enumerate(_MONTHS, 1) for word in words.split()
}
HALVES = r"오전|오후|午前|午後|上午|下午|[ap]\.?\s?m\.?"
WEEKDAYS = (
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|"
    r"[월화수목금토일](?:요일)?|[月火水木金土日]曜日|星期[一二三四五六日天]|(?:mo|di|mi|do|fr|sa|so)\.?"
)
_AFTERNOON = ("오후", "午後", "下午", "p")
# Seconds ahead of UTC. CST, IST and BST are missing: each is the word of several zones.
_ZONES = {
    "Z UTC GMT UT WET": 0,
    "KST JST Asia/Seoul Asia/Tokyo Korea_Standard_Time Tokyo_Standard_Time 한국_표준시 대한민국_표준시": 9,
    "CET MEZ WEST": 1,
    "CEST MESZ EET": 2,
    "EEST MSK": 3,
    "SGT HKT Asia/Shanghai Asia/Taipei Asia/Singapore China_Standard_Time Taipei_Standard_Time": 8,
    "ICT WIB": 7,
    "AEST": 10,
    "AEDT": 11,
    "EST CDT": -5,
    "EDT": -4,
    "MST PDT": -7,
    "MDT": -6,
    "PST": -8,
}
_AHEAD = {word.replace("_", " ").lower(): 3600 * hours for words, hours in _ZONES.items() for word in words.split()}
_WRITTEN_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)


def month_of(word: str) -> int | None:
    """1 to 12 for the name of a month in English, German, French, Spanish or Italian."""
    return _NUMBER_OF.get(word.lower().rstrip(".").translate(str.maketrans("éû", "eu")))


def is_afternoon(word: str) -> bool:
    return word.lower().startswith(_AFTERNOON)


def zone_seconds(word: str) -> int | None:
    """Seconds that a zone's word or offset (KST, +09:00, UTC+9) is ahead of UTC; None where that is unknown."""
    text = " ".join(word.strip("()[] ").split())
    offset = _WRITTEN_OFFSET.fullmatch(text)
    if offset is None:
        return _AHEAD.get(text.lower())
    ahead = 3600 * int(offset[2]) + 60 * int(offset[3] or 0)
    return -ahead if offset[1] == "-" else ahead
