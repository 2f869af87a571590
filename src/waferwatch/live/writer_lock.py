"""One process at a time writes live data: a lock on a file says which, and is gone with the process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from waferwatch.errors import InputError

FILE = "live.lock"


class WriterLock:
    """Held from ``take`` until ``release`` or the end of the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """
        Raises:
            InputError: another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise InputError(
                "Another process takes in live rows for the data folder {folder}.",
                hint="Send rows to it with --to, end it, or set WAFERWATCH_LIVE=false for one of the two.",
                folder=self._path.parent.parent,
            ) from error
        self._file = file

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
