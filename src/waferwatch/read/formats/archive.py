"""Zip archives: of one file, of one for each sensor, or of one for each run, day or tool."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO

from waferwatch.errors import InputError, NotFoundError, TooLargeError
from waferwatch.read.cells.values import look_at
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream
from waferwatch.read.limits import Limits
from waferwatch.read.shapes.several_files import NamedRows, put_together

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_FILES = 2_000


def archive_format(read_file: Callable[[DataFile], FileRows]) -> FileFormat:
    """The format of archives.

    Args:
        read_file: reads one file inside, whatever its format.
    """
    return FileFormat(
        "zip", (".zip",), lambda head, _file: head.startswith(_MAGIC), lambda file: _read(file, read_file)
    )


def _read(file: DataFile, read_file: Callable[[DataFile], FileRows]) -> FileRows:
    data = file.seekable()
    try:
        with binary_stream(data) as raw, zipfile.ZipFile(raw) as archive:
            members = [info for info in archive.infolist() if _holds_data(info)]
            _check(members, file)
            findings = Findings()
            found = []
            for info in _wished(members, file):
                rows = _read_member(archive, info, file, read_file, findings, alone=len(members) == 1)
                if rows is not None:
                    found.append(NamedRows(PurePosixPath(info.filename).stem, rows))
                    _check_total(found, file.name, file.limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise _damaged(file.name) from error
    if not found:
        raise InputError(
            "{table} holds no file that can be read as a table: {reasons}",
            hint="Put CSV, Parquet or Excel files into the archive.",
            table=file.name,
            reasons=" ".join(str(note) for note in findings.notes[:3]),
        )
    return put_together(found, file.name, findings)


def _holds_data(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not info.is_dir() and not hidden and info.file_size > 0


def _check(members: Sequence[zipfile.ZipInfo], file: DataFile) -> None:
    """What the archive says of itself; the rest is counted while it is unpacked."""
    if not members:
        raise InputError("{table} is empty.", hint="Choose an archive with a file in it.", table=file.name)
    if len(members) > _MOST_FILES:
        raise TooLargeError(
            "{table} holds {found} files; at most {limit} are accepted.",
            hint="Split the archive.",
            table=file.name,
            found=len(members),
            limit=_MOST_FILES,
        )
    if any(info.flag_bits & 1 for info in members):
        raise InputError(
            "{table} is protected by a password.", hint="Make an archive without a password.", table=file.name
        )
    file.limits.check_bytes(file.name, sum(info.file_size for info in members))


def _wished(members: list[zipfile.ZipInfo], file: DataFile) -> list[zipfile.ZipInfo]:
    if file.form.sheet is None or len(members) == 1:
        return members
    found = [info for info in members if file.form.sheet in (info.filename, PurePosixPath(info.filename).name)]
    if not found:
        raise NotFoundError(
            "{table} holds no file {sheet}.",
            hint="Its files are: {files}.",
            field="sheet",
            table=file.name,
            sheet=file.form.sheet,
            files=", ".join(info.filename for info in members[:20]),
        )
    return found


def _read_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    file: DataFile,
    read_file: Callable[[DataFile], FileRows],
    findings: Findings,
    *,
    alone: bool,
) -> FileRows | None:
    """The rows of one file; None where it is none with a table, which is reported."""

    def opened() -> IO[bytes]:
        return archive.open(info)

    name = f"{file.name}/{info.filename}"
    member = replace(file, source=opened, name=name)
    try:
        rows = read_file(member)
        if not alone and not any(look_at(rows.frame[column]).mostly_numbers for column in rows.frame.columns):
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


def _check_total(found: Sequence[NamedRows], name: str, limits: Limits) -> None:
    rows = sum(len(one.rows.frame) for one in found)
    limits.check_rows(name, rows)
    limits.check_memory(name, sum(int(one.rows.frame.memory_usage().sum()) for one in found))


def _damaged(name: str) -> InputError:
    return InputError(
        "{table} is damaged: it cannot be read as a zip archive.", hint="Copy or export the file again.", table=name
    )
