"""What the name of a column says about its role, in Korean and English."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from waferwatch.errors import NotFoundError
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
_LABEL_NAMES = (
    "이상여부", "이상", "라벨", "레이블", "정답", "불량여부", "label", "labels", "anomaly", "anomalylabel",
    "isanomaly", "isanomalous", "isfault", "groundtruth", "fault", "outlier", "y", "target", "changepoint",
)
_COUNTERS = frozenset((
    "index", "idx", "id", "no", "nr", "num", "number", "row", "rowid", "rowno", "rownum", "rownumber",
    "rowindex", "seq", "sequence", "unnamed", "indexlevel0", "번호", "순번", "연번", "행", "행번호", "인덱스",
))
# fmt: on
# A numeric column with one of these names may hold a measurement just as well, so odd values do not refuse the table.
_WEAK_LABEL_NAMES = frozenset(("이상", "fault", "outlier", "y", "target", "changepoint"))
_CATEGORY_NAMES = {
    Role.EQUIPMENT: "equipment equip eqp eqpt eq tool machine chamber module 장비 설비 호기 챔버 모듈 기기",
    Role.LOT: "lot batch foup cassette carrier 배치 로트 랏 롯",
    Role.WAFER: "wafer wf slot run trace substrate 웨이퍼 슬롯 런 기판",
    Role.RECIPE: "recipe rcp ppid processrecipe 레시피 공정레시피",
    Role.STEP: "step recipestep processstep stepindex 스텝 단계 공정단계 레시피스텝",
}
_CATEGORY = {name: role for role, names in _CATEGORY_NAMES.items() for name in names.split()}
_SUFFIXES = ("id", "no", "nr", "num", "number", "name", "code", "index", "번호", "명", "이름", "코드", "아이디")
_RESULT_COLUMNS = frozenset({"anomaly_score", "event_id"})
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")


def plain(name: str) -> str:
    """The name without case, spaces, signs and bracketed units: ``"Step No. [-]"`` -> ``"stepno"``."""
    text = unicodedata.normalize("NFKC", name).casefold()
    without_units = _BRACKETS.sub(" ", text)
    kept = re.sub(r"[\W_]+", "", without_units)
    return kept or re.sub(r"[\W_]+", "", text)


def category(name: str) -> Role | None:
    """Equipment, lot, wafer, recipe or step, when the name says so."""
    found = plain(name)
    if found in _CATEGORY:
        return _CATEGORY[found]
    for suffix in _SUFFIXES:
        if found.endswith(suffix) and found[: -len(suffix)] in _CATEGORY:
            return _CATEGORY[found[: -len(suffix)]]
    return None


def is_run(name: str) -> bool:
    """Whether a wafer column names the runs themselves, not just the wafer that lay in the chamber."""
    return plain(name).startswith(("run", "trace", "런"))


def time_rank(name: str) -> int | None:
    """How surely the name is that of the time column: 0 is the surest, None is not at all."""
    return _rank(_TIME_NAMES, name)


def is_date(name: str) -> bool:
    """Whether the name is that of a day, to which another column may add the time of day."""
    return plain(name) in _DATE_NAMES


def label_rank(name: str) -> int | None:
    """How surely the name is that of the label column: 0 is the surest, None is not at all."""
    return _rank(_LABEL_NAMES, name)


def is_weak_label(name: str) -> bool:
    return plain(name) in _WEAK_LABEL_NAMES


def is_counter(name: str) -> bool:
    """Whether the name is that of a row number. Whether it counts is for the values to say."""
    return plain(name) in _COUNTERS or re.fullmatch(r"(unnamed:? ?\d+|column \d+)", name.casefold()) is not None


def is_result(name: str, names: Iterable[str]) -> bool:
    """Whether waferwatch itself wrote the column beside the data."""
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
        "{role} is no role that the column {column} can have.",
        hint="Choose one of: {roles}.",
        field="roles",
        role=role,
        column=column,
        roles=", ".join(close or known),
    )


def _rank(names: Sequence[str], name: str) -> int | None:
    found = plain(name)
    return names.index(found) if found in names else None
