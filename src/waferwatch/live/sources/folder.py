"""A folder into which tools drop files: each is read once, when it is whole."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from waferwatch.errors import InputError, StorageFullError, TooManyError, WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.sources.chunks import hand_over
from waferwatch.live.sources.forms.table_rows import live_rows
from waferwatch.live.sources.source import SourceStatus, Taker
from waferwatch.read.files import read_table
from waferwatch.read.table import Note, Table

PROCESSED, FAILED, SKIPPED = "processed", "failed", "skipped"
SETTLE_S, POLL_S = 2.0, 0.5
_UNFINISHED = (".part", ".tmp", ".temp", ".crdownload", ".partial", ".filepart", ".swp")
_PATIENCE_S = 10.0
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class FolderFile:
    """What became of a file."""

    name: str  # below the folder
    state: str  # processed, failed or skipped
    rows: int
    reason: str
    at: float  # seconds since 1970


@dataclass(frozen=True)
class FolderOptions:
    """How a folder is watched."""

    folder: Path
    name: str = ""  # of the source; empty: the folder's
    pattern: str = "*"  # other files are skipped
    marker: str = ""  # such as ".done": a file is whole once a file of its name and this stands next to it
    settle_s: float = SETTLE_S  # without a marker it is whole once it has not changed for so long
    read: Callable[[Path], Table] = read_table


@dataclass(frozen=True)
class _Stamp:
    size: int
    modified: int  # nanoseconds since 1970


class FolderSource:
    """Watches a folder and those below it.

    What became of each file is kept in the database: after a restart none is read again, unless it has changed.

    Args:
        report: called with each file that was dealt with.
    """

    def __init__(
        self, options: FolderOptions, database: LiveDatabase, report: Callable[[FolderFile], None] = lambda _file: None
    ) -> None:
        self.name = options.name or options.folder.resolve().name
        self._options = options
        self._key = str(options.folder.resolve())
        self._database = database
        self._report = report
        self._seen: dict[str, tuple[_Stamp, float]] = {}  # stamp, and since when it has been so
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, taker: Taker) -> None:
        """
        Raises:
            InputError: there is no such folder.
        """
        if not self._options.folder.is_dir():
            raise InputError(
                "There is no folder {folder}.",
                hint="Name the folder into which the tool writes its files.",
                field="folder",
                folder=self._options.folder,
            )
        self._thread = threading.Thread(target=self._work, args=(taker,), name=f"folder-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a file that is half read is read again after the next start."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def files(self) -> list[FolderFile]:
        """What became of each file so far, by name."""
        with self._database.reading() as connection:
            query = "SELECT name, state, rows, reason, at FROM live_files WHERE folder = ? ORDER BY name"
            return [FolderFile(*row) for row in connection.execute(query, (self._key,))]

    def status(self) -> SourceStatus:
        """Connected while the folder is there."""
        counts = dict.fromkeys((PROCESSED, FAILED, SKIPPED), 0)
        with self._database.reading() as connection:
            query = "SELECT state, count(*) FROM live_files WHERE folder = ? GROUP BY state"
            counts |= {row[0]: row[1] for row in connection.execute(query, (self._key,))}
        there = self._options.folder.is_dir()
        reason = Note("The folder {folder} is not there.", {"folder": str(self._options.folder)})
        return SourceStatus(there, None if there else reason, files=counts)

    def scan(self, taker: Taker) -> int:
        """Deal with every file that is whole and was not dealt with; how many there were."""
        known = self._known()
        count = 0
        for path, stamp in self._candidates():
            name = path.relative_to(self._options.folder).as_posix()
            if self._ended.is_set():
                break
            if known.get(name) != stamp and self._is_whole(name, path, stamp):
                count += self._deal_with(taker, name, path, stamp)
        return count

    def _work(self, taker: Taker) -> None:
        while not self._ended.is_set():
            try:
                self.scan(taker)
            except Exception:  # a share that is not there for a while comes back
                _log.exception("the folder %s could not be looked through", self._options.folder)
            self._ended.wait(POLL_S)

    def _candidates(self) -> Iterator[tuple[Path, _Stamp]]:
        """Files, those that were written first before others."""
        found = []
        for path in self._options.folder.rglob("*"):
            hidden = any(part.startswith((".", "~")) for part in path.relative_to(self._options.folder).parts)
            marks = bool(self._options.marker) and path.name.endswith(self._options.marker)
            if hidden or marks or path.name.endswith("~") or path.suffix.lower() in _UNFINISHED:
                continue
            try:
                about = path.stat()
            except OSError:  # gone meanwhile
                continue
            if path.is_file():
                found.append((path, _Stamp(about.st_size, about.st_mtime_ns)))
        yield from sorted(found, key=lambda one: (one[1].modified, one[0].name))

    def _is_whole(self, name: str, path: Path, stamp: _Stamp) -> bool:
        if self._options.marker:
            return path.with_name(path.name + self._options.marker).exists()
        now = time.monotonic()
        before, since = self._seen.get(name, (None, now))
        if before != stamp:
            self._seen[name] = (stamp, now)
            # A file that lay there for long when it was first seen has been whole for long.
            return before is None and time.time() - stamp.modified / 1e9 > 5 * self._options.settle_s
        return now - since >= self._options.settle_s

    def _deal_with(self, taker: Taker, name: str, path: Path, stamp: _Stamp) -> bool:
        """Whether the file was dealt with."""
        self._seen.pop(name, None)
        if not stamp.size or not fnmatch(path.name, self._options.pattern):
            reason = "it is empty" if not stamp.size else f"its name is not like {self._options.pattern}"
            self._keep(name, stamp, SKIPPED, 0, reason)
            return True
        try:
            table = self._options.read(path)
            rows = live_rows(table, self.name, stamp.modified)
            accepted = hand_over(taker, self.name, rows, self._ended)
        except (TooManyError, StorageFullError):
            return False
        except WaferwatchError as error:
            self._keep(name, stamp, FAILED, 0, str(error))
            return True
        except OSError as error:
            self._keep(name, stamp, FAILED, 0, error.strerror or type(error).__name__)
            return True
        if self._ended.is_set():
            return False  # it may be half read
        self._keep(name, stamp, PROCESSED, accepted.rows, "")
        return True

    def _known(self) -> dict[str, _Stamp]:
        with self._database.reading() as connection:
            query = "SELECT name, size, modified FROM live_files WHERE folder = ?"
            return {row[0]: _Stamp(row[1], row[2]) for row in connection.execute(query, (self._key,))}

    def _keep(self, name: str, stamp: _Stamp, state: str, rows: int, reason: str) -> None:
        at = time.time()
        with self._database.writing() as connection:
            values = (self._key, name, stamp.size, stamp.modified, state, rows, reason, at)
            connection.execute("INSERT OR REPLACE INTO live_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        self._report(FolderFile(name, state, rows, reason, at))
