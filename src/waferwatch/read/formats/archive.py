"""Archives, zip and tar, and folders: of one file, of one for each sensor, or of one for each run, day or tool."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, cast

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream
from waferwatch.read.shapes.members import Member, read_members

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC = slice(257, 262)
Reads = Callable[[DataFile], FileRows]


def archive_format(read_file: Reads) -> FileFormat:
    """The format of zip archives.

    Args:
        read_file: reads one file inside, whatever its format.
    """
    return FileFormat(
        "zip", (".zip",), lambda head, _file: head.startswith(_MAGIC), lambda file: _read_zip(file, read_file)
    )


def tar_format(read_file: Reads) -> FileFormat:
    """The format of tar archives; ``read_file`` as for ``archive_format``."""
    return FileFormat(
        "tar",
        (".tar", ".tgz"),
        lambda head, _file: head[_TAR_MAGIC] == b"ustar",
        lambda file: _read_tar(file, read_file),
    )


def read_folder(folder: Path, file: DataFile, read_file: Reads) -> FileRows:
    """All files in a folder and the folders in it as one table; links to other folders are not followed.

    Raises: as for an archive.
    """
    paths = [Path(at) / name for at, _folders, names in os.walk(folder) for name in names]
    members = [
        Member(path.relative_to(folder).as_posix(), path.stat().st_size, partial(_bytes_of, path))
        for path in sorted(paths)
        if path.is_file()
    ]
    return read_members(members, file, read_file)


def _bytes_of(path: Path) -> IO[bytes]:
    return path.open("rb")


def _read_zip(file: DataFile, read_file: Reads) -> FileRows:
    data = file.seekable()
    try:
        with binary_stream(data) as raw, zipfile.ZipFile(raw) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            if any(info.flag_bits & 1 for info in files):
                raise InputError(
                    "{table} is protected by a password.", hint="Make an archive without a password.", table=file.name
                )
            members = [Member(info.filename, info.file_size, partial(archive.open, info)) for info in files]
            return read_members(members, file, read_file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise _damaged(file.name, "zip") from error


def _read_tar(file: DataFile, read_file: Reads) -> FileRows:
    data = file.seekable()
    try:
        with binary_stream(data) as raw, tarfile.open(fileobj=raw, mode="r:") as archive:
            members = [
                Member(info.name.removeprefix("./"), info.size, partial(_open, archive, info))
                for info in archive.getmembers()
                if info.isfile()
            ]
            return read_members(members, file, read_file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(file.name, "tar") from error


def _open(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return cast(IO[bytes], archive.extractfile(info))  # None only for what is no file


def _damaged(name: str, kind: str) -> InputError:
    return InputError(
        "{table} is damaged: it cannot be read as a {kind} archive.",
        hint="Copy or export the file again.",
        table=name,
        kind=kind,
    )
