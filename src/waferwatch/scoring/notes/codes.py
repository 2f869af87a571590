"""Codes, such as those of alarms, and modes that no row learnt from has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from waferwatch.read.roles.codes import may_name_code
from waferwatch.read.roles.groups import group_texts
from waferwatch.read.table import Note, Role, Table
from waferwatch.scoring.reference import Scope
from waferwatch.series.series import Series

_MOST = 1000  # different codes that are kept of a column
_MOST_NAMED = 10


def codes_of(table: Table, normal: Mapping[Scope, Sequence[Series]]) -> dict[str, list[str]]:
    """Code column -> its values in the rows that are learnt from."""
    columns = [name for name in table.columns(Role.CONTEXT) if may_name_code(name)]
    if not columns:
        return {}
    rows = np.concatenate([one.rows for mine in normal.values() for one in mine])
    known = {name: sorted(_codes(table.frame[name].iloc[rows]).unique()) for name in columns}
    return {name: codes for name, codes in known.items() if 0 < len(codes) <= _MOST}


def new_code_notes(known: Mapping[str, Sequence[str]], table: Table) -> list[Note]:
    """A note for each column with codes that are not known, with the first row of the first of them."""
    notes = []
    for name in known:
        codes = _codes(table.frame[name]) if name in table.frame.columns else pd.Series(dtype=object)
        new = codes[~codes.isin(known[name])]
        if not len(new):
            continue
        names = list(dict.fromkeys(new))
        notes.append(
            Note(
                "{column} has values that no row learnt from has: {codes}; the first in row {row}. They are no sensor "
                "and are not judged.",
                {
                    "column": name,
                    "codes": ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else ""),
                    "row": int(new.index[0]) + table.first_row,
                },
            )
        )
    return notes


def _codes(column: pd.Series) -> pd.Series:
    """The codes of a column as text, where it has one; the index is the place among the rows of the column."""
    texts = group_texts(column.reset_index(drop=True))
    return texts[texts != ""]
