"""What a file looks like when it is read by some options: its lines, the table they make, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from waferwatch.errors import InputError, NotFoundError, TooLargeError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.files import open_rows, with_clock_note
from waferwatch.read.findings import FileFinding, Findings, Level, finding_of
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.formats.registry import format_of
from waferwatch.read.formats.text_table import TEXT_TABLE
from waferwatch.read.frames import table_from_frame
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.roles.find import find_roles
from waferwatch.read.roles.wishes import read_wishes
from waferwatch.read.table import Note, Role, Table
from waferwatch.read.text.head import head_of
from waferwatch.read.text.text_form import TextForm, first_lines

HEAD_ROWS = 500  # of a preview that does not read the whole file
_CAUGHT = (InputError, NotFoundError, TooLargeError)


@dataclass(frozen=True)
class Preview:
    """A file as some options read it. Without a table it shows the cells as they are written."""

    format: str
    whole: bool  # all of the file was read; else its head
    lines: tuple[str, ...]  # the first ones of a text, as they are written
    written: TextForm | None  # how it is written, where it has lines that could be read
    frame: pd.DataFrame  # the rows that were read
    roles: dict[str, Role]  # of every column
    units: dict[str, str]
    first_row: int
    notes: tuple[Note, ...]  # obstacles among them
    table: Table | None  # None where something stands in the way


def preview_file(
    path: Path, name: str, options: ImportOptions, *, whole: bool, limits: Limits, notes: Iterable[Note] = ()
) -> Preview:
    """Read a file, or its head, and show how far that goes.

    Nothing that stands in the way is raised: it is among the notes.

    Args:
        name: of the file, in messages.
        whole: read all of it; else about ``HEAD_ROWS`` rows, where the format allows that. What only the whole file can
            tell, such as whether days or months come first, is then left open.
        notes: what is known already.
    """
    file = DataFile(path, name, limits, options.form)
    findings = Findings(notes)
    format_name, rows = "", None
    lines: tuple[str, ...] = ()
    try:
        found = format_of(file)
        format_name = found.name
        if found is TEXT_TABLE:
            lines = _lines(file)
        rows = open_rows(path, name, limits, options.form, None if whole else HEAD_ROWS)
    except _CAUGHT as error:
        _add(findings, error)
    if rows is None:
        return Preview(format_name, whole, lines, None, pd.DataFrame(), {}, {}, 1, findings.everything, None)
    return _of_rows(rows, Preview(format_name, whole, lines, rows.written, rows.frame, {}, rows.units, rows.first_row,
                                  findings.everything, None), name, options)  # fmt: skip


def _of_rows(rows: FileRows, shown: Preview, name: str, options: ImportOptions) -> Preview:
    lines = shown.lines or (() if rows.written is None else rows.written.first_lines)
    shown = replace(shown, lines=lines)
    findings = Findings((*shown.notes, *rows.notes))
    try:
        table = table_from_frame(
            rows.frame, name=name, first_row=rows.first_row, notes=rows.notes, rules=options.rules, **options.columns
        )
        table = with_clock_note(table)
    except _CAUGHT as error:
        for finding in getattr(error, "findings", None) or (finding_of(error),):
            if finding not in findings.everything:
                findings.add(finding)
        notes = _opened(findings.everything, shown.whole)
        return replace(shown, roles=_roles(rows, name, options), notes=notes)
    notes = _opened((*shown.notes, *table.notes), shown.whole)
    return replace(shown, frame=table.frame, roles=table.roles, notes=notes, table=table)


def _opened(notes: tuple[Note, ...], whole: bool) -> tuple[Note, ...]:
    """The notes without what the head of a file cannot tell."""
    if whole or not any(_is_order(note) for note in notes):
        return notes
    said = FileFinding(
        "Whether days or months come first is decided over the whole file.", level=Level.INFO, code="date_order_open"
    )
    return (*(note for note in notes if not _is_order(note)), said)


def _is_order(note: Note) -> bool:
    return isinstance(note, FileFinding) and note.code == "date_order"


def _roles(rows: FileRows, name: str, options: ImportOptions) -> dict[str, Role]:
    """The roles that can be found in rows that make no table."""
    frame = rows.frame
    try:
        wishes = read_wishes(name, list(frame.columns), **options.columns)
        return find_roles(frame, wishes, name, rows.first_row, Findings(), options.rules).roles
    except _CAUGHT:
        return {str(column): Role.IGNORED for column in frame.columns}


def _lines(file: DataFile) -> tuple[str, ...]:
    """The first lines of a text, also where no table can be found in them."""
    head = head_of(file.source, file.name, file.limits, file.form)
    try:
        return head.text_form().first_lines
    except InputError:
        return first_lines(head.lines())


def _add(findings: Findings, error: InputError | NotFoundError | TooLargeError) -> None:
    findings.extend(getattr(error, "findings", None) or (finding_of(error),))


def is_mendable(path: Path, name: str, limits: Limits) -> bool:
    """Whether anything of a file can be shown, so that its reading may be mended."""
    shown = preview_file(path, name, ImportOptions(), whole=False, limits=limits)
    return bool(shown.lines) or len(shown.frame) > 0
