"""Pieces of work that leave the interpreter to one another most of the time, done side by side in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from waferwatch.models.contract import Progress

Result = TypeVar("Result")
Step = Callable[[], None]


def side_by_side(work: Sequence[Callable[[Step], Result]], threads: int, progress: Progress) -> list[Result]:
    """The results of all pieces, in their order.

    Args:
        work: each piece calls the step it is given often, and lets pass what that raises.
        threads: pieces that are worked on at once, at most.
        progress: told the share of the pieces that are done, by one thread at a time. What it raises ends all pieces
            at their next step, and is raised.
    """
    done = _Done(len(work), progress)
    with ThreadPoolExecutor(max(1, min(threads, len(work)))) as pool:
        return list(pool.map(partial(_finished, done), work))


def _finished(done: _Done, piece: Callable[[Step], Result]) -> Result:
    done.step()
    result = piece(done.step)
    done.add()
    return result


class _Done:
    """How many pieces are done, and whether the rest is to stop."""

    def __init__(self, pieces: int, progress: Progress) -> None:
        self._pieces, self._progress = pieces, progress
        self._done = 0
        self._stopped: BaseException | None = None
        self._lock = threading.Lock()

    def step(self) -> None:
        with self._lock:
            self._tell()

    def add(self) -> None:
        with self._lock:
            self._done += 1
            self._tell()

    def _tell(self) -> None:
        if self._stopped is not None:
            raise self._stopped
        try:
            self._progress(self._done / self._pieces)
        except BaseException as error:
            self._stopped = error
            raise
