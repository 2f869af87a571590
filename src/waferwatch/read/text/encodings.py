"""What encoding a text file is written in, by what its letters would be in each."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF16_ZEROS = 0.3  # share of every other byte that is 0 in UTF-16 without a mark
_EVIDENCE_BYTES = 256 << 10
_FEW_LINES = 3  # with bytes that fit nothing are damaged lines
_FEW_BYTES = 8  # different ones beyond ASCII: too few for an alphabet
_CONTROLS = bytes({*range(1, 9), *range(14, 32)} - {0x1B})
_MOST_CONTROLS = 0.005
_RARE_LETTERS = frozenset("þÿðÞÐÝý")
_WESTERN_SIGNS = frozenset("°µ²³±·×÷§£€¢¥®©«»‘’“”–—…½¼¾¹ºª¿¡")
_WORDS = {
    "cp949": "압력 온도 시간 날짜 유량 파워 장비 전력 일시 챔버 정상 이상 오전 오후 전류 전압 웨이퍼 공정 번호",
    "gb18030": "时间 温度 压力 功率 流量 日期 设备 电流 电压 正常 异常 上午 下午 射频 晶圆 工艺 步骤 编号 速度",
    "cp932": "時間 温度 圧力 日時 流量 装置 電力 電流 電圧 日付 時刻 正常 異常 午前 午後 ガス ウェハ レシピ 工程 番号",
    "big5": "時間 溫度 壓力 日期 流量 設備 功率 電流 電壓 機台 晶圓 製程 腔體 氣體",
}
_MOSTLY, _HARDLY = 0.9, 0.1


@dataclass(frozen=True)
class Evidence:
    """The lines of a file that hold more than ASCII, as bytes."""

    sample: bytes
    lines: int  # that hold any such byte
    all_lines: int


def marked_encoding(sample: bytes) -> str | None:
    """The encoding that a byte order mark or the zeros of UTF-16 tell."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    head = sample[:4096]
    half = len(head) // 2
    if half < 2:
        return None
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > _UTF16_ZEROS and not even and _reads(head, "utf-16-le"):
        return "utf-16-le"
    return "utf-16-be" if even > _UTF16_ZEROS and not odd and _reads(head, "utf-16-be") else None


def is_binary(sample: bytes) -> bool:
    """Whether the bytes are no text: signs that no text holds, or mostly zeros."""
    if not sample:
        return False
    return _count(sample, _CONTROLS) > _MOST_CONTROLS * len(sample) or 2 * sample.count(0) > len(sample)


def collect_evidence(read: Callable[[int], bytes]) -> Evidence:
    """Read a file to its end for its lines that hold more than ASCII."""
    kept, size, lines, all_lines = [], 0, 0, 0
    for line in _lines(read):
        all_lines += 1
        if not line.isascii():
            lines += 1
            if size < _EVIDENCE_BYTES:
                kept.append(line[:_EVIDENCE_BYTES])
                size += len(line)
    return Evidence(b"\n".join(kept), lines, all_lines)


def decide(evidence: Evidence) -> str | None:
    """The encoding of a text that is not UTF-8 throughout; ``"utf-8"`` where a few bytes are damaged; else None."""
    sample = evidence.sample
    if _is_damaged_utf8(sample):
        return "utf-8"
    for found in (_by_words(sample), _by_letters(sample)):
        if found is not None:
            return found
    few = evidence.lines <= max(_FEW_LINES, evidence.all_lines // 1000)
    if few and len({byte for byte in sample if byte >= 0x80}) < _FEW_BYTES:
        return "utf-8"
    return _detected(sample)


def _lines(read: Callable[[int], bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := read(1 << 20):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > _EVIDENCE_BYTES:
            yield rest
            rest = b""
    yield rest


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not letter.isascii() for letter in text) - bad
    return good > 4 * bad


def _by_words(sample: bytes) -> str | None:
    """By words of the trade: the encoding in which strictly the most of them stand."""
    hits = {}
    for encoding, words in _WORDS.items():
        text = _decoded(sample, encoding)
        hits[encoding] = sum(text.count(word) for word in words.split()) if text is not None else 0
    best, *others = sorted(hits, key=lambda encoding: -hits[encoding])
    return best if hits[best] and hits[best] > 2 * hits[others[0]] else None


def _by_letters(sample: bytes) -> str | None:
    """By which letters the bytes would be: those of daily use, or rare ones."""
    if _stand_alone(sample) and _share(sample, "cp1252", _is_western) >= _MOSTLY:
        return "cp1252"
    if _share(sample, "cp949", _is_usual_hangul) >= _MOSTLY:
        return "cp949"
    if _share(sample, "cp932", _is_half_width) < _HARDLY and _share(sample, "cp932", _is_japanese) >= _MOSTLY:
        return "cp932"
    return "gb18030" if _share(sample, "gb18030", _is_usual_chinese) >= _MOSTLY else None


def _detected(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return None if best is None else str(best.encoding)


def _stand_alone(sample: bytes) -> bool:
    """Whether letters beyond ASCII mostly have ASCII on both sides, as signs and umlauts have."""
    high = [byte >= 0x80 for byte in sample[: 64 << 10]]
    pairs = sum(one and other for one, other in pairwise(high))
    return 4 * pairs <= sum(high)


def _share(sample: bytes, encoding: str, usual: Callable[[str], bool]) -> float:
    """Share of the letters beyond ASCII that are usual; 0 where the bytes are of another encoding."""
    text = _decoded(sample, encoding)
    letters = [letter for letter in text or "" if not letter.isascii() and not _is_sign(letter)]
    if not letters:
        return 1.0 if text and not text.isascii() else 0.0
    return sum(map(usual, letters)) / len(letters)


def _is_sign(letter: str) -> bool:
    """Signs such as ℃ and full-width brackets stand in every East Asian encoding."""
    return "\u2000" <= letter <= "\u2bff" or "\u3000" <= letter <= "\u303f" or "\uff01" <= letter <= "\uff60"


def _is_western(letter: str) -> bool:
    return letter in _WESTERN_SIGNS or ("À" <= letter <= "ÿ" and letter not in _RARE_LETTERS)


def _is_usual_hangul(letter: str) -> bool:
    """The syllables of EUC-KR; CP949 extends it by rare ones, for which Python's codec takes eight bytes."""
    return "가" <= letter <= "힣" and len(letter.encode("euc_kr", "ignore")) == 2


def _is_usual_chinese(letter: str) -> bool:
    """The 3,755 most usual characters, which GB 2312 puts first."""
    code = letter.encode("gb2312", "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def _is_japanese(letter: str) -> bool:
    code = letter.encode("cp932", "ignore")
    return "\u3040" <= letter <= "\u30ff" or (len(code) == 2 and 0x88 <= code[0] <= 0x98)


def _is_half_width(letter: str) -> bool:
    return "\uff61" <= letter <= "\uff9f"


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
    except UnicodeDecodeError:
        return None


def _reads(head: bytes, encoding: str) -> bool:
    text = _decoded(head[: len(head) // 2 * 2], encoding)
    return text is not None and any(end in text for end in "\n\r,;\t")


def _count(sample: bytes, signs: bytes) -> int:
    return len(sample) - len(sample.translate(None, signs))
