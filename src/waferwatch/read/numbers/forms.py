"""Numbers with something around them: thousands signs, units, per cent, signs of bounds, decimal commas."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.read.numbers.units import scales

_FORM = (
    r"^(?P<bound>[<>≤≥~≈±]=?\s*|약\s*|ca\.?\s*)?(?P<open>\()?(?P<digits>[+-]?\s?(?:\d[\d.,' ]*\d|\d|[.,]\d+)[.,]?)"
    r"(?P<power>\s?[eEdD][+-]?\d{1,3}|\s?[x×*]\s?10\^?[+-]?\d{1,3})?(?P<minus>-)?(?P<close>\))?"
    r"\s*(?P<unit>(?:[\pL%‰°Ω'\"/$€₩][^<>|;]{0,19})?)$"
)
_GROUPS = r"^[+-]?\s?\d{1,3}(?:%s\d{2,3})*%s\d{3}%s$"
_COUNTING = re.compile(r"(?:st|nd|rd|th|호기|호|번|번째|차|단계|층|챔버|등급|반|조|월|일|년|시|am|pm|[xX])\.?")
_ID_DIGITS = 5


@dataclass(frozen=True)
class ReadNumbers:
    """What texts (n,) say as numbers, and what stood around these."""

    values: NDArray[np.float64]  # (n,) NaN where the text is not a number
    marks: dict[str, NDArray[np.bool_]]  # what was found -> (n,) where: "thousands", "decimal comma", "unit", "bound"
    unit: str | None = None  # that of the values


def read_marked(texts: pa.Array, counts: NDArray[np.intp]) -> ReadNumbers:
    """Read texts as numbers with something around them.

    Args:
        texts: (n,) different texts, trimmed, as written; what is a plain number may be among them.
        counts: (n,) how often each occurs: the unit that most cells have is the column's.
    """
    plain = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKC"), r"^[='\"]+|[\"']+$", "")
    plain = pc.replace_substring_regex(plain, "[\u2212\u2013]", "-")
    found = pc.extract_regex(plain, _FORM)
    get = {
        name: pc.struct_field(found, name) for name in ("bound", "open", "digits", "power", "minus", "close", "unit")
    }
    matched = pc.is_valid(found).to_numpy(zero_copy_only=False).astype(np.bool_)
    digits, separators = _plain_digits(pc.replace_substring_regex(get["digits"], r"\s+$|^([+-])\s", r"\1"))
    numbers = _as_float(digits, get["power"])
    negative = _said(get["minus"]) | (_said(get["open"]) & _said(get["close"]))
    right = matched & (_said(get["open"]) == _said(get["close"])) & ~np.isnan(numbers)
    factors, unit = _factors(pc.utf8_trim_whitespace(get["unit"]), np.where(right, counts, 0), digits)
    values = np.where(right & ~np.isnan(factors), np.where(negative, -numbers, numbers) * factors, np.nan)
    read = ~np.isnan(values)
    marks = {**separators, "unit": _said(get["unit"]), "bound": _said(get["bound"])}
    marks["scaled unit"] = np.nan_to_num(factors, nan=1.0) != 1.0
    return ReadNumbers(values, {name: where & read for name, where in marks.items() if (where & read).any()}, unit)


def _said(part: pa.Array) -> NDArray[np.bool_]:
    said: NDArray[np.bool_] = (
        pc.fill_null(pc.not_equal(part, ""), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    )
    return said


def _matches(texts: pa.Array, regex: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (
        pc.fill_null(pc.match_substring_regex(texts, regex), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    )
    return found


def _plain_digits(digits: pa.Array) -> tuple[pa.Array, dict[str, NDArray[np.bool_]]]:
    """The digits with a point for the decimal sign and nothing for thousands, null where the signs make no sense."""
    blanks = _matches(digits, r"\d[' ]\d")
    right = ~blanks | _matches(digits, r"^[+-]?\d{1,3}(?:[' ]\d{3})+(?:[.,]\d*)?$")
    digits = pc.replace_substring_regex(digits, "[' ]", "")
    comma, point = _matches(digits, ","), _matches(digits, r"\.")
    comma_groups = _matches(digits, _GROUPS % (",", ",", r"(?:\.\d*)?"))
    point_groups = _matches(digits, _GROUPS % (r"\.", r"\.", r"(?:,\d*)?"))
    comma_last = _matches(digits, r"^[+-]?\d*(?:\.\d{3})*,\d*$")
    by_comma = _decimal_is_comma(digits, comma, point, comma_groups, comma_last)
    if by_comma:
        alone = point & ~comma
        thousands = point & point_groups & (comma | bool(point_groups[alone].all()))
        right &= (~comma | comma_last) & (alone | ~point | point_groups)
        text = _where(thousands, pc.replace_substring(digits, ".", ""), digits)
        text = pc.replace_substring(text, ",", ".")
        marks = {"decimal comma": comma, "thousands": thousands | blanks}
    else:
        several = _matches(digits, r"\..*\.")
        right &= ~comma | comma_groups
        right &= ~several | point_groups
        text = pc.replace_substring(_where(several, pc.replace_substring(digits, ".", ""), digits), ",", "")
        marks = {"thousands": comma | several | blanks}
    return pc.if_else(pa.array(right), text, pa.scalar(None, text.type)), marks


def _decimal_is_comma(
    digits: pa.Array,
    comma: NDArray[np.bool_],
    point: NDArray[np.bool_],
    comma_groups: NDArray[np.bool_],
    comma_last: NDArray[np.bool_],
) -> bool:
    """Whether the comma is the decimal sign of the column: some number cannot be read with it as a thousands sign."""
    if not comma.any():
        return False
    leading_zero = _matches(digits, r"^[+-]?0,\d+$")
    if (leading_zero | (comma & point & comma_last)).any():
        return True
    return bool((comma & comma_last & ~comma_groups).any() and not (comma & comma_groups & point).any())


def _where(which: NDArray[np.bool_], one: pa.Array, other: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(which), one, other)


def _as_float(digits: pa.Array, power: pa.Array) -> NDArray[np.float64]:
    numeric = pc.match_substring_regex(digits, r"^[+-]?(?:\d+\.?\d*|\.\d+)$")
    text = pc.replace_substring_regex(pc.if_else(numeric, digits, pa.scalar(None, digits.type)), r"^\+", "")
    powers = pc.replace_substring_regex(pc.fill_null(power, ""), r"^\s?(?:[eEdD]|[x×*]\s?10\^?)", "e")
    joined = pc.binary_join_element_wise(text, powers, pa.scalar("", text.type))
    numbers: NDArray[np.float64] = joined.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _factors(units: pa.Array, counts: NDArray[np.intp], digits: pa.Array) -> tuple[NDArray[np.float64], str | None]:
    """(n,) by what to multiply each number, NaN where its unit is not the column's; and the column's unit."""
    coded = pc.fill_null(units, "").dictionary_encode()
    words = coded.dictionary.to_pylist()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    often = np.bincount(codes, weights=counts, minlength=len(words))
    written = [word for word in words if word and often[words.index(word)] > 0]
    if not written:
        return np.where(codes == (words.index("") if "" in words else -1), 1.0, np.nan), None
    main = max(written, key=lambda word: often[words.index(word)])
    if _COUNTING.fullmatch(main) or _names_things(main, digits):
        main = ""
    factor = [1.0 if not word else scales(word, main) for word in words]
    return np.array(factor, dtype=np.float64)[codes], main or None


def _names_things(unit: str, digits: pa.Array) -> bool:
    """Whether one letter behind long whole numbers makes names of things, as lots are called 240301A."""
    if len(unit) > 1:
        return False
    return bool(pc.all(pc.match_substring_regex(digits.drop_null(), rf"^\d{{{_ID_DIGITS},}}$")).as_py())
