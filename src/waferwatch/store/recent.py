"""A memory of the things used last, bounded by their size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class _Making(Generic[Key, Value]):
    """A value that somebody makes, and what happened to its key meanwhile."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0  # threads that make it or wait for it
    replaced: bool = False  # a newer value was put
    forgotten: list[Callable[[Key, Value], bool]] = field(default_factory=list)


class Recent(Generic[Key, Value]):
    """Keeps what was made last until ``limit_bytes`` are reached; the newest entry is always kept.

    Threads that want the same missing key at once wait for the first of them to make it.

    Args:
        limit_bytes: most bytes kept, by ``size_of``.
        size_of: bytes that a value takes.
    """

    def __init__(self, limit_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._limit = limit_bytes
        self._size_of = size_of
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Key, _Making[Key, Value]] = {}

    def find(self, key: Key) -> Value | None:
        with self._lock:
            return self._found(key)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value kept under ``key``, made by ``make`` if it is not there.

        An error of ``make`` keeps nothing. A value that was put or forgotten while ``make`` ran is newer than what
        ``make`` saw, so the made value is then not kept.
        """
        with self._lock:
            making = self._making.setdefault(key, _Making())
            making.users += 1
        try:
            with making.lock:
                found = self.find(key)
                return self._made(key, making, make) if found is None else found
        finally:
            with self._lock:
                making.users -= 1
                if not making.users:
                    del self._making[key]

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            if key in self._making:
                self._making[key].replaced = True
            self._keep(key, value)

    def forget(self, chosen: Callable[[Key, Value], bool]) -> None:
        """Drop every ``chosen`` entry, also those that are being made."""
        with self._lock:
            for making in self._making.values():
                making.forgotten.append(chosen)
            for key in [key for key, (value, _) in self._values.items() if chosen(key, value)]:
                del self._values[key]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def _made(self, key: Key, making: _Making[Key, Value], make: Callable[[], Value]) -> Value:
        with self._lock:
            making.replaced, making.forgotten = False, []
        made = make()
        with self._lock:
            if making.replaced:
                newer = self._found(key)
                return made if newer is None else newer
            if not any(chosen(key, made) for chosen in making.forgotten):
                self._keep(key, made)
        return made

    def _found(self, key: Key) -> Value | None:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def _keep(self, key: Key, value: Value) -> None:
        self._values[key] = (value, self._size_of(value))
        self._values.move_to_end(key)
        while len(self._values) > 1 and self.bytes > self._limit:
            self._values.popitem(last=False)
