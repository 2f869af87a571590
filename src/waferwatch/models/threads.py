"""Independent work side by side in threads, with results in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


def in_threads(work: Callable[[Work], Result], pieces: Sequence[Work], threads: int) -> list[Result]:
    """Results of pieces in their order; what one raises is raised, and what has not begun is left out."""
    if threads < 2 or len(pieces) < 2:
        return [work(one) for one in pieces]
    with ThreadPoolExecutor(threads) as pool:
        try:
            return list(pool.map(work, pieces))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
