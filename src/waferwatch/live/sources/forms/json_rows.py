"""Rows as JSON: one object a line, an array, or what Telegraf's HTTP output sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from waferwatch.errors import InputError
from waferwatch.live.log.rows import LiveRow, check_row
from waferwatch.live.sources.forms.texts import number_of, part_named, reading_of, text_of, time_of

_READINGS = ("sensors", "readings", "values", "fields")  # keys under which readings may stand together
_NAMES = ("equipment", "lot", "wafer", "recipe", "step", "state", "run")
_LARGEST = 2**63
NOTHING: Mapping[str, str] = MappingProxyType({})


def rows_of_json(body: bytes, known: Mapping[str, str] = NOTHING) -> list[LiveRow]:
    """
    Args:
        known: equipment, lot and their like, of rows that do not name them: what a topic or a key says.

    Raises:
        InputError: something is no row; the message names it by its number, from 1.
    """
    found = []
    for number, record in enumerate(_records(body), start=1):
        row = _telegraf(record, number, known) if _is_telegraf(record) else _plain(record, number, known)
        check_row(row, number)
        found.append(row)
    return found


def _records(body: bytes) -> Iterator[Mapping[str, Any]]:
    text = body.strip()
    if text[:1] == b"[":
        yield from _objects(_parsed(text, 1))
        return
    lines = text.splitlines()
    if len(lines) > 1 and not _is_document(lines[0]):
        yield from _objects([_parsed(text, 1)])  # one object over several lines
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from _objects([_parsed(line, number)], number)


def _is_document(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.strip().endswith(b"}")
    return True


def _objects(values: object, first: int = 1) -> Iterator[Mapping[str, Any]]:
    for number, value in enumerate(values if isinstance(values, list) else [values], start=first):
        if not isinstance(value, dict):
            raise InputError(
                "Row {row} is not a JSON object.",
                hint='Send rows like {{"equipment": "ETCH-01", "time": "2026-01-05T08:00:00", "pressure": 1.5}}.',
                field="rows",
                row=number,
            )
        metrics = value.get("metrics")
        if isinstance(metrics, list):
            yield from _objects(metrics)
        else:
            yield value


def _parsed(text: bytes, row: int) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(
            "Row {row} is not valid JSON: {reason}.",
            hint="Send one JSON object a line, or an array of them.",
            field="rows",
            row=row,
            reason=str(error),
        ) from error


def _is_telegraf(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("fields"), dict) and isinstance(record.get("tags"), dict)


def _telegraf(record: Mapping[str, Any], row: int, known: Mapping[str, str]) -> LiveRow:
    """Tags name the equipment and its context; without such a tag the metric's name is the equipment."""
    tags = record["tags"]
    parts: dict[str, Any] = dict(known)
    parts |= {part: value for key, value in tags.items() if (part := part_named(key)) is not None}
    parts.setdefault("equipment", record.get("name"))
    return _row(parts, record.get("timestamp"), record["fields"], row)


def _plain(record: Mapping[str, Any], row: int, known: Mapping[str, str]) -> LiveRow:
    parts: dict[str, Any] = {}
    readings: dict[str, Any] = {}
    for key, value in record.items():
        part = part_named(key)
        if key in _READINGS and isinstance(value, dict):
            readings.update(value)
        elif part is not None and part not in parts:
            parts[part] = value
        else:
            readings[key] = value
    return _row({**known, **parts}, parts.get("time"), readings, row)


def _row(parts: Mapping[str, Any], time: object, readings: Mapping[str, Any], row: int) -> LiveRow:
    names = {name: _name(parts.get(name), name, row) for name in _NAMES}
    return LiveRow(
        time=time_of(time, row),
        readings={key: reading_of(value, key, row) for key, value in readings.items()},
        sequence=_sequence(parts.get("sequence"), row),
        **names,
    )


def _name(value: object, name: str, row: int) -> str:
    if isinstance(value, dict | list):
        raise InputError(
            "The {name} of row {row} is neither text nor a number.",
            hint='Send it like "{name}": "A1".',
            field=name,
            name=name,
            row=row,
        )
    return text_of(value)


def _sequence(value: object, row: int) -> int | None:
    if value is None:
        return None
    number = number_of(value)
    if number is None or number != number or not number.is_integer() or abs(number) >= _LARGEST:
        raise InputError(
            "The sequence of row {row} is not a whole number.",
            hint="Leave it out, or number the rows of one moment.",
            field="sequence",
            row=row,
        )
    return int(number)
