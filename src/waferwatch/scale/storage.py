"""Files wherever they lie: on a disk, in S3, GCS, Azure or HDFS by Arrow, elsewhere by fsspec.

What is written is there as a whole or not at all: object stores show a file once it is complete, and on a disk it is
moved to its name.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

import psutil
import pyarrow as pa
import pyarrow.fs as pafs

from waferwatch.errors import InputError, MissingExtraError, NotFoundError

Result = TypeVar("Result")

_TRIES, _WAIT = 4, 0.5  # of storage that fails for a moment; seconds, doubled each time
_HOST = platform.node() or "here"
_BY_ARROW = ("file", "s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs")


@dataclass(frozen=True)
class FoundFile:
    """A file of a folder."""

    name: str  # below the folder, with / between its parts
    size: int  # bytes


@dataclass(frozen=True)
class Storage:
    """A folder, or a file.

    Args:
        url: an absolute path, or a URL such as ``s3://bucket/folder?region=eu-central-1``. How to log in is left to the
            environment, as the tools of each store read it; a URL with a password is refused, since plans keep it.
    """

    url: str

    @classmethod
    def at(cls, place: str, field: str) -> Storage:
        """A place as a person writes it.

        Raises:
            InputError: it holds a password, or names a kind of storage that does not exist.
        """
        parts = urlsplit(place)
        if "://" not in place:
            return cls(str(Path(place).absolute()))
        if parts.password is not None:
            raise InputError(
                "The address of {host} holds a password.",
                hint="Leave it out, and give it in the environment, as the tools of this storage read it.",
                field=field,
                host=parts.hostname or "",
            )
        found = cls(place)
        found.system  # noqa: B018 - raises where there is no such storage
        return found

    @property
    def system(self) -> Any:
        """The file system."""
        return _system(*self._key())

    @property
    def path(self) -> str:
        """The path within the file system."""
        if "://" not in self.url:
            return self.url
        parts = urlsplit(self.url)
        if parts.scheme in ("file", "hdfs", "viewfs"):
            return parts.path
        if parts.scheme in ("abfs", "abfss"):
            return (parts.username or parts.netloc) + parts.path
        return parts.netloc + parts.path

    def child(self, name: str) -> Storage:
        """A file or folder in it."""
        if "://" not in self.url:
            return Storage(f"{self.url.rstrip('/')}/{name}")
        parts = urlsplit(self.url)
        return Storage(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")))

    def size(self) -> int | None:
        """Bytes of the file; None where there is none."""
        found = self.system.get_file_info(self.path)
        return int(found.size) if found.type == pafs.FileType.File else None

    def is_folder(self) -> bool:
        return bool(self.system.get_file_info(self.path).type == pafs.FileType.Directory)

    def folder_and_name(self) -> tuple[Storage, str | None]:
        """The folder, and the name of the file where this is one."""
        if self.size() is None:
            return self, None
        parts = urlsplit(self.url) if "://" in self.url else None
        path = self.url if parts is None else parts.path
        folder, _, name = path.rpartition("/")
        return Storage(folder or "/" if parts is None else urlunsplit(parts._replace(path=folder))), name

    def files(self, only: str | None = None) -> Iterator[FoundFile]:
        """All files below it, by name; those whose name or folder begins with a dot or a line are left out.

        Args:
            only: the name of a file; all others are left out, too.

        Raises:
            NotFoundError: there is nothing.
        """
        if only is not None:
            yield FoundFile(only, self.child(only).size() or 0)
            return
        path = self.path
        try:
            every = self.system.get_file_info(pafs.FileSelector(path, recursive=True))
        except FileNotFoundError as error:
            raise _nothing(self.url) from error
        start = len(path.strip("/"))
        every = [one for one in every if one.type == pafs.FileType.File]
        found = [(one.path.strip("/")[start:].lstrip("/"), one.size) for one in every]
        for name, size in sorted(found):
            if not any(part.startswith((".", "_")) for part in name.split("/")):
                yield FoundFile(name, int(size))

    def names(self) -> list[str]:
        """Names of the files that lie in it itself; none where it does not exist."""
        selector = pafs.FileSelector(self.path, allow_not_found=True)
        return sorted(one.base_name for one in self.system.get_file_info(selector) if one.type == pafs.FileType.File)

    def read(self) -> bytes:
        """
        Raises:
            FileNotFoundError: there is no such file.
            OSError: the storage failed.
        """
        with self.system.open_input_file(self.path) as file:
            return bytes(file.read())

    def open(self) -> Any:
        """The file, for reading at any place."""
        return self.system.open_input_file(self.path)

    def write(self, content: bytes) -> None:
        """Put a file in its place, whole.

        Raises:
            OSError: the storage failed.
        """
        system, path = self.system, self.path
        if not isinstance(system, pafs.LocalFileSystem):
            with system.open_output_stream(path) as file:
                file.write(content)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{_HOST}-{os.getpid()}.part")
        part.write_bytes(content)
        os.replace(part, target)
        _remove_parts_of_the_dead(target)

    def remove(self) -> None:
        """Remove a file, if it is there."""
        try:
            self.system.delete_file(self.path)
        except FileNotFoundError:
            return

    def _key(self) -> tuple[str, str, str]:
        parts = urlsplit(self.url) if "://" in self.url else SplitResult("file", "", "", "", "")
        return parts.scheme, parts.netloc, parts.query


def patiently(work: Callable[[], Result]) -> Result:
    """Storage that is busy is asked again; what is missing or forbidden stays so.

    Raises:
        InputError: it could not be used.
    """
    for turn in range(_TRIES):
        try:
            return work()
        except OSError as error:
            lasting = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError | PermissionError)
            if lasting or turn == _TRIES - 1:
                raise InputError(
                    "The storage could not be used: {reason}.",
                    hint="Check that it can be reached, and resume.",
                    reason=str(error).splitlines()[0].rstrip("."),
                ) from error
            time.sleep(_WAIT * 2**turn)
    raise AssertionError("unreachable")


def _remove_parts_of_the_dead(target: Path) -> None:
    """Remove what processes of this machine have left that were killed while they wrote the same file."""
    for part in target.parent.glob(f".{escape(target.name)}.{escape(_HOST)}-*.part"):
        writer = part.name.removesuffix(".part").rpartition("-")[2]
        if writer.isdigit() and not psutil.pid_exists(int(writer)):
            part.unlink(missing_ok=True)


@cache
def _system(scheme: str, netloc: str, query: str) -> Any:
    if scheme not in _BY_ARROW:
        return _by_fsspec(scheme)
    if scheme == "file":
        return pafs.LocalFileSystem()
    try:
        return pafs.FileSystem.from_uri(urlunsplit((scheme, netloc, "/", query, "")))[0]
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError(
            "The storage {address} cannot be used: {reason}.",
            hint="Check the address, and what the environment says of how to log in.",
            field="storage",
            address=f"{scheme}://{netloc}",
            reason=str(error).splitlines()[0].rstrip("."),
        ) from error


def _by_fsspec(scheme: str) -> Any:
    try:
        import fsspec

        return pafs.PyFileSystem(pafs.FSSpecHandler(fsspec.filesystem(scheme)))
    except (ImportError, ValueError) as error:
        raise MissingExtraError(
            "Storage of the kind {scheme} cannot be used here: {reason}.",
            hint="Use a path or an address of S3, GCS, Azure or HDFS, or install fsspec and its package for {scheme}.",
            field="storage",
            scheme=scheme,
            reason=str(error).splitlines()[0].rstrip("."),
        ) from error


def _nothing(url: str) -> NotFoundError:
    return NotFoundError("There is nothing at {path}.", hint="Check the path.", field="file", path=url)
