"""When a message that could not be delivered is tried again."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60.0, 3600.0
# Waits before each try after the first, from the end of the one before: three days in all.
WAITS = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
LONGEST_PAUSE = 5 * _MINUTE  # of a whole channel whose receiver does not answer
_LONGEST_WISH = 24 * _HOUR
_JITTER = 0.1


def next_wait(tries: int) -> float | None:
    """Seconds until the next try, a little more or less each time; None when there is none.

    Args:
        tries: that have failed, at least 1.
    """
    if tries > len(WAITS):
        return None
    return WAITS[tries - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)


def pause_after(tries: int) -> float:
    """Seconds for which a channel rests whose receiver cannot take anything now."""
    return min(5.0 * 2.0 ** (tries - 1), LONGEST_PAUSE)


def wished_wait(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, at most a day; None without a readable one."""
    if not header:
        return None
    if header.strip().isdigit():
        return min(float(header), _LONGEST_WISH)
    try:
        return min(max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0), _LONGEST_WISH)
    except (TypeError, ValueError):
        return None
