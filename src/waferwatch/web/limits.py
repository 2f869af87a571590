"""How often one client may ask. Counted in memory: another start begins anew."""

from __future__ import annotations

import time
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection


class Limiter:
    """Counts what each client does in a sliding minute.

    Args:
        per_minute: most that one client may do; 0: any number.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, client: str) -> int:
        """Count one act. Returns 0 when it is allowed, else the seconds until one will be."""
        if self._item is None or self._limiter.hit(self._item, client):
            return 0
        return self._seconds(self._item, client)

    def wait(self, client: str) -> int:
        """Seconds until the client's next act is allowed, without counting one."""
        if self._item is None or self._limiter.test(self._item, client):
            return 0
        return self._seconds(self._item, client)

    def _seconds(self, item: RateLimitItemPerMinute, client: str) -> int:
        return max(1, ceil(self._limiter.get_window_stats(item, client).reset_time - time.time()))


def client_of(request: HTTPConnection) -> str:
    """The address that asks. Behind a proxy on this machine, the one that the proxy names (X-Forwarded-For)."""
    return "unknown" if request.client is None else request.client.host
