"""The process that runs a run: its name, and whether it lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START = 19  # position of the start time among the fields of /proc/PID/stat that follow the program's name


def this_worker() -> str:
    """This process as host, number and start: distinct from every other one, also from a later one of its number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_of(os.getpid())}"


def host_of(worker: str) -> str:
    return worker.rsplit(":", 2)[0]


def lives(worker: str) -> bool:
    """Whether a process of this host still runs."""
    _, number, start = worker.rsplit(":", 2)
    return number.isdigit() and _start_of(int(number)) == start


def _start_of(number: int) -> str | None:
    """When a process began; None when there is none.

    Linux counts it from the start of the machine. psutil adds the wall clock, so that a clock that is set would make
    every living process look like another one.
    """
    try:
        stat = Path(f"/proc/{number}/stat").read_text("utf-8", errors="replace")
        return f"{_BOOT.read_text('utf-8')[:8]}-{stat.rpartition(')')[2].split()[_START]}"
    except (OSError, IndexError):
        pass
    try:
        return f"{psutil.Process(number).create_time():.2f}"
    except psutil.Error:
        return None
