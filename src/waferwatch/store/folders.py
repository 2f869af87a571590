"""Folders of files that appear whole or not at all, and vanish at once."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

_UNFINISHED = re.compile(r"\.(?:incoming|deleted)-[0-9a-f]+")
_ABANDONED_S = 3600.0
_log = logging.getLogger("waferwatch.store")


def open_unfinished(parent: Path) -> Path:
    """A fresh folder under a name that nobody looks at."""
    folder = parent / f".incoming-{secrets.token_hex(8)}"
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to write into; it becomes ``target`` when the block ends, and is removed when it raises."""
    folder = open_unfinished(target.parent)
    try:
        yield folder
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def remove(folder: Path) -> None:
    """Remove a folder, so that no reader meets half of it. Nothing happens when it is gone."""
    gone = folder.parent / f".deleted-{secrets.token_hex(8)}"
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def clean(parent: Path) -> None:
    """Make the parent folder, and remove what interrupted writers and removals left in it."""
    parent.mkdir(parents=True, exist_ok=True)
    for path in parent.iterdir():
        if _UNFINISHED.fullmatch(path.name) and _is_abandoned(path):
            _log.warning("removing what an interrupted upload or removal left: %s", path.name)
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Another process may be writing to it: only one that nobody has touched for long is."""
    touched = [path.stat().st_mtime for path in (folder, *folder.glob("*"))]
    return time.time() - max(touched) > _ABANDONED_S
