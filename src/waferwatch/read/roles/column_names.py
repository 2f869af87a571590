"""What the name of a column says about its role, in Korean and English."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from waferwatch.errors import NotFoundError
from waferwatch.read.roles.name_parts import composed, parts_of, vocabulary, without_units
from waferwatch.read.table import Role

# Names are compared whole, without case, spaces, signs and bracketed units: "tool_temperature" is no tool.
# fmt: off
_DATE_NAMES = (
    "date", "날짜", "일자", "측정일", "측정일자", "수집일자",
)
_TIME_NAMES = (
    "timestamp", "datetime", "eventtime", "logtime", "recordtime", "timestamputc", "utctimestamp",
    "timestampkst", "localtime", "sampletime", "일시", "측정일시", "수집일시", "기록일시", "발생일시", "time",
    "ts", "times", "timems", "timesec", "elapsedtime", "elapsed", "시간", "시각", "측정시간", "측정시각",
    "수집시간", "수집시각", "기록시간", "발생시간", "경과시간",
    *_DATE_NAMES,
)
# Names of clocks whose numbers must run like one: "t" may be a temperature, "min" the least value.
_CLOCK_NAMES = frozenset((
    "t", "s", "sec", "secs", "second", "seconds", "ms", "msec", "millis", "millisecond", "milliseconds", "us", "usec",
    "ns", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour", "hours", "day", "days", "xvalue",
    "uptime", "runtime", "unix", "epoch", "tick", "ticks", "clock", "stamp", "초", "분", "경과", "경과초", "시점",
    "zeit", "datum", "uhrzeit", "temps", "fecha", "hora", "tiempo", "日期", "時間", "时间", "時刻", "时刻", "日時",
))
_CLOCK_WORDS = vocabulary(
    "time times timestamp timestamps datetime date epoch elapsed clock stamp unix unixtime uptime zeit zeitstempel "
    "시간 시각 일시 날짜 경과"
)
_CLOCK_MODIFIERS = vocabulary(
    "s sec secs seconds second ms msec millis milliseconds us usec microseconds ns nanoseconds min minutes h hours "
    "utc gmt kst jst local server system plc pc log logged record recorded event data sample sampling measured "
    "measurement since start started from the of begin relative rel abs absolute total unix posix iso at created "
    "received tool controller 측정 기록 수집 발생 로그 저장 초"
)
_AXES = (str.maketrans("xX", "yY"), str.maketrans("yY", "xX"))
_COUNTERS = frozenset((
    "index", "idx", "id", "no", "nr", "num", "number", "row", "rowid", "rowno", "rownum", "rownumber",
    "rowindex", "seq", "sequence", "unnamed", "indexlevel0", "번호", "순번", "연번", "행", "행번호", "인덱스",
))
# fmt: on
_CATEGORY_NAMES = {
    Role.EQUIPMENT: "equipment equip eqp eqpt eq tool machine chamber module entity furnace tube reactor scanner "
    "stepper implanter anlage anlagen maschine kammer 장비 설비 호기 챔버 모듈 기기 퍼니스 튜브 노광기",
    Role.LOT: "lot batch foup cassette carrier los 배치 로트 랏 롯",
    Role.WAFER: "wafer wf slot run trace substrate scheibe scheiben 웨이퍼 슬롯 런 기판",
    Role.RECIPE: "recipe rcp ppid processrecipe rezept 레시피 공정레시피",
    Role.STEP: "step recipestep processstep stepindex schritt prozessschritt 스텝 단계 공정단계 레시피스텝",
}
_CATEGORY = {name: role for role, names in _CATEGORY_NAMES.items() for name in names.split()}
_PLACES = "site point sitepoint testsite testpoint measurementsite measurementpoint measuringpoint measpoint die"
_SITES = frozenset(
    [*_PLACES.split(), "사이트", "포인트", "측정점", "측정포인트", "측정사이트", "측정위치"]
)  # on a wafer
_SUFFIXES = (
    "id",
    "no",
    "nr",
    "num",
    "number",
    "nummer",
    "name",
    "code",
    "index",
    "번호",
    "명",
    "이름",
    "코드",
    "아이디",
)
_RESULT_COLUMNS = frozenset({"anomaly_score", "event_id", "is_abnormal_wafer"})
# Words before a name of a thing that leave it the name of that thing.
_MODIFIERS = vocabulary("process processing proc main sub used current 공정 처리 메인 현재 사용 생산 측정 진행")
# "previous_tool" names a thing, but not the one that the row comes from.
_OTHERS = vocabulary("previous prev last next before after 이전 직전 다음 이후")
_KNOWN = frozenset((*_CATEGORY, *_SUFFIXES, *_MODIFIERS, *_OTHERS))


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """The name without case, spaces, signs and bracketed units: ``"Step No. [-]"`` -> ``"stepno"``.

    Only the first 200 letters of a name are looked at.
    """
    text = composed(name).casefold()
    kept = re.sub(r"[\W_]+", "", without_units(text))
    return kept or re.sub(r"[\W_]+", "", text)


def category(name: str) -> Role | None:
    """Equipment, lot, wafer, recipe or step, when the name says so, whole or by its parts.

    Of a nested name, such as "context.wafer", the last part does.
    """
    within = _innermost(name)
    if within != name and not set(parts_of(name, _KNOWN)) & _OTHERS and (role := category(within)) is not None:
        return role
    found = plain(name)
    if found in _CATEGORY:
        return _CATEGORY[found]
    for suffix in _SUFFIXES:
        if found.endswith(suffix) and found[: -len(suffix)] in _CATEGORY:
            return _CATEGORY[found[: -len(suffix)]]
    role, sure = _compound(name)
    return role if sure else None


def _innermost(name: str) -> str:
    """The last part of a name of nested records; the name itself where it is none, such as "Step No." """
    outer, dot, inner = name.rpartition(".")
    return inner if dot and inner and re.fullmatch(r"[^\W\d][\w.-]*", outer) else name


def possible_category(name: str) -> Role | None:
    """What the last word of a compound names; whether the column holds such names is for its values to say."""
    return _compound(name)[0]


@lru_cache(maxsize=20_000)
def _compound(name: str) -> tuple[Role | None, bool]:
    """The role of the last word of the name, and whether every other word is known as well.

    Numbers at the end (chamber_2) and words for a name or number (chamber_id) are no such words.
    """
    rest = list(parts_of(name, _KNOWN))
    named = numbered = False
    while rest and (rest[-1] in _SUFFIXES or rest[-1].isdigit()):
        numbered = numbered or rest[-1].isdigit()
        named = named or rest[-1] in _SUFFIXES
        rest.pop()
    role = _CATEGORY.get(rest[-1]) if rest else None
    before = set(rest[:-1])
    if role is None or before & _OTHERS:
        return None, False
    # "current_step" is the step that runs, "current_chamber" rather a current; "step2" may be the length of a step.
    known = before <= (_MODIFIERS | _CATEGORY.keys()) and not (role is Role.EQUIPMENT and "current" in before)
    return role, known and (named or not numbered)


def is_site(name: str) -> bool:
    """Whether a column may say where on a wafer something was measured, as Site No. does."""
    found = plain(name)
    return found in _SITES or any(found.endswith(one) and found[: -len(one)] in _SITES for one in _SUFFIXES)


def is_run(name: str) -> bool:
    """Whether a wafer column names the runs themselves, not just the wafer that lay in the chamber."""
    return plain(name).startswith(("run", "trace", "런"))


def time_rank(name: str) -> int | None:
    """How surely the name is that of the time column: 0 is the surest, None is not at all."""
    return _rank(_TIME_NAMES, name)


def is_clock(name: str) -> bool:
    """Whether the name may be that of a clock, if its values run like one: "t", "Elapsed_ms", "Time since start"."""
    if time_rank(name) is not None or plain(name) in _CLOCK_NAMES or time_rank(_innermost(name)) is not None:
        return True
    words = [word for word in parts_of(name, _CLOCK_WORDS | _CLOCK_MODIFIERS) if not word.isdigit()]
    return bool(_CLOCK_WORDS & set(words)) and set(words) <= _CLOCK_WORDS | _CLOCK_MODIFIERS


def speaks_of_time(name: str) -> bool:
    """Whether the name is that of a clock, or a word of it is: "TraceTime_ms"."""
    return is_clock(name) or bool(_CLOCK_WORDS & set(parts_of(name, _CLOCK_WORDS | _CLOCK_MODIFIERS)))


def is_date(name: str) -> bool:
    """Whether the name is that of a day, to which another column may add the time of day."""
    return plain(name) in _DATE_NAMES


def is_coordinate(name: str, names: Iterable[str]) -> bool:
    """Whether the column is one of a pair such as die_x and die_y, which say where on a wafer a row was measured."""
    others = {other for other in names if len(other) == len(name) and other != name}
    return any(name.translate(swapped) in others for swapped in _AXES)


def is_counter(name: str) -> bool:
    """Whether the name is that of a row number. Whether it counts is for the values to say."""
    return plain(name) in _COUNTERS or is_made_up(name)


def is_made_up(name: str) -> bool:
    """Whether a column without a name was called by its position."""
    return re.fullmatch(r"unnamed:? ?\d+|column \d+", name.casefold()) is not None


def is_result(name: str, names: Iterable[str]) -> bool:
    """Whether waferwatch itself wrote the column next to the data."""
    return name in _RESULT_COLUMNS or (name == "is_anomaly" and "anomaly_score" in set(names))


def require_column(table: str, names: Sequence[str], name: str, option: str) -> None:
    """Refuse a column that the table does not have, naming those that look like it."""
    if name in names:
        return
    by_plain = {plain(known): known for known in names}
    close = difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.6)
    if close:
        raise NotFoundError(
            "{table} has no column {column}.",
            hint="Did you mean {closest}?",
            field=option,
            table=table,
            column=name,
            closest=", ".join(by_plain[match] for match in close),
        )
    raise NotFoundError(
        "{table} has no column {column}.",
        hint="Its columns are: {columns}.",
        field=option,
        table=table,
        column=name,
        columns=", ".join(names[:20]) + (", ..." if len(names) > 20 else ""),
    )


def require_role(role: str, column: str) -> Role:
    """The role with this text.

    Raises:
        NotFoundError: there is no such role.
    """
    known = [item.value for item in Role]
    if role in known:
        return Role(role)
    close = difflib.get_close_matches(str(role).casefold(), known, n=3, cutoff=0.5)
    raise NotFoundError(
        "{role} is not a role that the column {column} can have.",
        hint="Choose one of: {roles}.",
        field="roles",
        role=role,
        column=column,
        roles=", ".join(close or known),
    )


def _rank(names: Sequence[str], name: str) -> int | None:
    found = plain(name)
    return names.index(found) if found in names else None
