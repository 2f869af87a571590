"""Several files as one table: what an archive or a folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import pandas as pd

from waferwatch.errors import InputError, NotFoundError, TooLargeError
from waferwatch.read.cells.values import is_numeric, look_at
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.shapes.several_files import NamedRows, put_together
from waferwatch.read.text.source import Opens

_MOST_FILES = 2_000


@dataclass(frozen=True)
class Member:
    """One file of several."""

    path: str  # within the archive or folder, with slashes
    size: int  # bytes, unpacked, as far as is said
    open: Opens

    @property
    def holds_data(self) -> bool:
        parts = PurePosixPath(self.path).parts
        return self.size > 0 and not any(part.startswith((".", "__MACOSX")) for part in parts)


def read_members(members: Sequence[Member], file: DataFile, read_file: Callable[[DataFile], FileRows]) -> FileRows:
    """The rows of all files, or of the one that is wished for, as one table.

    Args:
        members: what there is.
        file: the archive or folder.
        read_file: reads one file inside, whatever its format.

    Raises:
        InputError, NotFoundError: none of them can be read, or the one wished for is not there.
        TooLargeError: they are too many, or hold more than the limits allow.
    """
    members = [member for member in members if member.holds_data]
    _check(members, file)
    findings = Findings()
    found: list[tuple[str, FileRows]] = []
    count, memory = 0, 0
    for member in _wished(members, file):
        rows = _read_member(member, file, read_file, findings, alone=len(members) == 1)
        if rows is not None:
            found.append((member.path, rows))
            count += len(rows.frame)
            file.limits.check_rows(file.name, count)
            memory += int(rows.frame.memory_usage().sum())
            file.limits.check_memory(file.name, memory)
    if not found:
        raise InputError(
            "{table} holds no file that can be read as a table: {reasons}",
            hint="Put CSV, Parquet or Excel files into it.",
            table=file.name,
            reasons=" ".join(str(note) for note in findings.notes[:3]),
        )
    names = _names([path for path, _rows in found])
    return put_together(
        [NamedRows(name, rows) for name, (_path, rows) in zip(names, found, strict=True)], file.name, findings
    )


def _names(paths: Sequence[str]) -> list[str]:
    """The names of files without their endings; with the folders that differ where the names alone do not tell them
    apart.
    """
    stems = [PurePosixPath(path).stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    parts = [PurePosixPath(path).with_suffix("").parts for path in paths]
    shared = 0
    while len({one[: shared + 1] for one in parts}) == 1:
        shared += 1
    return ["/".join(one[shared:]) for one in parts]


def _check(members: Sequence[Member], file: DataFile) -> None:
    """What is said of them; the rest is counted while they are unpacked."""
    if not members:
        raise InputError("{table} holds no file with data.", hint="Choose one with a file in it.", table=file.name)
    if len(members) > _MOST_FILES:
        raise TooLargeError(
            "{table} holds {found} files; at most {limit} are accepted.",
            hint="Split it.",
            table=file.name,
            found=len(members),
            limit=_MOST_FILES,
        )
    file.limits.check_bytes(file.name, sum(member.size for member in members))


def _wished(members: list[Member], file: DataFile) -> list[Member]:
    if file.form.sheet is None or len(members) == 1:
        return members
    found = [one for one in members if file.form.sheet in (one.path, PurePosixPath(one.path).name)]
    if not found:
        raise NotFoundError(
            "{table} holds no file {sheet}.",
            hint="Its files are: {files}.",
            field="sheet",
            table=file.name,
            sheet=file.form.sheet,
            files=", ".join(one.path for one in members[:20]),
        )
    return found


def _read_member(
    member: Member, file: DataFile, read_file: Callable[[DataFile], FileRows], findings: Findings, *, alone: bool
) -> FileRows | None:
    """The rows of one file; None where it is none with a table, which is reported."""
    name = f"{file.name}/{member.path}"
    try:
        rows = read_file(replace(file, source=member.open, name=name))
        if not alone and not _holds_numbers(rows.frame):
            raise InputError("{table} holds no numbers.", hint="", table=name)
        return rows
    except TooLargeError:
        raise
    except InputError as error:
        if alone:
            raise
        findings.repaired(
            "file_left_out",
            "{table} was left out: {reason}",
            {"table": name, "reason": error.message()},
        )
        return None


def _holds_numbers(frame: pd.DataFrame) -> bool:
    """Whether any column is mostly numbers; those whose type says so are looked at first."""
    columns = sorted((frame[name] for name in frame.columns), key=lambda one: not is_numeric(one))
    return any(look_at(column).mostly_numbers for column in columns)
