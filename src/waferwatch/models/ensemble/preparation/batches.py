"""Work cut into pieces of bounded size: short series together, long ones in overlapping chunks.

A chunk of a long series has as many rows more at both ends as its scores rest on, and begins on the grid that windows
lie on, so that its scores are those of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waferwatch.series.series import Series

POINTS_AT_ONCE = 32_768  # more fall out of the caches, and memory is taken anew for each step
LONG = 196_608  # points of a series that is cut into chunks
GRID = 2048  # rows: a multiple of every distance between windows


@dataclass(frozen=True)
class Piece:
    """Some rows of one series, and which of them count."""

    number: int  # of the series
    rows: slice
    kept: slice  # within ``rows``


def batches(series: Sequence[Series], margin: int, most: int = POINTS_AT_ONCE) -> Iterator[list[Piece]]:
    """Pieces of series, in order, that together have about ``most`` points.

    Args:
        margin: rows at both ends of a chunk that its scores rest on.
        most: points of a batch; a batch has at least one piece.
    """
    batch: list[Piece] = []
    total = 0
    for number, one in enumerate(series):
        for piece in _chunks(number, one, margin):
            points = piece.rows.stop - piece.rows.start
            if batch and total + points > most:
                yield batch
                batch, total = [], 0
            batch.append(piece)
            total += points
    if batch:
        yield batch


def _chunks(number: int, series: Series, margin: int) -> Iterator[Piece]:
    points = len(series)
    if points <= LONG:
        yield Piece(number, slice(0, points), slice(0, points))
        return
    for start in range(0, points, LONG // 2):
        stop = min(points, start + LONG // 2)
        first = max(0, start - margin)
        if first:
            first -= (series.offset + first) % GRID
        last = min(points, stop + margin)
        yield Piece(number, slice(first, last), slice(start - first, stop - first))
