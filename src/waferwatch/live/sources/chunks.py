"""Rows handed over in pieces, again and again until they are accepted."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice

from waferwatch.errors import StorageFullError, TooManyError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.writer import Accepted
from waferwatch.live.sources.source import Taker

ROWS = 2000
_FULL_S = 10.0


def hand_over(taker: Taker, source: str, rows: Iterable[LiveRow], ended: threading.Event) -> Accepted:
    """Hand rows over; where too many wait, or the disk is full, wait and try again until the source ends.

    Returns:
        What became of all of them; of fewer where the source ended before.

    Raises:
        WaferwatchError: rows are refused for good.
    """
    left, total = iter(rows), Accepted(0, 0, 0, 0)
    while piece := list(islice(left, ROWS)):
        accepted = _patiently(taker, source, piece, ended)
        if accepted is None:
            break
        total = Accepted(
            max(total.position, accepted.position),
            total.rows + accepted.rows,
            total.duplicates + accepted.duplicates,
            total.late + accepted.late,
        )
    return total


def _patiently(taker: Taker, source: str, rows: list[LiveRow], ended: threading.Event) -> Accepted | None:
    """None where the source ended first."""
    while not ended.is_set():
        try:
            return taker.accept(source, rows)
        except TooManyError as error:
            ended.wait(error.seconds)
        except StorageFullError:
            ended.wait(_FULL_S)
    return None
