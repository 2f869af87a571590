"""A memory of the things used last, bounded by their size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps what was made last until ``limit_bytes`` are reached; the newest entry is always kept.

    Threads that ask for the same missing key at once wait for the first of them to make it.

    Args:
        limit_bytes: most bytes kept, as told by ``size_of``.
        size_of: bytes that a value takes.
    """

    def __init__(self, limit_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._limit = limit_bytes
        self._size_of = size_of
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._makers: dict[Key, threading.Lock] = {}

    def find(self, key: Key) -> Value | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value kept under ``key``, made by ``make`` if it is not there. An error of ``make`` keeps nothing."""
        with self._lock:
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            found = self.find(key)
            if found is None:
                found = make()
                self.put(key, found)
        with self._lock:
            self._makers.pop(key, None)
        return found

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._values[key] = (value, self._size_of(value))
            self._values.move_to_end(key)
            while len(self._values) > 1 and self.bytes > self._limit:
                self._values.popitem(last=False)

    def forget(self, chosen: Callable[[Key, Value], bool]) -> None:
        """Drop every ``chosen`` entry."""
        with self._lock:
            for key in [key for key, (value, _) in self._values.items() if chosen(key, value)]:
                del self._values[key]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self._values.values())

    def __len__(self) -> int:
        return len(self._values)
