"""Scores of rows as they arrive, the same as those of the whole file.

A score is early while rows that it rests on are still to come, and settled once ``model.delay`` rows have followed. A
settled score never changes, and is the one that :meth:`Model.detect` gives the same rows.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.errors import ModelError
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.series.split import split

FORMAT = 1
GRID = 2048  # rows: what is kept of an equipment begins on the grid that windows lie on

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StreamScores:
    """What is known after some rows have come."""

    early: Floats  # (rows pushed,) scores of these rows by the rows so far, in their order; NaN = not judged
    settled: Floats  # scores that have become final, in the order in which their rows came
    settled_rows: NDArray[np.int64]  # number of each of these rows, counted from the first row ever pushed

    def __array__(self, dtype: Any = None, copy: Any = None) -> Floats:
        """The early scores."""
        return self.early if dtype is None else self.early.astype(dtype)

    def __len__(self) -> int:
        return len(self.early)


class Stream:
    """Rows of any number of equipment, pushed in time order for each.

    Args:
        state: what :meth:`state` of a stream of the same model gave; None begins anew.

    Raises:
        ModelError: the state is of another model, or damaged.
    """

    def __init__(self, model: Model, state: bytes | None = None) -> None:
        self._model = model
        self._kept: pd.DataFrame | None = None  # rows that later scores rest on, in the order they came
        self._number = np.empty(0, np.int64)  # of each kept row
        self._settled = np.empty(0, np.bool_)  # whether its score was given as settled
        self._count = 0  # rows pushed so far
        if state is not None:
            self._restore(state)

    def push(self, frame: pd.DataFrame) -> StreamScores:
        """Score some rows, and settle earlier ones.

        Raises:
            InputError, NotFoundError: as :meth:`Model.detect`. Nothing is kept of rows that are refused.
        """
        number = np.arange(self._count, self._count + len(frame), dtype=np.int64)
        kept = frame if self._kept is None else pd.concat([self._kept, frame], ignore_index=True)
        numbers = np.concatenate([self._number, number])
        settled_before = np.concatenate([self._settled, np.zeros(len(frame), np.bool_)])
        points, behind, needed = self._score(self._model.table(kept, "the stream"))
        self._count += len(frame)
        settled = ~settled_before & (behind >= self._model.delay)
        early = points[len(kept) - len(frame) :]
        answer = StreamScores(early, points[settled], numbers[settled])
        done = settled_before | settled
        keep = needed | ~done
        self._kept = kept[keep].reset_index(drop=True)
        self._number, self._settled = numbers[keep], done[keep]
        return answer

    def finish(self) -> StreamScores:
        """The scores of all rows that were still to settle, as at the end of a file."""
        if self._kept is None:
            return StreamScores(np.empty(0), np.empty(0), np.empty(0, np.int64))
        points, _, _ = self._score(self._model.table(self._kept, "the stream"))
        left = ~self._settled
        self._settled = np.ones(len(self._settled), np.bool_)
        return StreamScores(points[left], points[left], self._number[left])

    def state(self) -> bytes:
        """All that a stream holds, to go on elsewhere or later: never pickled."""
        buffer = io.BytesIO()
        kept = pd.DataFrame() if self._kept is None else self._kept
        frame = kept.assign(**{"__number__": self._number, "__settled__": self._settled})
        frame.attrs = {}
        import pyarrow as pa
        import pyarrow.parquet as pq

        about = {"format": str(FORMAT), "digest": self._model.digest, "count": str(self._count)}
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **about}), buffer)
        return buffer.getvalue()

    def _score(self, table: Table) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
        """Scores of kept rows, how many rows of their series follow each, and which are needed further."""
        parts = split(table, layout=self._model.layout)
        series = [one.with_sensors(parts.features, self._model.features) for one in parts.series]
        with threadpool_limits(limits=1, user_api="blas"):
            scores = self._model.fitted.score(series, self._model.detector)
        points = np.full(len(table.frame), np.nan)
        behind = np.zeros(len(table.frame), np.int64)
        needed = np.zeros(len(table.frame), np.bool_)
        after: dict[tuple[str, ...], int] = {}
        for one, scored in zip(reversed(series), reversed(scores), strict=True):
            later = after.get(one.scope, 0)
            points[one.rows] = scored.points
            place = np.arange(len(one))
            behind[one.rows] = len(one) - 1 - place + later
            # A row stays as long as one that is not settled may rest on it; what stays begins on the grid.
            reach = self._model.context + self._model.delay
            first = len(one) + later - reach
            first -= (one.offset + first) % GRID if not one.run else first
            needed[one.rows] = place >= first if not one.run else later + len(one) - 0 * place <= reach + len(one)
            after[one.scope] = later + len(one)
        return points, behind, needed

    def _restore(self, state: bytes) -> None:
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(state))
            about: Mapping[bytes, bytes] = table.schema.metadata or {}
            digest, count = about[b"digest"].decode(), int(about[b"count"])
            frame = table.to_pandas()
            self._number = frame.pop("__number__").to_numpy(np.int64)
            self._settled = frame.pop("__settled__").to_numpy(np.bool_)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                "The state of the stream is damaged: {reason}.",
                hint="Begin the stream anew.",
                reason=type(error).__name__,
            ) from error
        if digest != self._model.digest:
            raise ModelError(
                "The state of the stream belongs to another model.",
                hint="Use the model that it was made with, or begin the stream anew.",
            )
        self._kept, self._count = frame if len(frame) else None, count
