"""Names of things that differ by blanks or capital letters only: one tool, not three."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from waferwatch.read.cells.values import is_numeric, is_time, without_categories
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.table import Note, Role

NAMING = (Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP, Role.CONTEXT)
_MOST = 20_000  # different names of a column that are compared


def one_spelling(column: pd.Series, name: str) -> tuple[pd.Series, tuple[Note, ...]]:
    """The column with the most frequent spelling of each name, and what to say of the others."""
    plain = without_categories(column)
    if is_numeric(plain) or is_time(plain) or pd.api.types.is_bool_dtype(plain.dtype):
        return column, ()
    try:
        counts = plain.value_counts()
    except TypeError:  # cells that are lists
        return column, ()
    if len(counts) > _MOST or not all(isinstance(word, str) for word in counts.index):
        return column, ()
    chosen: dict[str, str] = {}
    for word in counts.index:  # the most frequent first
        chosen.setdefault(_same(word), word.strip())
    changed = {word: chosen[_same(word)] for word in counts.index if word != chosen[_same(word)]}
    if not changed:
        return column, ()
    several = {word: kept for word, kept in changed.items() if word.strip() != kept}
    count = int(counts[list(changed)].sum())
    read = plain.replace(changed)
    return read, (_said(name, changed, several, count),)


def _same(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def _said(name: str, changed: dict[str, str], several: dict[str, str], count: int) -> Note:
    shown = several or changed
    pairs = ", ".join(f"{word!r} = {kept!r}" for word, kept in list(shown.items())[:5])
    text = "Names in {column} that differ by blanks or capital letters only are one: {pairs}, in {count} rows."
    values: dict[str, object] = {"column": name, "pairs": pairs, "count": count}
    return FileFinding(text, values, level=Level.REPAIRED, code="one_spelling", column=name, count=count)


def rows_with(column: pd.Series, value: str) -> np.ndarray:
    """(n,) the rows in which the column holds a value, whatever its blanks and capital letters."""
    wanted = _same(value)
    plain = without_categories(column)
    if is_numeric(plain):
        try:
            return np.asarray(plain.to_numpy(dtype=np.float64, na_value=np.nan) == float(value))
        except ValueError:
            return np.zeros(len(plain), np.bool_)
    same = {word: _same(str(word)) == wanted for word in plain.dropna().unique()}
    return plain.map(same).fillna(False).to_numpy(np.bool_)
