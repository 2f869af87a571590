"""Which column is what: from the user's wishes first, then from contents and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from waferwatch.read.cells import values
from waferwatch.read.cells.rules import USUAL, CellRules
from waferwatch.read.clock.choice import choose_clock, named_clock
from waferwatch.read.findings import Findings
from waferwatch.read.roles import column_names
from waferwatch.read.roles.codes import is_code
from waferwatch.read.roles.labels import find_label
from waferwatch.read.roles.status import Status, find_status
from waferwatch.read.roles.wishes import Wishes
from waferwatch.read.table import Role
from waferwatch.read.time_axis.since_start import elapsed_column
from waferwatch.read.time_axis.times import looks_like_time

_SOME = 0.1  # of a text column's cells: this share of numbers is worth a note
_LISTED = 10
_MOSTLY = 0.9  # of the rows: wafers with one site, or measured again, are few

_LEFT_OUT_TEXTS = {
    "another clock": "Left out, since another column is the clock: {columns}.",
    "row numbers": "Left out, since they only count the rows: {columns}.",
    "another text in every row": "Left out, since they hold another text in every row: {columns}.",
    "complex numbers": "Left out, since they hold complex numbers: {columns}.",
    "lists or records": "Left out, since their cells hold lists or records: {columns}.",
}


@dataclass
class FoundRoles:
    """Roles as they are found, column by column."""

    findings: Findings
    roles: dict[str, Role] = field(default_factory=dict)
    further: tuple[str, ...] = ()  # columns that hold a part of the clock
    cells: dict[str, values.Cells] = field(default_factory=dict)  # of sensors that were read as text
    status: dict[str, Status] = field(default_factory=dict)
    zone: str | None = None  # of the time column, once it was read
    left_out: dict[str, list[str]] = field(default_factory=dict)  # reason -> columns
    codes: list[str] = field(default_factory=list)  # columns of numbers that are names


def find_roles(
    frame: pd.DataFrame, wishes: Wishes, table: str, first_row: int, findings: Findings, rules: CellRules = USUAL
) -> FoundRoles:
    """Give every column of the frame a role.

    Args:
        frame: columns with different names, as read.
        wishes: roles that are fixed already.
        table: name of the table, for messages.
        first_row: number of the first data row, for messages.
        findings: what was found so far; added to.
        rules: how cells are read.
    """
    found = FoundRoles(findings, dict(wishes.roles))
    for name in frame.columns:
        if name not in found.roles and column_names.is_result(name, frame.columns):
            found.roles[name] = Role.IGNORED
        elif name not in found.roles and values.holds_lists(frame[name]):
            found.roles[name] = _left_out(found, name, "lists or records")
    _find_time(frame, found, wishes)
    with findings.caught("bad_label"):
        find_label(frame, _free(frame, found), found.roles, findings, table, first_row)
    _find_status(frame, found, wishes)
    for name in frame.columns:
        if name not in found.roles:
            found.roles[name] = _role_of(frame[name], name, found, wishes, rules)
    _find_sites(frame, found, wishes)
    _say_left_out(found)
    _say_codes(found)
    found.roles = {name: found.roles[name] for name in frame.columns}
    return found


def _free(frame: pd.DataFrame, found: FoundRoles) -> list[str]:
    return [name for name in frame.columns if name not in found.roles]


def _find_time(frame: pd.DataFrame, found: FoundRoles, wishes: Wishes) -> None:
    """The clock, the columns that hold a part of it, and other clocks, which are left out."""
    named = named_clock(frame, wishes.clock)
    found.roles.update(dict.fromkeys(named[1:], Role.IGNORED))
    given = next((name for name, role in found.roles.items() if role is Role.TIME), None)
    free = _free(frame, found)
    spare = [name for name, role in found.roles.items() if role is Role.IGNORED] if given is not None else []
    choice = choose_clock(frame, free, given, spare)
    if choice.clock is not None:
        found.roles[choice.clock] = Role.TIME
    found.further = (named[1:] or choice.further) + _time_since_start(frame, choice.clock, free)
    others = [name for name in choice.others if name not in found.further]
    for name in (*found.further, *others):
        found.roles.setdefault(name, Role.IGNORED)
    if others:
        found.left_out["another clock"] = others
    for name in choice.no_clocks:
        if name in found.further:
            continue
        text = "{column} is called a time, but its numbers do not run like a clock; it was taken as a sensor."
        found.findings.info("no_clock", text, {"column": name}, column=name, option=f'--time "{name}"')


def _time_since_start(frame: pd.DataFrame, clock: str | None, free: list[str]) -> tuple[str, ...]:
    """The column that counts the time since the start of a run, where the clock shows that start in all of its rows."""
    elapsed = None if clock is None else elapsed_column(frame, clock, free)
    return () if elapsed is None else (elapsed,)


def _find_status(frame: pd.DataFrame, found: FoundRoles, wishes: Wishes) -> None:
    """Status columns, by the sensors whose values they speak of."""
    free = _free(frame, found)
    sensors = [name for name in frame.columns if name in free or found.roles.get(name) is Role.SENSOR]
    numeric = [name for name in sensors if column_names.category(name) is None]
    for name in free:
        if name in numeric and (status := find_status(frame, name, numeric)) is not None:
            found.roles[name] = Role.STATUS
            found.status[name] = status
    for name, role in wishes.roles.items():
        if role is Role.STATUS and (status := find_status(frame, name, sensors)) is not None:
            found.status[name] = status


def _role_of(column: pd.Series, name: str, found: FoundRoles, wishes: Wishes, rules: CellRules) -> Role:
    column = values.without_categories(column)
    if values.is_time(column) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return _left_out(found, name, "another clock")
    if pd.api.types.is_complex_dtype(column.dtype):
        return _left_out(found, name, "complex numbers")
    kind = column_names.category(name)
    if pd.api.types.is_bool_dtype(column.dtype):
        return kind or Role.CONTEXT
    cells = values.look_at(column, rules.no_value)
    if kind is not None and _holds_categories(cells, kind):
        return kind
    if cells.missing.all():
        found.findings.info("empty_column", "{column} holds no value and was left out.", {"column": name}, column=name)
        return Role.IGNORED
    if column_names.is_counter(name) and values.counts_rows(cells.numbers):
        return _role_of_counter(cells.numbers, found, name)
    if cells.mostly_numbers:
        return _role_of_numbers(column, name, cells, found, wishes)
    return _role_of_text(column, name, cells, found)


def _role_of_numbers(column: pd.Series, name: str, cells: values.Cells, found: FoundRoles, wishes: Wishes) -> Role:
    if is_code(name, cells.numbers):
        if not wishes.only_features:
            found.codes.append(name)
        return Role.CONTEXT
    if wishes.only_features:
        return Role.IGNORED
    if not values.is_numeric(column):
        found.cells[name] = cells
    return Role.SENSOR


def _left_out(found: FoundRoles, name: str, why: str) -> Role:
    found.left_out.setdefault(why, []).append(name)
    return Role.IGNORED


def _holds_categories(cells: values.Cells, kind: Role) -> bool:
    """Numbers with a fraction measure something, whatever the column is called, unless they stay as names do.

    Lots such as 12L0 and 12L1 look like numbers with a unit.
    """
    if not cells.mostly_numbers:
        return True
    unit = cells.unit or ""
    if len(unit) > 1 and unit.isalpha() and kind in (Role.EQUIPMENT, Role.STEP):
        return False  # a chamber's 5 mTorr, unlike the tools 1A and 2B
    return values.is_whole(cells.numbers) or values.stay(cells.numbers)


def _role_of_counter(numbers: np.ndarray, found: FoundRoles, name: str) -> Role:
    """A count that begins anew is the step of runs below one another."""
    restarts = bool((np.diff(numbers) != 1).any())
    if restarts and not column_names.is_made_up(name) and Role.STEP not in found.roles.values():
        return Role.STEP
    return _left_out(found, name, "row numbers")


def _role_of_text(column: pd.Series, name: str, cells: values.Cells, found: FoundRoles) -> Role:
    """A text that is another one in every row parts nothing."""
    texts = values.distinct_texts(column)[1]
    if looks_like_time(column):
        return _left_out(found, name, "another clock")
    if column_names.time_rank(name) is not None and Role.TIME not in found.roles.values():
        text = "{column} is called a time, but cannot be read as one: {value}. The rows were taken in their order."
        said: dict[str, object] = {"column": name, "value": repr(str(column.dropna().iloc[0]))}
        found.findings.repaired("unread_time", text, said, column=name, option=f'--time "{name}"', field="time")
    if len(column) > 1 and len(texts) == len(column):
        return _left_out(found, name, "another text in every row")
    kind = column_names.possible_category(name)
    if kind is not None and 2 * len(texts) <= len(column) and _name_such_things(kind, texts.to_pylist()):
        return kind
    numbers = int((~np.isnan(cells.numbers)).sum())
    if numbers > _SOME * len(column):
        _say_few_numbers(found, name, numbers, len(column))
    return Role.CONTEXT


def _say_few_numbers(found: FoundRoles, name: str, numbers: int, rows: int) -> None:
    text = "{column} holds numbers in {count} of {rows} rows and text in the others; it was taken as context."
    found.findings.info(
        "mixed_column",
        text,
        {"column": name, "count": numbers, "rows": rows},
        column=name,
        remedy="If it measures something, name the words that stand for no value: --no-value WORD.",
        option="--no-value WORD",
        field="no_value",
    )


def _find_sites(frame: pd.DataFrame, found: FoundRoles, wishes: Wishes) -> None:
    """The column that tells the rows of a wafer apart by where on it they were measured is their step."""
    run = [name for name in frame.columns if found.roles[name] in (Role.EQUIPMENT, Role.LOT, Role.WAFER)]
    steps = [name for name, role in found.roles.items() if role is Role.STEP]
    if steps or not any(found.roles[name] is Role.WAFER for name in run):
        return
    for name in frame.columns:
        free = name not in wishes.roles and found.roles[name] in (Role.SENSOR, Role.CONTEXT)
        if free and column_names.is_site(name) and _tells_rows_apart(frame, run, name):
            found.roles[name] = Role.STEP
            _say_sites(found, name)
            return


def _say_sites(found: FoundRoles, name: str) -> None:
    found.findings.info(
        "sites",
        "{column} says where on a wafer a row was measured; it was taken as the step, so that each place has limits of "
        "its own.",
        {"column": name},
        column=name,
        option=f'--role "{name}=sensor"',
        field="roles",
    )


def _tells_rows_apart(frame: pd.DataFrame, run: list[str], name: str) -> bool:
    """Whether the rows of a run, several of them, hardly ever share a value."""
    several = frame.duplicated(run, keep=False)
    return bool(several.mean() >= _MOSTLY) and bool(frame.duplicated([*run, name]).mean() <= 1 - _MOSTLY)


def _say_left_out(found: FoundRoles) -> None:
    """One line for the columns that were left out for the same reason."""
    for why, columns in found.left_out.items():
        found.findings.info("left_out", _LEFT_OUT_TEXTS[why], {"columns": _listed(columns)}, count=len(columns))


def _say_codes(found: FoundRoles) -> None:
    if not found.codes:
        return
    found.findings.info(
        "codes",
        "Taken as context, not judged, since their numbers are codes, whose differences mean nothing: {columns}. "
        "Give one that measures something the role sensor.",
        {"columns": _listed(found.codes)},
        column=found.codes[0] if len(found.codes) == 1 else None,
        count=len(found.codes),
        option="--role COL=sensor",
        field="roles",
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:_LISTED]) + (", ..." if len(columns) > _LISTED else "")


def _name_such_things(kind: Role, texts: list[str]) -> bool:
    """Whether texts such as ETCH01-PM1 name equipment, lots or wafers, unlike on and off. Steps are called anything."""
    if kind in (Role.RECIPE, Role.STEP):
        return True
    return 2 * sum(any(sign.isdigit() for sign in text) for text in texts) > len(texts)
