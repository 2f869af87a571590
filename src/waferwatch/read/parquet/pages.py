"""The sizes of a Parquet file's pages, from the pages themselves, before any of them is unpacked.

A page tells its own unpacked size, and Arrow asks for that much memory at once, whatever the footer says.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow.parquet as parquet

_HEADER_BYTES = (1 << 12, 1 << 20)  # looked at first, and where a header is longer (statistics hold whole texts)
_MOST_PAGES = 1_000_000
_DEEPEST = 16
_FALSE_OR_TRUE, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12


def largest_pages(raw: BinaryIO, metadata: parquet.FileMetaData) -> int:
    """Bytes of the largest unpacked page of each column together, in the row group where that is most.

    Raises:
        ValueError: the headers of the pages cannot be read, or there are more of them than any table needs.
    """
    most = pages = 0
    for group in range(metadata.num_row_groups):
        together = 0
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            found = [chunk.data_page_offset, chunk.dictionary_page_offset if chunk.has_dictionary_page else None]
            start = min(offset for offset in found if offset)
            largest, count = _walk(raw, start, start + chunk.total_compressed_size)
            together, pages = together + largest, pages + count
            if pages > _MOST_PAGES:
                raise ValueError("too many pages")
        most = max(most, together)
    return most


def _walk(raw: BinaryIO, start: int, end: int) -> tuple[int, int]:
    """The largest page between two places of the file, and the number of pages."""
    largest = pages = 0
    while start < end:
        length, unpacked, packed = _page(raw, start)
        if packed < 0 or unpacked < 0:
            raise ValueError("a page of less than nothing")
        largest, pages = max(largest, unpacked), pages + 1
        start += length + packed
    return largest, pages


def _page(raw: BinaryIO, start: int) -> tuple[int, int, int]:
    """Length of a page's header, and the sizes of the page without it, unpacked and packed."""
    for size in _HEADER_BYTES:
        raw.seek(start)
        header = raw.read(size)
        try:
            fields = _Compact(header)
            sizes = fields.integers()
            return fields.at, sizes[2], sizes[3]
        except (IndexError, KeyError) as error:
            failed: Exception = error
            if len(header) < size:
                break
    raise ValueError("no header of a page") from failed


class _Compact:
    """Thrift's compact protocol, as far as it takes to find whole numbers and to get past everything else.

    Raises:
        IndexError: the bytes end too early.
        ValueError: they are none of this protocol.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.at = 0

    def integers(self) -> dict[int, int]:
        """The fields of the struct that begins here which are whole numbers; ``at`` is behind it then."""
        found: dict[int, int] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            if head & 15 in _INTEGERS:
                found[field] = self._signed()
            else:
                self._skip(head & 15, 0)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if kind == _BYTE:
            self.at += 1
        elif kind in _INTEGERS:
            self._unsigned()
        elif kind == _DOUBLE:
            self.at += 8
        elif kind == _BINARY:
            length = self._unsigned()
            self.at += length
        elif kind in _LISTS:
            self._skip_list(depth)
        elif kind == _STRUCT:
            while head := self._byte():
                if not head >> 4:
                    self._unsigned()
                self._skip(head & 15, depth + 1)
        elif kind not in _FALSE_OR_TRUE:
            raise ValueError(f"an unknown type {kind}")

    def _skip_list(self, depth: int) -> None:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        for _ in range(count):
            if self.at > len(self._raw):
                raise IndexError
            self._skip(_BYTE if head & 15 in _FALSE_OR_TRUE else head & 15, depth + 1)

    def _byte(self) -> int:
        byte = self._raw[self.at]
        self.at += 1
        return byte

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("too long a number")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
