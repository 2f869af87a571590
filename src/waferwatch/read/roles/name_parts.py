"""The parts of a column's name: camelCase, underscores, digits, and the words of Korean and run-together compounds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache

MOST_LETTERS = 200  # of a name that are looked at: sorting the marks of a longer one takes quadratic time
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_HANGUL = re.compile(r"[가-힣]+")


@lru_cache(maxsize=20_000)
def composed(name: str) -> str:
    """The beginning of a name in one spelling of each character (NFKC)."""
    return unicodedata.normalize("NFKC", name[:MOST_LETTERS])


def vocabulary(words: str) -> frozenset[str]:
    """The words of a text with blanks between them."""
    return frozenset(words.split())


def without_units(text: str) -> str:
    return _BRACKETS.sub(" ", text)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, those in brackets as well: ``"Elapsed (ms)"`` -> ``elapsed, ms``."""
    return tuple(match[0].lower() for match in _WORD.finditer(composed(name)))


def parts_of(name: str, known: Set[str]) -> tuple[str, ...]:
    """The words of a name in lower case: ``"ChamberID_1"`` -> ``chamber, id, 1``; ``"설비호기"`` -> ``설비, 호기``.

    Args:
        name: as written; bracketed units are left out.
        known: words at which compounds without any sign between their words are split.
    """
    found: list[str] = []
    for match in _WORD.finditer(without_units(composed(name))):
        word = match[0].lower()
        found.extend(_cover(word, known) or (_ends(word, known) if _HANGUL.fullmatch(word) else [word]))
    return tuple(found)


def _cover(word: str, known: Set[str]) -> list[str] | None:
    """The fewest known words that make up the whole word; one Latin letter alone is no word."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, piece = best[start], word[start:end]
            if before is None or piece not in known or (len(piece) == 1 and piece.isascii()):
                continue
            now = best[end]
            if now is None or len(before) + 1 < len(now):
                best[end] = [*before, piece]
    return best[-1]


def _ends(word: str, known: Set[str]) -> list[str]:
    """Known words of two syllables and more cut from the end, then from the beginning; the unknown rest stays one."""
    tail: list[str] = []
    while cut := next((word[at:] for at in range(len(word) - 1) if word[at:] in known), ""):
        tail.insert(0, cut)
        word = word[: -len(cut)]
    head: list[str] = []
    while cut := next((word[:at] for at in range(len(word), 1, -1) if word[:at] in known), ""):
        head.append(cut)
        word = word[len(cut) :]
    return [*head, *([word] if word else []), *tail]
