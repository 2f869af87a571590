"""Which column says what is abnormal, by name and values. A column that may be the answer is never quietly a sensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.cells import values
from waferwatch.read.findings import Findings
from waferwatch.read.roles.codes import is_code
from waferwatch.read.roles.label_names import is_silent, is_weak, label_rank, means_good, means_label
from waferwatch.read.table import Note, Role

_MOST_GRADES = 10  # different whole numbers of a column of grades or kinds; more of them measure or count something


def find_label(
    frame: pd.DataFrame, free: Sequence[str], roles: dict[str, Role], notes: Findings, table: str, first_row: int
) -> None:
    """Add the label's role to ``roles``, and leave out whatever else looks like a label, with a note.

    Args:
        frame: columns as read.
        free: columns without a role so far.
        roles, notes: those so far; they are added to.
        table: name of the table, for messages.
        first_row: number of the first data row, for messages.

    Raises:
        InputError: a column that is called label holds something that is not a label.
    """
    ranks = {name: rank for name in free if (rank := label_rank(name)) is not None}
    taken = Role.LABEL in roles.values()
    for name in sorted(ranks, key=ranks.__getitem__):
        labels, bad = values.to_labels(frame[name])
        if not bad.any() and not _reversed(frame[name], name, labels):
            roles[name] = Role.IGNORED if taken else Role.LABEL
            if taken:
                notes.add(Note("{column} looks like another label and was left out.", {"column": name}))
            taken = True
        elif not taken and bad.any() and not is_weak(name) and _meant_as_label(frame[name], bad):
            raise bad_label(frame[name], bad, name, table, first_row)
        else:
            _leave_out(frame[name], name, bad, roles, notes)


def _reversed(column: pd.Series, name: str, labels: np.ndarray) -> bool:
    """Whether 1 may stand for good: in a column called OK, or where it is most of one called pass/fail."""
    good = means_good(name)
    if not good or values.rarer_sign(column) is not None:
        return False
    _, texts = values.distinct_texts(values.without_categories(column))
    by_number = set(texts.to_pylist()) <= {"0", "1", "0.0", "1.0", "true", "false", "t", "f", "y", "n", "yes", "no"}
    return by_number and (not means_label(name) or bool(2 * labels.sum() > len(labels)))


def _leave_out(column: pd.Series, name: str, bad: np.ndarray, roles: dict[str, Role], notes: Findings) -> None:
    """What is no label although its name says so: left out, or a measurement."""
    cells = values.look_at(column)
    if is_silent(name) or cells.missing.all():
        return
    if cells.mostly_numbers:
        present = cells.numbers[~np.isnan(cells.numbers)]
        if not values.is_whole(present) or (len(np.unique(present)) > _MOST_GRADES and not is_code(name, present)):
            notes.add(_measures(name))
            return
    elif not means_label(name):
        return  # "result" or "class" of other words is context
    roles[name] = Role.IGNORED
    notes.add(_marks_no_rows(name) if bad.any() else _marks_good_rows(name))


def _measures(name: str) -> Note:
    return Note(
        "{column} is called like a label but holds measurements; it was taken as a sensor. "
        "Give it the role ignored if it tells the answer.",
        {"column": name},
    )


def _marks_no_rows(name: str) -> Note:
    return Note(
        "{column} looks like a label but does not mark each row as normal or abnormal; it was left out. "
        "Give it another role if it is not one.",
        {"column": name},
    )


def _marks_good_rows(name: str) -> Note:
    return Note(
        "{column} seems to mark good rows with 1; it was left out. Give it the role label if 1 means abnormal.",
        {"column": name},
    )


def _meant_as_label(column: pd.Series, bad: np.ndarray) -> bool:
    cells = values.look_at(column)
    if cells.missing.all():
        return False
    return values.is_numeric(column) or not bad.all()


def bad_label(column: pd.Series, bad: np.ndarray, name: str, table: str, first_row: int) -> InputError:
    """The refusal of the first cell that is not a label."""
    row = int(np.flatnonzero(bad)[0])
    value = column.iloc[row]
    return InputError(
        "Row {row} of {table}: {value} in the label column {column} is not a label.",
        hint="Write 0 or 1 (or true/false, 정상/이상, normal/abnormal) in every row, or give it the role ignored.",
        field="label",
        row=first_row + row,
        table=table,
        column=name,
        value="an empty cell" if pd.isna(value) or value == "" else repr(str(value)),
    )
