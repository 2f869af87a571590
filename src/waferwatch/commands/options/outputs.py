"""Files that a command writes, next to those that it reads."""

from __future__ import annotations

import argparse
import os

from waferwatch.errors import InputError

_READ = ("file", "reference", "limits")
_WRITTEN = ("output", "runs", "indicators", "problems", "save_limits")


def check_apart(options: argparse.Namespace) -> None:
    """Refuse to write over a file that is read, or one result over another.

    Raises:
        InputError: the first such file.
    """
    read = {os.path.realpath(path) for name in _READ if (path := getattr(options, name, None)) is not None}
    written: set[str] = set()
    for name in _WRITTEN:
        given = getattr(options, name, None)
        if given is None:
            continue
        path = os.path.realpath(given)
        if path in read:
            text = "{path} would be written over, and it is read as well."
        elif path in written:
            text = "{path} would be written twice."
        else:
            written.add(path)
            continue
        raise InputError(text, hint="Name another file to write.", field=name, path=given)
