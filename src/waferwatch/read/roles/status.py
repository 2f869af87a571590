"""Status and quality columns: which sensor each belongs to, and where it says that the value is no good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.read.cells import values
from waferwatch.read.roles.column_names import plain

_SUFFIXES = (
    "statuscode", "status", "stat", "qualitycode", "qualityflag", "quality", "qual", "qcflag", "qc", "qflag",
    "flags", "flag", "validity", "valid", "isvalid", "isgood", "good", "ok", "state", "상태", "품질", "유효",
    "신뢰도", "q", "st",
)  # fmt: skip
_ALONE = frozenset((
    "quality", "qual", "qualitycode", "qualityflag", "qc", "qcflag", "q", "품질", "품질코드", "신뢰도",
    "validity", "opcquality", "status", "statuscode", "dataquality", "datastatus", "datavalid",
))  # fmt: skip
_GOOD = frozenset((
    "good", "ok", "valid", "normal", "정상", "양호", "유효", "g", "true", "o", "gd", "good, non-specific",
    "192", "good_quality", "정상값", "良好", "正常",
))  # fmt: skip
_BAD = frozenset((
    "bad", "invalid", "fail", "failed", "fault", "error", "ng", "비정상", "이상", "불량", "무효", "b", "false",
    "x", "missing", "comm fail", "commfail", "offline", "not connected", "i/o timeout", "no data", "오류",
    "异常", "異常", "stale", "lost",
))  # fmt: skip
_DOUBTFUL = frozenset(("uncertain", "suspect", "questionable", "substituted", "u", "의심", "불확실", "annotated", "s"))
_MOST_CODES = 24  # different codes of a column
_COME_BACK = 4  # rows for each code without a name, on average: two or three numbers may be readings
_OPC_GOOD = 192
_SELDOM = 0.2  # of the rows that may have another code than the usual one, where codes have no names
_MOST_BAD = 0.5  # of the rows that words may call bad


@dataclass(frozen=True)
class Status:
    """What a status column says."""

    sensors: tuple[str, ...]  # whose values it speaks of
    bad: NDArray[np.bool_] | None  # (n,) where they are no good; None where that is not known
    good: str  # how it names good values


def find_status(frame: pd.DataFrame, name: str, free: Sequence[str]) -> Status | None:
    """What a column says of sensors among the columns ``free``; None where it is no status column."""
    sensors = _spoken_of(name, free)
    if not sensors:
        return None
    codes, texts = _few_codes(frame[name])
    if texts is None:
        return None
    words = texts.to_pylist()
    worded = not set(words).isdisjoint(_GOOD | _BAD | _DOUBTFUL)
    if not worded and not (_are_codes(words) and _COME_BACK * len(words) <= len(codes)):
        return None
    if len(sensors) > 1 and not (worded or _is_opc(words)):
        return None  # "status" with codes of its own is a state of the tool
    good = _good_codes(name, words, codes)
    if good is None:
        return Status(sensors, None, "")
    bad = np.append(~np.isin(np.arange(len(words)), good), False)[codes]
    share = float(bad.mean())
    if share > (_MOST_BAD if worded or _is_opc(words) else _SELDOM):
        return Status(sensors, None, "")
    return Status(sensors, bad, " / ".join(words[at] for at in good[:3]))


def _spoken_of(name: str, free: Sequence[str]) -> tuple[str, ...]:
    """The sensors that a status column of this name belongs to: of the same stem, the one before it, or all."""
    whole = plain(name)
    by_plain = {plain(other): other for other in free if other != name}
    for suffix in _SUFFIXES:
        for stem in (whole.removesuffix(suffix), whole.removeprefix(suffix)):
            if stem != whole and stem in by_plain and (len(suffix) > 2 or _set_apart(name, suffix)):
                return (by_plain[stem],)
            for value in ("value", "val", "pv", "값"):
                if stem != whole and stem + value in by_plain:
                    return (by_plain[stem + value],)
    alone = [other for other in free if _bare(other)]
    if name not in alone:
        return ()
    if len(alone) > 1:
        before = free.index(name) - 1
        return (free[before],) if before >= 0 and free[before] not in alone else ()
    return tuple(other for other in free if other != name)


def _set_apart(name: str, suffix: str) -> bool:
    """Whether a short suffix is a word of its own: "temp_q", "Temp.St", unlike "freq"."""
    text = name.casefold().rstrip(")] ")
    before = text.removesuffix(suffix)
    return before != text and bool(before) and not before[-1].isalnum()


def _bare(name: str) -> bool:
    return plain(name).rstrip("0123456789") in _ALONE


def _few_codes(column: pd.Series) -> tuple[NDArray[np.intp], pa.Array | None]:
    column = values.without_categories(column)
    if values.is_numeric(column):
        numbers = values.to_float(column)
        present = numbers[~np.isnan(numbers)]
        if not len(present) or len(np.unique(present[:2000])) > _MOST_CODES or not values.is_whole(present):
            return np.empty(0, np.intp), None
    codes, texts = values.distinct_texts(column)
    if not 0 < len(texts) <= _MOST_CODES:
        return codes, None
    return codes, pc.replace_substring_regex(texts, r"\.0$", "")


def _are_codes(words: Sequence[str]) -> bool:
    return all(word.lstrip("+-").removeprefix("0x").isalnum() and any(map(str.isdigit, word)) for word in words)


def _is_opc(words: Sequence[str]) -> bool:
    return str(_OPC_GOOD) in words and all(word.isdigit() and int(word) < 256 for word in words)


def _good_codes(name: str, words: Sequence[str], codes: NDArray[np.intp]) -> list[int] | None:
    """Positions of the codes under which a value counts; None where that is not known."""
    if _is_opc(words):
        return [at for at, word in enumerate(words) if int(word) >= 64]
    if not set(words).isdisjoint(_GOOD | _BAD | _DOUBTFUL):
        known = [at for at, word in enumerate(words) if word in _BAD]
        return [at for at in range(len(words)) if at not in known]
    often = np.bincount(codes[codes >= 0], minlength=len(words))
    positive = plain(name).endswith(("valid", "ok", "good", "유효"))
    usual = int(often.argmax())
    wanted = ("1",) if positive else ("0", "00", "0x0", "0x00", "100", "1", "192")
    return [usual] if words[usual] in wanted else None
