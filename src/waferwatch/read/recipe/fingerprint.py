"""The form of a file in short: what files of one form have in common, whatever their values are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waferwatch.read.file_rows import FileRows
from waferwatch.read.form import DELIMITERS
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.formats.registry import format_of
from waferwatch.read.formats.text_table import TEXT_TABLE, written_form
from waferwatch.read.recipe.option_fields import HINT_TEXTS, check_known, wrong_field
from waferwatch.read.text.text_form import TextForm

_LOOKED_AT = 200  # rows of a file that is no text
_PARTS = ("format", "delimiter", "header_line", "columns", "units")
DELIMITER_NAMES = {sign: name for name, sign in DELIMITERS.items()} | {"  ": "blanks"}


@dataclass(frozen=True)
class FormPrint:
    """What files of one form have in common.

    Without a line of names there is little to know a form by, so that the kinds of its columns stand in for them.
    """

    format: str  # as the table of formats calls it
    delimiter: str | None  # of a text table, by name
    header_line: int | None  # line with the names, from 1; 0: there is none; None: the format has no lines
    columns: tuple[str, ...]  # as they are written; kinds of the cells where nothing names them
    units: tuple[str, ...]  # one for each column, "" without one

    def difference(self, other: FormPrint) -> str | None:
        """The first part in which the two differ; None where they are equal."""
        return next((part for part in _PARTS if getattr(self, part) != getattr(other, part)), None)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a recipe."""
        return {
            "format": self.format,
            "delimiter": self.delimiter,
            "header_line": self.header_line,
            "columns": list(self.columns),
            "units": list(self.units),
        }


def print_from_json(document: Any) -> FormPrint:
    """The fingerprint of ``to_json``.

    Raises:
        InputError: a field is missing, not known or of a wrong kind.
    """
    if not isinstance(document, dict):
        raise wrong_field("fingerprint", document, HINT_TEXTS["fingerprint"])
    check_known(document, _PARTS)
    for part in _PARTS:
        if part not in document or not _fits(part, document):
            raise wrong_field(part, document.get(part), HINT_TEXTS["fingerprint"])
    return FormPrint(
        document["format"],
        document["delimiter"],
        document["header_line"],
        tuple(document["columns"]),
        tuple(document["units"]),
    )


def _fits(part: str, document: Mapping[str, Any]) -> bool:
    value = document[part]
    if part == "format":
        return isinstance(value, str)
    if part == "delimiter":
        return value is None or value in DELIMITERS
    if part == "header_line":
        return value is None or type(value) is int
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def print_of(file: DataFile) -> FormPrint:
    """The fingerprint of a file, from its head where it is text.

    Raises:
        InputError, NotFoundError, TooLargeError, MissingExtraError: the file cannot be read by its form.
    """
    found = format_of(file)
    if found is TEXT_TABLE:
        return _of_text(written_form(file), found.name)
    return print_of_rows(found.read(file.head(_LOOKED_AT)), found.name)


def print_of_rows(rows: FileRows, format_name: str) -> FormPrint:
    """The fingerprint of a file whose rows were read."""
    columns = tuple(map(str, rows.frame.columns))
    units = tuple(rows.units.get(name, "") for name in columns)
    line = None if rows.written is None else rows.written.header.names_line or 0
    return FormPrint(format_name, None, line, columns, units)


def _of_text(form: TextForm, format_name: str) -> FormPrint:
    named = form.header.found
    columns = form.columns if named else tuple(kind.name.lower() for kind in form.kinds)
    units = tuple(form.units.get(name, "") for name in form.columns)
    return FormPrint(format_name, DELIMITER_NAMES[form.delimiter], form.header.names_line or 0, columns, units)
