"""What the cells of a column say: numbers, missing values, labels, categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.read.numbers.forms import read_marked
from waferwatch.read.numbers.words import KNOWN_ARROW, RULERS

MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "--", "?", "#n/a", "결측")  # compared without case and spaces
# fmt: off
_TRUE = (
    "1", "1.0", "true", "t", "y", "yes", "이상", "불량", "불합격", "비정상", "결함", "고장", "불량품",
    "abnormal", "anomaly", "anomalous", "fault", "faulty", "ng", "nok", "fail", "failed", "bad", "defect", "defective",
    "outlier", "reject", "rejected", "x", "nogo", "no-go", "부적합", "異常", "不良", "不合格",
)
_FALSE = (
    "0", "0.0", "false", "f", "n", "no", "정상", "양호", "합격", "양품",
    "normal", "typical", "ok", "pass", "passed", "good", "inlier",
    "accept", "accepted", "o", "go", "적합", "正常", "良", "良品", "合格",
)
# fmt: on
_NEGATIVE, _POSITIVE = ("-1", "-1.0"), ("1", "1.0")
_NUMBER = r"^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity)$"
_MAY_BE_NUMBER = r"^[^\pL\pN]{0,4}\pN"
_REPEATED = 2  # times that each text of a column comes, on average, so that categories take less than texts
_LOOK = 2_000  # different texts that are looked at before all are
_LONG_STAYS = 8  # rows, on average, for which the number of a thing stays the same
_MOST_WORDS = 20  # different words for no value that are counted by name


@dataclass(frozen=True)
class Cells:
    """A column of any kind, each cell looked at once."""

    numbers: NDArray[np.float64]  # (n,) NaN where the cell is missing or no number
    missing: NDArray[np.bool_]  # (n,)
    junk: NDArray[np.bool_]  # (n,) neither missing nor a number
    words: dict[str, int] = field(default_factory=dict)  # words among the numbers that stand for no value -> cells
    marks: dict[str, int] = field(default_factory=dict)  # what stood around numbers, such as "thousands" -> cells
    unit: str | None = None  # written behind the numbers

    @property
    def mostly_numbers(self) -> bool:
        """Whether more than half of the cells that are not missing are numbers."""
        filled = int((~self.missing).sum())
        return filled > 0 and 2 * int(self.junk.sum()) < filled


def is_numeric(column: pd.Series) -> bool:
    """Whether the column's type is a real number; truth values are none."""
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not (
        pd.api.types.is_bool_dtype(kind) or pd.api.types.is_complex_dtype(kind)
    )


def is_time(column: pd.Series) -> bool:
    """Whether the column's type is a point in time."""
    return pd.api.types.is_datetime64_any_dtype(column.dtype) or isinstance(column.dtype, pd.PeriodDtype)


def holds_lists(column: pd.Series) -> bool:
    """Whether the cells are lists or records, as Parquet may have them, rather than one value each."""
    if isinstance(column.dtype, pd.ArrowDtype):
        return bool(pa.types.is_nested(column.dtype.pyarrow_dtype))
    first = column.first_valid_index() if column.dtype == object else None
    return first is not None and isinstance(column.loc[first], (list, tuple, dict, set, np.ndarray))


def without_categories(column: pd.Series) -> pd.Series:
    """The column with a categorical type undone."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.dtype.categories.dtype)
    return column


def with_categories(column: pd.Series) -> pd.Series:
    """A column of texts as categories, which hold each of them once; as it is where most of its texts differ."""
    if not isinstance(column.dtype, pd.StringDtype):
        return column
    found = column.astype("category")
    return found if _REPEATED * len(found.cat.categories) <= len(found) else column


def to_float(column: pd.Series) -> NDArray[np.float64]:
    """A numeric or truth-value column as float64, NaN where missing."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def look_at(column: pd.Series, no_value: Sequence[str] = ()) -> Cells:
    """Numbers, missing cells and junk of any column; each different text is looked at once.

    Words that are known to stand for no value, or are among ``no_value``, are missing where they stand among numbers.
    """
    column = without_categories(column)
    if is_numeric(column) or pd.api.types.is_bool_dtype(column.dtype):
        return _look_at_numbers(to_float(column), no_value)
    codes, raw = _distinct_as_written(column)
    texts = pc.utf8_lower(raw)
    empty = _flags(pc.is_in(texts, value_set=pa.array(MISSING)))
    numbers, marks, unit = _read_numbers(texts)
    if not (empty | ~np.isnan(numbers) | _flags(pc.match_substring_regex(texts, _NUMBER))).all():
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        numbers, marks, unit = _read_with_marks(raw, numbers, empty, counts)
    return _cells(codes, texts, numbers, empty, marks, unit, no_value)


def _look_at_numbers(numbers: NDArray[np.float64], no_value: Sequence[str]) -> Cells:
    words = {}
    for value, word in _numbers_of(no_value).items():
        count = int((numbers == value).sum())
        if count:
            words[word] = count
            numbers = np.where(numbers == value, np.nan, numbers)
    return Cells(numbers, np.isnan(numbers), np.zeros(len(numbers), np.bool_), words)


def _numbers_of(words: Sequence[str]) -> dict[float, str]:
    """The numbers among words."""
    found = {}
    for word in words:
        try:
            found[float(word)] = word
        except ValueError:
            continue
    return found


def _read_numbers(texts: pa.Array) -> tuple[NDArray[np.float64], dict[str, NDArray[np.bool_]], str | None]:
    """Plain numbers among different texts, NaN for the others."""
    numeric = pc.match_substring_regex(texts, _NUMBER)
    plain = pc.replace_substring_regex(pc.if_else(numeric, texts, None), r"^\+", "")
    return pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False), {}, None


def _read_with_marks(
    raw: pa.Array, plain: NDArray[np.float64], empty: NDArray[np.bool_], counts: NDArray[np.intp]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.bool_]], str | None]:
    """The numbers with something around them as well, where that makes numbers of most texts."""
    odd = np.flatnonzero(np.isnan(plain) & ~empty)
    first = raw.take(pa.array(odd[:_LOOK]))
    if not pc.any(pc.match_substring_regex(first, _MAY_BE_NUMBER)).as_py():
        return plain, {}, None
    found = read_marked(raw, np.where(empty, 0, counts))
    before, after = (int(counts[~np.isnan(numbers)].sum()) for numbers in (plain, found.values))
    # Where commas are decimal signs, a number with a point that was plain before may have thousands.
    use = found.values if "decimal comma" in found.marks else np.where(np.isnan(plain), found.values, plain)
    if after <= before and "decimal comma" not in found.marks:
        return plain, {}, None
    marks = {name: where & (np.isnan(plain) | (use != plain)) & ~np.isnan(use) for name, where in found.marks.items()}
    marks["sign"] = np.isnan(plain) & ~np.isnan(use) & ~np.any(list(marks.values()) or [np.isnan(use)], axis=0)
    return use, marks, found.unit


def _cells(
    codes: NDArray[np.intp],
    texts: pa.Array,
    numbers: NDArray[np.float64],
    empty: NDArray[np.bool_],
    marks: dict[str, NDArray[np.bool_]],
    unit: str | None,
    no_value: Sequence[str],
) -> Cells:
    """What holds for different texts, for each cell."""
    number = ~np.isnan(numbers) | _flags(pc.match_substring_regex(texts, _NUMBER))
    named = _flags(pc.is_in(texts, value_set=pa.array([word.casefold() for word in no_value], type=pa.string())))
    for value in _numbers_of(no_value):
        named |= numbers == value
    known = np.zeros(len(texts), np.bool_)
    if number.any() and not (number | empty | named).all():
        known = ~number & (
            _flags(pc.is_in(texts, value_set=KNOWN_ARROW)) | _flags(pc.match_substring_regex(texts, RULERS))
        )
    no = (known | named) & ~empty
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    said = {texts[int(at)].as_py(): int(counts[at]) for at in np.flatnonzero(no)[:_MOST_WORDS]}
    missing = np.append(empty | no, True)[codes]
    return Cells(
        np.append(np.where(no, np.nan, numbers), np.nan)[codes],
        missing,
        ~missing & ~np.append(number, False)[codes],
        said,
        {name: int(counts[where].sum()) for name, where in marks.items() if where.any()},
        unit,
    )


def to_labels(column: pd.Series) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Labels (n,), True for abnormal, and which cells (n,) are no label at all.

    Of -1 and 1 the rarer is the abnormal one, since some put 1 for bad (SECOM) and others for good (scikit-learn).
    """
    codes, texts = distinct_texts(without_categories(column))
    rarer = rarer_sign(column)
    if rarer is not None:
        signs = pc.is_in(texts, value_set=pa.array(_NEGATIVE if rarer == "-1" else _POSITIVE))
        return _spread(signs, codes, when_absent=False), codes < 0
    true = _spread(pc.is_in(texts, value_set=pa.array(_TRUE)), codes, when_absent=False)
    false = _spread(pc.is_in(texts, value_set=pa.array(_FALSE)), codes, when_absent=False)
    return true, ~(true | false)


def rarer_sign(column: pd.Series) -> str | None:
    """ "-1" or "1", the rarer of the two in a column that holds both and no other number; None when neither is."""
    codes, texts = distinct_texts(without_categories(column))
    words = texts.to_pylist() if len(texts) <= len(_NEGATIVE + _POSITIVE) else []
    if not set(words) <= {*_NEGATIVE, *_POSITIVE} or not set(words) & set(_NEGATIVE):
        return None
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    negative = sum(int(count) for word, count in zip(words, counts, strict=True) if word in _NEGATIVE)
    positive = int(counts.sum()) - negative
    if not positive or negative == positive:
        return None
    return "-1" if negative < positive else "1"


def distinct_texts(column: pd.Series) -> tuple[NDArray[np.intp], pa.Array]:
    """For each cell the position of its text, -1 for none, and the different texts, in small letters and trimmed."""
    codes, texts = _distinct_as_written(column)
    return codes, pc.utf8_lower(texts)


def _distinct_as_written(column: pd.Series) -> tuple[NDArray[np.intp], pa.Array]:
    """As ``distinct_texts``, with capital letters."""
    if isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow":
        return _distinct_of_arrow(pa.chunked_array(column.array.__arrow_array__()))
    if column.dtype == object:
        column = column.map(str, na_action="ignore")
    codes, values = pd.factorize(column)
    texts = pa.array([str(value) for value in values], type=pa.string())
    return codes, pc.utf8_trim_whitespace(texts)


def _distinct_of_arrow(cells: pa.ChunkedArray) -> tuple[NDArray[np.intp], pa.Array]:
    """As above, without a Python string for each different text."""
    whole = cells.cast(pa.large_string()).combine_chunks().dictionary_encode()
    codes = pc.fill_null(whole.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
    return codes, pc.utf8_trim_whitespace(whole.dictionary)


def is_whole(numbers: NDArray[np.float64]) -> bool:
    """Whether every number there is (NaN aside) is a whole one, as the number of a thing is."""
    present = numbers[~np.isnan(numbers)]
    return bool(np.isfinite(present).all() and (present == np.floor(present)).all())


def stay(numbers: NDArray[np.float64]) -> bool:
    """Whether numbers stay the same for many rows, as the name of a lot does that is written 4711.1 or 4711.2."""
    present = numbers[~np.isnan(numbers)]
    return bool(_LONG_STAYS * (np.count_nonzero(np.diff(present)) + 1) <= len(present))


def counts_rows(numbers: NDArray[np.float64]) -> bool:
    """Whether the numbers go up by one from row to row, perhaps beginning anew in some rows."""
    if len(numbers) < 2 or np.isnan(numbers).any():
        return False
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    restarts = bool((numbers[breaks + 1] == numbers[0]).all())
    return restarts and len(breaks) * 2 < len(numbers)


def _spread(distinct: pa.Array, codes: NDArray[np.intp], *, when_absent: bool) -> NDArray[np.bool_]:
    """What holds for each different text, for each cell; code -1 stands for a cell without text."""
    flags: NDArray[np.bool_] = np.append(_flags(distinct), when_absent)
    return flags[codes]


def _flags(distinct: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = distinct.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
