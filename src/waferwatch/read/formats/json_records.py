"""JSON: an object on each line, or a whole document of records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile, FileFormat
from waferwatch.read.formats.rows_as_text import read_as_text

_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:"|\}|$)|\[\s*[\[{])')
_LONGEST_LINE = 16 << 20
_CHUNK = 1 << 20
_LISTS = ("data", "records", "rows", "values", "items", "results")  # where documents keep their records


def _matches(head: bytes, _file: DataFile) -> bool:
    return _BEGINS.match(head) is not None


def _read(file: DataFile) -> FileRows:
    """Whatever stands in a key of any object becomes a column, in the order in which keys first appear."""
    try:
        keys: dict[str, None] = {}
        for record in _first(file):
            keys.update(dict.fromkeys(record))
            file.limits.check_columns(file.name, len(keys))
        rows = ([record.get(key) for key in keys] for record in _first(file))
        return read_as_text(chain([list(keys)], rows), file)
    except (RecursionError, UnicodeDecodeError) as error:
        raise _unreadable(file.name, 1) from error


def _first(file: DataFile) -> Iterator[dict[str, Any]]:
    return islice(_records(file), file.most_rows)


def _records(file: DataFile) -> Iterator[dict[str, Any]]:
    lines = _lines(file)
    first = next(lines, b"")
    try:
        record = _loads(first)
    except ValueError:
        yield from _whole_document(file)
        return
    if isinstance(record, list) and record and isinstance(record[0], dict | list):
        yield from _of_document(record, file.name)
        return
    if isinstance(record, dict) and any(isinstance(value, list) and len(value) > 1 for value in record.values()):
        yield from _of_document(record, file.name)
        return
    yield _flat(record, file.name, 1)
    for number, line in enumerate(lines, 2):
        if line.strip():
            try:
                yield _flat(_loads(line), file.name, number)
            except ValueError as error:
                raise _unreadable(file.name, number) from error


def _lines(file: DataFile) -> Iterator[bytes]:
    with file.open() as raw:
        rest = raw.read(3).removeprefix(b"\xef\xbb\xbf")
        while chunk := raw.read(_CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > _LONGEST_LINE:
                file.limits.check_memory(file.name, 8 * len(rest))
        yield rest


def _whole_document(file: DataFile) -> Iterator[dict[str, Any]]:
    """A document of several lines is read whole."""
    data = file.seekable()
    text = data.getvalue() if not hasattr(data, "read_bytes") else data.read_bytes()
    file.limits.check_memory(file.name, 4 * len(text))
    try:
        yield from _of_document(_loads(text), file.name)
    except ValueError as error:
        raise _unreadable(file.name, getattr(error, "lineno", 1)) from error


def _of_document(document: Any, name: str) -> Iterator[dict[str, Any]]:
    """Records of a list, of a list in an object, or of an object of lists."""
    if isinstance(document, dict):
        columns = document.get("columns") or document.get("fields") or document.get("header")
        rows = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
        if rows and isinstance(rows[0], list) and isinstance(columns, list) and len(columns) == len(rows[0]):
            names = [column["name"] if isinstance(column, dict) and "name" in column else column for column in columns]
            document = [dict(zip(map(str, names), row, strict=False)) for row in rows]
        elif rows and isinstance(rows[0], dict):
            document = rows
        else:
            document = _of_lists(document, name)
    if document and isinstance(document[0], list) and all(isinstance(cell, str) for cell in document[0]):
        document = [dict(zip(document[0], row, strict=False)) for row in document[1:]]
    for number, record in enumerate(document, 1):
        yield _flat(record, name, number)


def _of_lists(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1:
        raise _unreadable(name, 1)
    return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]


def _loads(text: bytes) -> Any:
    """Numbers stay the text that they are, so that no digit is lost."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _flat(record: Any, name: str, number: int) -> dict[str, Any]:
    """An object without objects in it: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    if isinstance(record, list):
        record = {f"column {at}": value for at, value in enumerate(record, 1)}
    if not isinstance(record, dict):
        raise _unreadable(name, number)
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": cell for inner, cell in _flat(value, name, number).items()})
        else:
            flat[key] = _list(value) if isinstance(value, list) else value
    return flat


def _list(cells: Sequence[Any]) -> str:
    return json.dumps(cells, ensure_ascii=False)


def _unreadable(name: str, line: int) -> InputError:
    return InputError(
        "Line {line} of {table} is not a JSON object of a table.",
        hint="Write one object on each line, with a key for each column, or a list of such objects.",
        line=line,
        table=name,
    )


JSON_RECORDS = FileFormat("JSON", (".jsonl", ".ndjson", ".json"), _matches, _read)
