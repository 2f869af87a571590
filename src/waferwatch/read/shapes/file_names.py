"""What the names of several files say of their rows: ``ETCH-01_L010001_W03.csv`` is a wafer of a lot on a tool."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from waferwatch.read.roles.column_names import category
from waferwatch.read.table import Role

Span = tuple[float, float]  # first and last second of a file
_SIGNS = (re.compile(r"[/\\_\s,;+=~()\[\]]+"), re.compile(r"[/\\.\-\s]+"))
_DATE = re.compile(r"\d{6,}(?:[T-]?\d+)?Z?|\d{4}[-.]\d{1,2}[-.]\d{1,2}.*|\d{1,2}h\d{0,2}|T?\d{6}")
_NUMBERED = re.compile(r"([^\W\d]+)[-#.]?(\w+)")
_SLOT = re.compile(r"(?:w|wf|wfr|wafer|s|slot|웨이퍼|슬롯)?[-#.]?(\d{1,2})", re.IGNORECASE)
_WAFER = re.compile(r"(?:w|wf|wfr|wafer|s|slot|웨이퍼|슬롯)[-#.]?(\d{1,2})", re.IGNORECASE)
_LOT = re.compile(r"(?:lot|l|foup|로트|랏)[-#.]?\w*\d[\w.-]*", re.IGNORECASE)
_TOOL = re.compile(r"(?:[A-Z]{2,}\w*[-#.]?\d{1,3}\w?|(?:PM|CH)[-#.]?[A-Z0-9])", re.IGNORECASE)
_LAST_SLOT = 25
_ORDER = (Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE)


def columns_of_names(names: Sequence[str], spans: Sequence[Span] | None) -> dict[str, list[str]]:
    """The columns that the names of files stand for, one value for each file; none where the names are no such.

    A part of the names is a wafer, a lot or an equipment where its form says so in every name. Where the files run at
    the same time, the equipment is the part with the fewest values whose files follow one another.

    Args:
        names: of the files, without their endings, with the folders that differ.
        spans: first and last time of each file; None where times begin anew in each, or there are none.
    """
    parts = _parts(names)
    if parts is None:
        return {}
    found = _named(parts)
    _add_wafers(parts, found)
    _add_equipment(parts, found, spans)
    if Role.EQUIPMENT in found and spans is not None and _overlap(parts[found[Role.EQUIPMENT]], spans):
        del found[Role.EQUIPMENT]
    return {role.value: parts[found[role]] for role in _ORDER if role in found}


def _parts(names: Sequence[str]) -> list[list[str]] | None:
    """The parts of the names by their position, with a value for each name; None where the names differ in form."""
    for sign in _SIGNS:
        split = [[part for part in sign.split(name) if part] for name in names]
        count = len(split[0])
        if count > 1 and all(len(one) == count for one in split):
            return [[one[at] for one in split] for at in range(count)]
    return None


def _named(parts: list[list[str]]) -> dict[Role, int]:
    """Parts that say what they are: ``lot_A12``, ``EQP01``."""
    found: dict[Role, int] = {}
    for at, values in enumerate(parts):
        word = parts[at - 1][0] if at and len(set(parts[at - 1])) == 1 else ""
        role = category(word) if word.isalpha() else None
        if role is None:
            begun = {match[1] for value in values if (match := _NUMBERED.fullmatch(value))}
            same = len(begun) == 1 and all(_NUMBERED.fullmatch(value) for value in values)
            role = category(begun.pop()) if same else None
        if role in _ORDER and role is not None and not _only_dates(values):
            found.setdefault(role, at)
    return found


def _add_wafers(parts: list[list[str]], found: dict[Role, int]) -> None:
    """Wafers by their slots, and the lot that stands by its form or just before."""
    free = [at for at in range(len(parts)) if at not in found.values() and not _only_dates(parts[at])]
    if Role.LOT not in found:
        lots = [at for at in free if all(_LOT.fullmatch(value) and not _WAFER.fullmatch(value) for value in parts[at])]
        found.update({Role.LOT: lots[0]} if lots else {})
    if Role.WAFER not in found:
        lot = found.get(Role.LOT)
        wafers = [at for at in free if at != lot and _are_slots(parts[at], bare=lot is not None and at == lot + 1)]
        found.update({Role.WAFER: wafers[-1]} if wafers else {})
    if Role.WAFER not in found:
        found.pop(Role.LOT, None)


def _are_slots(values: Sequence[str], *, bare: bool) -> bool:
    """Whether all values are numbers of slots, with a W or S before them unless they may be bare."""
    matches = [(_SLOT if bare else _WAFER).fullmatch(value) for value in values]
    return len(set(values)) > 1 and all(match and 0 < int(match[1]) <= _LAST_SLOT for match in matches)


def _add_equipment(parts: list[list[str]], found: dict[Role, int], spans: Sequence[Span] | None) -> None:
    if Role.EQUIPMENT in found:
        return
    free = [at for at in range(len(parts)) if at not in found.values() and not _only_dates(parts[at])]
    if spans is not None and _overlap([""] * len(spans), spans):
        apart = [at for at in free if not _overlap(parts[at], spans)]
        tools = min(apart, key=lambda at: len(set(parts[at])), default=None)
        few = tools is not None and len(set(parts[tools])) < len(spans)
    else:
        tools = next((at for at in free if all(_TOOL.fullmatch(value) for value in parts[at])), None)
        few = Role.WAFER in found
    if tools is not None and few:
        found[Role.EQUIPMENT] = tools


def _overlap(names: Sequence[str], spans: Sequence[Span]) -> bool:
    """Whether two files of one name run at the same time."""
    by_name: dict[str, list[Span]] = {}
    for name, span in zip(names, spans, strict=True):
        by_name.setdefault(name, []).append(span)
    ordered = (sorted(of_one) for of_one in by_name.values())
    return any(one[1] > other[0] for of_one in ordered for one, other in pairwise(of_one))


def _only_dates(values: Sequence[str]) -> bool:
    return all(_DATE.fullmatch(value) for value in values)


def without_known(columns: Mapping[str, list[str]], taken: Sequence[str]) -> dict[str, list[str]]:
    """The columns whose roles no column of the files has already."""
    known = {category(name) for name in taken}
    return {name: values for name, values in columns.items() if category(name) not in known}
