"""Files that appear whole, and are on the disk before anybody relies on them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from waferwatch.errors import StorageFullError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
_PROBE_BYTES = 64 * 1024

Stamp = tuple[int, int, int]  # equal only for the same content of a file: time of writing, inode, size


@dataclass(frozen=True)
class Written:
    """A file that has been written."""

    sha256: str
    stamp: Stamp


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the disk refuses into a sentence.

    Raises:
        StorageFullError: when the disk is full, read-only, failing, or not ours to write.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or error.errno in _UNWRITABLE:
            raise refused(error) from error
        raise


def put(target: Path, write: Callable[[BinaryIO], None]) -> Written:
    """Write a file, in place of an earlier one: every moment shows the old content or the new one, never a part.

    It is on the disk when this returns. Only the server's user can read it.

    Raises:
        StorageFullError: as ``storage_errors``; an earlier file stays as it is.
        OSError: when the folder is gone.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    with storage_errors():
        try:
            with open(partial, "xb", opener=_private) as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            written = Written(sha256_of(partial), stamp_of(partial))
            os.replace(partial, target)
            sync(target.parent)
        finally:
            partial.unlink(missing_ok=True)
    return written


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of files, is on the disk."""
    if path.is_dir():
        if os.name == "nt":  # Windows opens no folders; its file system keeps their order by itself
            return
        opened = os.open(path, os.O_RDONLY)
    else:
        opened = os.open(path, os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_of(path: Path) -> Stamp:
    """
    Raises:
        FileNotFoundError: when there is no such file.
    """
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def create_private(path: Path) -> None:
    """An empty file that only the server's user can read; it stays so when it is written to.

    Raises:
        StorageFullError: as ``storage_errors``.
    """
    with storage_errors():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def probe(folder: Path) -> None:
    """Write a small file and remove it.

    Raises:
        StorageFullError: when nothing can be stored in the folder.
    """
    path = folder / f".probe-{secrets.token_hex(8)}.part"
    try:
        try:
            with open(path, "xb", opener=_private) as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:  # also a folder that is gone
        raise refused(error) from error


def refused(error: OSError) -> StorageFullError:
    """What the disk refused, as a sentence."""
    if error.errno in _FULL:
        return StorageFullError(
            "The disk of the server is full.",
            hint="Delete data sets or runs that are no longer needed, or free some space, then try again.",
        )
    return StorageFullError(
        "The server cannot write to its data folder: {reason}.",
        hint="Give the server's user the right to write there, or set WAFERWATCH_DATA_DIR to another folder.",
        reason=error.strerror or type(error).__name__,
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
