"""What the name of a column says about its being the label, in Korean and English."""

from __future__ import annotations

from functools import lru_cache

from waferwatch.read.roles.column_names import plain
from waferwatch.read.roles.name_parts import parts_of, vocabulary

# fmt: off
_LABEL_NAMES = (  # whole names, the surest first
    "이상여부", "이상", "라벨", "레이블", "정답", "불량여부", "label", "labels", "anomaly", "anomalylabel",
    "isanomaly", "isanomalous", "isfault", "groundtruth", "fault", "outlier", "y", "target", "changepoint",
)
_WEAK_NAMES = (
    "class", "verdict", "judge", "judgement", "judgment", "decision", "outcome", "result", "testresult", "결과",
    "검사결과", "판정", "판정결과",
)
# fmt: on
# A numeric column with one of these names may hold a measurement just as well, so odd values do not refuse the table.
_WEAK_WHOLE = frozenset(("이상", "fault", "outlier", "y", "target", "changepoint"))
_SILENT = frozenset(("y", "target"))  # a coordinate or a set point: no word about it where it is no label
_LABEL_WORDS = vocabulary(
    "불량 이상 라벨 레이블 정답 결함 고장 비정상 불합격 양불 합부 label labels anomaly anomalies anomalous abnormal "
    "abnormality defect defects defective fault faults faulty outlier outliers ng nok bad fail fails "
    "failed failure"
)
_GOOD_WORDS = vocabulary("ok pass passed good normal 정상 양호 양품 합격")
_FLAG_WORDS = vocabulary("is has flag flags result status yn 여부 유무 결과 판정 구분 상태")
# As the last word they say that the column measures something of a label: "label_speed", "이상전압".
_QUANTITIES = vocabulary(
    "pressure press temp temperature flow power speed voltage volt current rate ratio density time size force level "
    "position pos angle height width thickness freq frequency torque length weight distance 압력 온도 유량 파워 "
    "전력 속도 전압 전류 시간 농도 밀도 위치 높이 두께 폭 주파수 토크 레벨 거리 길이 무게 중량 각도 비율"
)
_KINDS = vocabulary("kind type code id no 종류 유형 코드 등급 번호")
_KNOWN = _LABEL_WORDS | _GOOD_WORDS | _FLAG_WORDS | _QUANTITIES | _KINDS


def label_rank(name: str) -> int | None:
    """How surely the name is that of the label column: 0 is the surest, None is not at all."""
    whole = plain(name)
    if whole in _LABEL_NAMES:
        return _LABEL_NAMES.index(whole)
    if means_label(name):
        return len(_LABEL_NAMES)
    if whole in _WEAK_NAMES or means_good(name):
        return len(_LABEL_NAMES) + 1
    return None


def is_weak(name: str) -> bool:
    """Whether values that are no labels say that the column is none, instead of being mistakes."""
    whole = plain(name)
    return whole not in _LABEL_NAMES or whole in _WEAK_WHOLE


def is_silent(name: str) -> bool:
    """Whether the name is used for other things as often as for a label."""
    return plain(name) in _SILENT


def means_label(name: str) -> bool:
    """Whether a word of the name is one for abnormal or for a label, and the column is no quantity by its last word."""
    words = _words(name)
    return plain(name) in _LABEL_NAMES or (bool(_LABEL_WORDS & set(words)) and words[-1] not in _QUANTITIES)


def means_good(name: str) -> bool:
    """Whether the name speaks of good rows and of nothing that is measured: OK, is_normal, Pass/Fail."""
    words = set(_words(name))
    return bool(words & _GOOD_WORDS) and words <= _GOOD_WORDS | _FLAG_WORDS | _LABEL_WORDS


@lru_cache(maxsize=20_000)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in parts_of(name, _KNOWN) if not word.isdigit()) or ("",)
