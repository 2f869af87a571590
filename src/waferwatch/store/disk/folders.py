"""Folders of files that appear whole or not at all, and vanish at once."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from waferwatch.store.disk.files import create_private, storage_errors, sync

_UNFINISHED = re.compile(r"\.(?:incoming|deleted)-[0-9a-f]+")
_LEFT_FILE = re.compile(r"\..+\.part")
_UNLISTED = ".unlisted"  # in a folder that no row of the database may name yet
_MOST_SETTLED = 500  # folders settled in one go
_ABANDONED_S = 3600.0
_log = logging.getLogger("waferwatch.store")


def make_private(folder: Path) -> None:
    """Make a folder that only the server's user can look into.

    Raises:
        StorageFullError: when it cannot be made.
    """
    with storage_errors():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        try:
            folder.chmod(0o700)
        except OSError:  # a volume that belongs to another user: its owner decides who reads it
            _log.warning("other users of this machine may read the data folder: its owner is not this server's user")


def open_unfinished(parent: Path) -> Path:
    """A fresh folder under a name that nobody looks at.

    Raises:
        StorageFullError: when it cannot be made.
    """
    folder = parent / f".incoming-{secrets.token_hex(8)}"
    with storage_errors():
        folder.mkdir(mode=0o700, parents=True)
    return folder


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to write into; it becomes ``target`` when the block ends, and is removed when it raises.

    Raises:
        StorageFullError: when the disk is full or cannot be written.
    """
    folder = open_unfinished(target.parent)
    try:
        yield folder
        publish(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def publish(folder: Path, target: Path) -> None:
    """Give an unfinished folder its name. It is on the disk when this returns, and ``settle`` looks after it until
    ``confirm``.

    Raises:
        StorageFullError: when the disk is full or cannot be written.
    """
    with storage_errors():
        create_private(folder / _UNLISTED)
        sync(folder)
        folder.rename(target)
        sync(target.parent)


def confirm(folder: Path) -> None:
    """A row of the database names this folder now: it is never taken for one that was left behind."""
    with contextlib.suppress(OSError):  # the next ``settle`` confirms it
        (folder / _UNLISTED).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder, so that no reader meets half of it. Nothing happens when it is gone.

    Raises:
        StorageFullError: when the disk cannot be written.
    """
    gone = folder.parent / f".deleted-{secrets.token_hex(8)}"
    with storage_errors():
        try:
            folder.rename(gone)
        except FileNotFoundError:
            return
    shutil.rmtree(gone, ignore_errors=True)


def clean(parent: Path) -> None:
    """Make the parent folder, and remove what interrupted writers and removals left in it an hour ago or earlier."""
    with storage_errors():
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in parent.iterdir():
        if _UNFINISHED.fullmatch(path.name) and _is_abandoned(path):
            _log.warning("removing what an interrupted upload or removal left: %s", path.name)
            shutil.rmtree(path, ignore_errors=True)


def settle(parent: Path, listed: Callable[[list[str]], Set[str]], pending: Callable[[list[str]], Set[str]]) -> None:
    """Find what a killed process left inside ``parent``: half-written files, and folders that no row names.

    A folder that was confirmed once is never removed here, whatever the database says: the server may have been
    started with another one.

    Args:
        listed: of these names, those that the database names.
        pending: of these names, those that it may name soon.
    """
    unlisted: list[Path] = []
    for folder in (path for path in parent.iterdir() if not path.name.startswith(".") and path.is_dir()):
        for path in folder.glob(".*"):
            if path.name == _UNLISTED:
                unlisted.append(folder)
            elif _LEFT_FILE.fullmatch(path.name) and _is_old(path):
                path.unlink(missing_ok=True)
    unlisted = unlisted[:_MOST_SETTLED]
    names = [folder.name for folder in unlisted]
    known, waiting = (listed(names), pending(names)) if names else (set(), set())
    for folder in unlisted:
        if folder.name in known:
            confirm(folder)
        elif folder.name not in waiting and _is_abandoned(folder):
            _log.warning("removing a folder that a killed server left: %s", folder.name)
            remove(folder)


def _is_abandoned(folder: Path) -> bool:
    """Another process may be writing to it: only one that nobody has touched for long is."""
    return all(_is_old(path) for path in (folder, *folder.glob("*")))


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_S
    except FileNotFoundError:  # removed by another process
        return False
