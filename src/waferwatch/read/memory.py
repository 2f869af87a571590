"""What the columns of a table take in memory, measured while they are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc

from waferwatch.read.limits import Limits

_NUMBER = 8  # bytes of a number, truth value or time
_TEXT = 8  # of a text cell on top of its text
_DISTINCT = 72  # of each different text as a Python string, on top of its text
_OBJECT = 120  # of a Python object, such as a decimal number or a date


_idle: list[pa.MemoryPool] = []  # never dropped: a pool must outlive all that was ever allocated from it
_lock = threading.Lock()


@contextmanager
def measured_pool() -> Iterator[pa.MemoryPool]:
    """A memory pool of one's own, whose ``bytes_allocated`` begins at 0. What came from it may be kept afterwards."""
    with _lock:
        empty = [at for at, pool in enumerate(_idle) if not pool.bytes_allocated()]
        pool = _idle.pop(empty[0]) if empty else pa.proxy_memory_pool(pa.default_memory_pool())
    try:
        yield pool
    finally:
        with _lock:
            _idle.append(pool)


class Meter:
    """Adds up what the batches of one table take, and refuses too much of it.

    Args:
        name: of the table, for messages.
        limits: most memory, and the longest text cell.
        first_row: number of the first data row, for messages.
    """

    def __init__(self, name: str, limits: Limits, first_row: int) -> None:
        self._name = name
        self._limits = limits
        self._row = first_row
        self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """
        Raises:
            TooLargeError: for a table that takes too much, or a text cell that is too long.
        """
        for column, cells in zip(batch.schema.names, batch.columns, strict=True):
            self._bytes += self._measure(column, cells)
            self._limits.check_memory(self._name, self._bytes)
        self._row += batch.num_rows

    def _measure(self, column: str, cells: pa.Array) -> int:
        kind = cells.type
        if pa.types.is_dictionary(kind):
            if not is_text(kind.value_type):
                return len(cells) * _OBJECT + int(cells.nbytes)
            return self._measure_texts(column, cells)
        if is_text(kind):
            return self._measure_texts(column, cells.dictionary_encode())
        if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_timestamp(kind):
            return len(cells) * _NUMBER
        if pa.types.is_boolean(kind) or pa.types.is_duration(kind):
            return len(cells) * _NUMBER
        return len(cells) * _OBJECT + int(cells.nbytes)

    def _measure_texts(self, column: str, cells: pa.DictionaryArray) -> int:
        """Texts as they are when each cell is written out, and once more each different one as a Python string."""
        lengths = pc.binary_length(cells.dictionary)
        used = lengths.take(pc.drop_null(pc.unique(cells.indices)))  # a batch has the dictionary of all its file
        each = lengths.take(cells.indices)
        if (pc.max(used).as_py() or 0) > self._limits.cell:
            at = pc.index(pc.greater(each, self._limits.cell), True).as_py()
            self._limits.check_cell(self._name, column, self._row + at, each[at].as_py())
        text, different = pc.sum(each).as_py() or 0, pc.sum(used).as_py() or 0
        return int(len(cells) * _TEXT + text + len(used) * _DISTINCT + different)


def is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
