"""Numbers that are names: codes of alarms, events and states, whose differences mean nothing."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.cells import values
from waferwatch.read.roles.name_parts import composed, parts_of, vocabulary

_WHOLE = vocabulary("alid alcd ceid errno")
_THINGS = vocabulary(
    "alarm alarms error errors err fault faults event events warning warnings warn interlock interlocks ilk trip "
    "status state mode exception message msg reason result cause abort command cmd control ctrl 알람 경보 에러 오류 "
    "이벤트 경고 인터락 인터록 상태 모드 고장 사유 원인 결과 명령 메시지"
)
_NUMBERS = vocabulary("id ids no nr num number numbers register reg 번호 아이디")  # of a thing: "part number" counts
_CODES = vocabulary("code codes word words bits bitmask bitfield 코드 워드 비트")
# A column of one of these may be a switch as well, which is judged as a state, or measure something.
_STATES = vocabulary(
    "status state states mode modes flag flags alarm alarms event events warning warnings interlock interlocks type "
    "kind category id ids hardbin softbin 상태 모드 플래그 알람 경보 이벤트 경고 인터락 인터록 유형 종류 아이디"
)
_READINGS = vocabulary("adc dac encoder pwm count counts cnt")  # of which a code is a number of steps
_KNOWN = _WHOLE | _THINGS | _NUMBERS | _CODES | _STATES | _READINGS

_FEW = 24  # different codes, whose rows need not be many
_MOST = 1000  # different codes
_COME_BACK = 4  # rows for each of many codes, on average
_FEWEST_STATES = 3  # two are a switch


def is_code(name: str, numbers: NDArray[np.float64]) -> bool:
    """Whether a column holds codes: its name says so, and its numbers do not speak against it.

    Args:
        numbers: (n,) its values, NaN where there is none.
    """
    named, may_be = names_code(name), _may_name_states(name)
    if not (named or may_be) or not values.is_whole(numbers):
        return False
    present = numbers[~np.isnan(numbers)]
    distinct = len(np.unique(present))
    if named:
        return distinct <= _FEW or distinct <= min(_MOST, len(present) // _COME_BACK)
    return _FEWEST_STATES <= distinct <= _FEW and values.stay(numbers)


def may_name_code(name: str) -> bool:
    """Whether the name is that of a code or of a state."""
    return names_code(name) or _may_name_states(name)


@lru_cache(maxsize=20_000)
def names_code(name: str) -> bool:
    """Whether the name is that of a code and of nothing else: "AlarmCode", "ALID", "error_no", "StatusWord"."""
    words = _words(name)
    if not words or set(words) & _READINGS:
        return False
    code = bool({words[-1], _last_two(words)} & (_WHOLE | _CODES))
    return code or (words[-1] in _NUMBERS and bool(set(words[-2:-1]) & _THINGS))


@lru_cache(maxsize=20_000)
def _may_name_states(name: str) -> bool:
    """Whether the last word is one for a state; a unit behind it says that something is measured."""
    words = _words(name)
    if not words or set(words) & _READINGS or re.search(r"[(\[{]", composed(name)):
        return False
    alone = len(words) == 1 and words[0] in _THINGS  # "error" is a code, "position error" a distance
    return alone or bool({words[-1], _last_two(words)} & _STATES)


def _last_two(words: tuple[str, ...]) -> str:
    """The last two words in one: ``hard, bin`` -> ``hardbin``; the others are parts of other names."""
    return "".join(words[-2:])


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in parts_of(name, _KNOWN) if not word.isdigit())
