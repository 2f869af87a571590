"""Rows handed over in pieces, again and again until they are accepted."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from waferwatch.errors import StorageFullError, TooManyError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.writer import Accepted
from waferwatch.live.sources.source import Taker

ROWS = 2000
_FULL_S = 1.0  # between two tries while the disk is full
_log = logging.getLogger("waferwatch.live")


def patiently(
    taker: Taker,
    source: str,
    rows: Sequence[LiveRow],
    ended: threading.Event,
    marks: Mapping[str, int] | None = None,
    longest_s: float = math.inf,
) -> Accepted | None:
    """Hand rows over at once; where too many wait, or the disk is full, try again.

    Args:
        marks: as for ``Taker.accept``.
        longest_s: for which it is tried.

    Returns:
        None where the source or the time ended first.

    Raises:
        WaferwatchError: the rows are refused for good.
    """
    until = time.monotonic() + longest_s
    while not ended.is_set() and time.monotonic() < until:
        try:
            return taker.accept(source, rows, marks)
        except TooManyError as error:
            pause: float = error.seconds
        except StorageFullError:
            pause = _FULL_S
        ended.wait(min(pause, max(0.0, until - time.monotonic())))
    return None


def hand_over_usable(taker: Taker, source: str, rows: Sequence[LiveRow], ended: threading.Event) -> int | None:
    """Hand rows over; where those of one equipment are refused for good, those of all others nevertheless.

    Returns:
        How many were refused; None where the source ended first.
    """
    by_equipment: dict[str, list[LiveRow]] = {}
    for row in rows:
        by_equipment.setdefault(row.equipment, []).append(row)
    return _refused(taker, source, list(by_equipment.values()), ended)


def _refused(taker: Taker, source: str, groups: list[list[LiveRow]], ended: threading.Event) -> int | None:
    """By halves, so that a few at fault among many cost few commits."""
    rows = [row for group in groups for row in group]
    try:
        return None if rows and patiently(taker, source, rows, ended) is None else 0
    except Exception as error:  # also a fault of ours: a broker would send the rows again and again
        if len(groups) == 1:
            _log.warning("%d rows of %s in %s are refused: %s", len(rows), rows[0].equipment, source, error)
            return len(rows)
    half = len(groups) // 2
    first = _refused(taker, source, groups[:half], ended)
    second = None if first is None else _refused(taker, source, groups[half:], ended)
    return None if first is None or second is None else first + second


def hand_over(taker: Taker, source: str, rows: Iterable[LiveRow], ended: threading.Event) -> Accepted:
    """Hand rows over; where too many wait, or the disk is full, wait and try again until the source ends.

    Returns:
        What became of all of them; of fewer where the source ended before.

    Raises:
        WaferwatchError: rows are refused for good.
    """
    left, total = iter(rows), Accepted(0, 0, 0, 0)
    while piece := list(islice(left, ROWS)):
        accepted = patiently(taker, source, piece, ended)
        if accepted is None:
            break
        total = Accepted(
            max(total.position, accepted.position),
            total.rows + accepted.rows,
            total.duplicates + accepted.duplicates,
            total.late + accepted.late,
        )
    return total
