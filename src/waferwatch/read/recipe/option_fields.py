"""Import options as JSON, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from waferwatch.errors import InputError
from waferwatch.read.recipe.options import ImportOptions

_MOST_NAMES = 10_000
HINT_TEXTS = {
    "options": 'Write it as an object, such as {{"encoding": "cp949"}}.',
    "text": "Write text in double quotes.",
    "line": "Write the number of a line, counted from 1; 0 where there is none.",
    "names": 'Write a list of names, such as ["first", "second"].',
    "roles": 'Write an object of columns and roles, such as {{"State": "context"}}.',
    "share": "Give a number from 0 to 1.",
    "flag": "Write true or false.",
    "rows": 'Write a list such as [{{"column": "State", "value": "PM"}}].',
    "fingerprint": "Leave it as waferwatch wrote it, or write null.",
}


class _Kind(NamedTuple):
    fits: Callable[[Any], bool]
    made: Callable[[Any], Any]
    hint: str


def options_to_json(options: ImportOptions) -> dict[str, Any]:
    """What the options say; nothing of what they leave to be found."""
    said = {one.name: getattr(options, one.name) for one in fields(options)}
    rows = said.pop("leave_out_rows")
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    found["roles"] = dict(options.roles) or None
    if rows is not None:
        found["leave_out_rows"] = [{"column": column, "value": value} for column, value in rows]
    return {name: value for name, value in found.items() if value is not None}


def options_from_json(document: Any, field: str = "options") -> ImportOptions:
    """The options of ``options_to_json``, or as a person has written them.

    Args:
        document: what JSON gave.
        field: what the document is called in messages.

    Raises:
        InputError, NotFoundError: a field that does not exist, or a value that it cannot have.
    """
    if not isinstance(document, dict):
        raise wrong_field(field, document, HINT_TEXTS["options"])
    check_known(document, _KINDS)
    given = {}
    for name, value in document.items():
        kind = _KINDS[name]
        if value is None:
            continue
        if not kind.fits(value):
            raise wrong_field(name, value, kind.hint)
        given[name] = kind.made(value)
    return ImportOptions(**given)


def options_from_python(given: Mapping[str, Any]) -> ImportOptions:
    """Options as keyword arguments: tuples as well as lists, and rows to leave out as a dictionary too.

    Raises:
        InputError, NotFoundError: as ``options_from_json``.
    """
    plain: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    rows = plain.get("leave_out_rows")
    pairs = list(rows.items()) if isinstance(rows, dict) else rows
    if isinstance(pairs, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        plain["leave_out_rows"] = [{"column": column, "value": value} for column, value in pairs]
    if isinstance(plain.get("roles"), Mapping):
        plain["roles"] = {str(column): str(role) for column, role in plain["roles"].items()}
    return options_from_json(plain)


def check_known(document: Mapping[str, Any], known: Iterable[str]) -> None:
    """
    Raises:
        InputError: there is a field that is not among the known ones.
    """
    for name in document:
        if name not in known:
            raise InputError(
                "There is no field {name} here.",
                hint="The fields are: {known}.",
                field=str(name)[:100],
                name=str(name)[:100],
                known=", ".join(known),
            )


def wrong_field(name: str, value: Any, hint: str) -> InputError:
    """The error for a value that a field cannot have; ``hint`` is one of ``HINT_TEXTS``."""
    shown = repr(value)
    return InputError(
        "The field {name} cannot be {value}.",
        hint=hint,
        field=name,
        name=name,
        value=shown if len(shown) <= 100 else f"{shown[:100]}…",
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 1000


def _are_names(value: Any) -> bool:
    listed = [value] if isinstance(value, str) else value
    return isinstance(listed, list) and 0 < len(listed) <= _MOST_NAMES and all(map(_is_name, listed))


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


def _are_roles(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_name(one) for pair in value.items() for one in pair)


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and set(one) == {"column", "value"} and all(map(_is_name, one.values())) for one in value
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT = _Kind(_is_name, str, HINT_TEXTS["text"])
_LINE = _Kind(lambda value: type(value) is int and 0 <= value < 2**31, int, HINT_TEXTS["line"])
_NAMES = _Kind(_are_names, _names, HINT_TEXTS["names"])
_KINDS: dict[str, _Kind] = {
    "encoding": _TEXT,
    "delimiter": _TEXT,
    "header_line": _LINE,
    "units_line": _LINE,
    "shape": _TEXT,
    "sheet": _TEXT,
    "features": _NAMES,
    "time": _NAMES,
    "group": _NAMES,
    "label": _TEXT,
    "roles": _Kind(_are_roles, dict, HINT_TEXTS["roles"]),
    "no_value": _NAMES,
    "bad_cells": _Kind(_is_number, float, HINT_TEXTS["share"]),
    "date_order": _TEXT,
    "time_zone": _TEXT,
    "keep_values": _Kind(lambda value: isinstance(value, bool), bool, HINT_TEXTS["flag"]),
    "leave_out_rows": _Kind(
        _are_rows, lambda value: tuple((one["column"], one["value"]) for one in value), HINT_TEXTS["rows"]
    ),
}
