"""A checkpoint added to those on this machine: whole or not at all. Needs the extra ``torch``.

Nothing appears under its final name before it is complete: it is made in a hidden folder next to it, which is removed
when the work fails or is stopped.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waferwatch.errors import InputError, ModelError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.checkpoint import EMBEDDED_FOLDER, Checkpoint

_UNFINISHED = ".importing"
_REPLACED = ".replaced"
_LOCK = ".import.lock"


def add_checkpoint(name: str, replace: bool, make: Callable[[Path], None]) -> Checkpoint:
    """Put a checkpoint among the imported ones.

    Args:
        name: what to call it.
        replace: whether an imported checkpoint of that name may be replaced.
        make: given the folder to write the checkpoint into, which bears its name; nothing else adds one meanwhile.

    Raises:
        InputError: when the name is taken or cannot be a name, or another checkpoint is being added.
        ModelError: when it cannot be written.
    """
    from filelock import FileLock, Timeout

    parent = checkpoints.imported_folder()
    with _disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(parent / _LOCK, timeout=0):
                check_free(name, replace)
                _remove_remains(parent)
                _make(parent / _UNFINISHED / name, make)
                _put_in_place(parent / _UNFINISHED / name, parent / name)
                return checkpoints.read(parent / name)
        except Timeout as error:
            raise InputError(
                "Another checkpoint is being added.", hint="Wait until that has ended, then start this one again."
            ) from error


def check_free(name: str, replace: bool) -> None:
    """Refuse a name that is taken or cannot be one.

    Raises:
        InputError: naming the remedy.
    """
    checkpoints.check_name(name)
    if (EMBEDDED_FOLDER / name).exists():
        raise InputError(
            "{name} is the name of a checkpoint that comes with waferwatch.",
            hint="Choose another name.",
            field="name",
            name=name,
        )
    if (checkpoints.imported_folder() / name).exists() and not replace:
        raise InputError(
            "There is already a checkpoint named {name}.",
            hint="Choose another name, or replace it with --replace.",
            field="name",
            name=name,
        )


def _make(unfinished: Path, make: Callable[[Path], None]) -> None:
    try:
        make(unfinished)
    except BaseException:  # also when the person stops it
        shutil.rmtree(unfinished.parent, ignore_errors=True)
        raise


def _put_in_place(made: Path, target: Path) -> None:
    """Two renames, so that whoever reads finds the old checkpoint or the new one, whole."""
    replaced = target.parent / _REPLACED
    if target.exists():
        target.rename(replaced)
    try:
        made.rename(target)
    except BaseException:
        if replaced.exists():
            replaced.rename(target)
        raise
    made.parent.rmdir()
    shutil.rmtree(replaced, ignore_errors=True)


def _remove_remains(parent: Path) -> None:
    """What was left behind by work that was killed; the lock makes sure that none is going on."""
    for remains in (parent / _UNFINISHED, parent / _REPLACED):
        shutil.rmtree(remains, ignore_errors=True)


@contextmanager
def _disk_errors(parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                "The disk that holds {folder} is full.",
                hint="Free some space, or set WAFERWATCH_DATA_DIR to a folder on a larger disk. A new checkpoint "
                "needs about three times the size of model.safetensors.",
                folder=parent,
            ) from error
        raise ModelError(
            "The checkpoint cannot be written below {folder}: {reason}.",
            hint="Make the folder writable for you, or set WAFERWATCH_DATA_DIR to one that is.",
            folder=parent,
            reason=error.strerror or str(error),
        ) from error
