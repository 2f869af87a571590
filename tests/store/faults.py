"""Faults of a disk, made on purpose."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def full_disk(most_bytes: int = 0) -> Iterator[None]:
    """No file can grow beyond ``most_bytes``: the kernel refuses it, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def refuse_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes everything into memory, and says only when it is to be written that it is full."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("waferwatch.store.disk.files.os.fsync", full)


def record_syncs(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The inodes of all files and folders that are synced from now on."""
    synced: set[int] = set()
    real = os.fsync

    def record(file: int) -> None:
        synced.add(os.fstat(file).st_ino)
        real(file)

    monkeypatch.setattr("waferwatch.store.disk.files.os.fsync", record)
    return synced


def change_one_byte(path: Path, chance: random.Random) -> int:
    """Give one byte another value, and return where."""
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content))
    content[at] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    return at
