"""How many files this process may have open, and what the log says when they are used up."""

from __future__ import annotations

import contextlib
import logging
import sys
import time

_WANTED = 65_536  # enough for every connection; far more makes some systems slow to start other programs
_WITHOUT_LIMIT = 8192  # what Windows gives a process
_QUIET_S = 60.0
_ACCEPT_FAILED = "socket.accept() out of system resource"  # asyncio's own words

if sys.platform != "win32":
    import resource


def raise_file_limit() -> None:
    """Raise the soft limit of open files as far as the hard limit allows."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):  # macOS allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_files() -> int:
    """How many files this process may have open."""
    if sys.platform == "win32":
        return _WITHOUT_LIMIT
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED if soft == resource.RLIM_INFINITY else soft


class AcceptFilter(logging.Filter):
    """Lets asyncio say once a minute, in one line, that no connection could be taken.

    It says so with a traceback for every attempt, thousands a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if _ACCEPT_FAILED not in record.getMessage():
            return True
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + _QUIET_S
        record.msg, record.args, record.exc_info = (
            "No more files can be opened (the limit is %d): new connections wait. Raise the limit with ulimit -n.",
            (open_files(),),
            None,
        )
        return True
